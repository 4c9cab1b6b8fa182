"""Prompt prefixes in memory: a byte budget, and true least-recently-used order.

A state is a list of layer caches as mlx_lm makes them. Of each only this is used: ``nbytes``,
``is_trimmable()``, ``trim(n)``, and that ``copy.deepcopy`` gives an independent one (for MLX arrays
a copy shares the buffer until one side writes, so it is cheap).
"""

from __future__ import annotations

import copy
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

from mlxkernel.api import CacheHit, CacheKey, CacheStats

_WIDTH = 4
"""Bytes per token id in a packed prefix."""


class _Entry(NamedTuple):
    length: int
    state: Any
    nbytes: int
    trimmable: bool


class PrefixCache:
    """States in memory, up to `budget` bytes.

    A state that can be trimmed serves every prompt that shares a prefix with it; one that cannot
    (a sliding window that has wrapped, a recurrent state) serves prompts that begin with exactly its
    tokens. At least one token of a prompt is always left to process.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[tuple[CacheKey, bytes], _Entry] = OrderedDict()
        self._bytes = 0
        self._lookups = self._hits = self._evictions = 0

    def lookup(self, key: CacheKey, tokens: Sequence[int]) -> CacheHit | None:
        """The longest usable prefix; its entry becomes the most recently used."""
        self._lookups += 1
        wanted = _pack(tokens)
        usable = len(tokens) - 1
        best_length, best = 0, None
        for name, entry in self._entries.items():
            if name[0] != key:
                continue
            shared = _shared(name[1], wanted)
            length = min(shared, usable) if entry.trimmable else entry.length
            if best_length < length <= min(shared, usable):
                best_length, best = length, name
        if best is None:
            return None
        self._hits += 1
        self._entries.move_to_end(best)
        entry = self._entries[best]
        state = copy.deepcopy(entry.state)
        if best_length < entry.length:
            for layer in state:
                layer.trim(entry.length - best_length)
        return CacheHit(best_length, state)

    def store(self, key: CacheKey, tokens: Sequence[int], state: Any, boundary: bool) -> None:
        """Keep the state, in place of the trimmable ones that it covers. Larger than the budget: not kept."""
        size = sum(layer.nbytes for layer in state)
        trimmable = all(layer.is_trimmable() for layer in state)
        packed = _pack(tokens)
        if not tokens or size > self._budget:
            return
        for name, entry in list(self._entries.items()):
            if name[0] != key:
                continue
            if name[1] == packed or (trimmable and entry.trimmable and packed.startswith(name[1])):
                self._drop(name)
            elif trimmable and entry.trimmable and name[1].startswith(packed):
                self._entries.move_to_end(name)
                return
        self._entries[key, packed] = _Entry(len(tokens), copy.deepcopy(state), size, trimmable)
        self._bytes += size
        self.trim(self._budget)

    def trim(self, limit: int) -> None:
        """Drop the least recently used states until at most `limit` bytes remain."""
        while self._bytes > limit and self._entries:
            self._drop(next(iter(self._entries)))
            self._evictions += 1

    def stats(self) -> CacheStats:
        """A reading."""
        return CacheStats(
            entries=len(self._entries),
            bytes=self._bytes,
            lookups=self._lookups,
            hits=self._hits,
            evictions=self._evictions,
        )

    def persist(self) -> None:
        """Nothing: these states live as long as the process."""

    def restore(self) -> None:
        """Nothing: these states live as long as the process."""

    def check_integrity(self) -> bool:
        """Whether the counted bytes are those stored, and each entry lies under its own tokens."""
        sizes = [sum(layer.nbytes for layer in entry.state) for entry in self._entries.values()]
        return (
            self._bytes == sum(sizes) <= max(self._budget, 0)
            and all(entry.nbytes == size for entry, size in zip(self._entries.values(), sizes, strict=True))
            and all(len(name[1]) == entry.length * _WIDTH for name, entry in self._entries.items())
        )

    def _drop(self, name: tuple[CacheKey, bytes]) -> None:
        self._bytes -= self._entries.pop(name).nbytes


def _pack(tokens: Sequence[int]) -> bytes:
    return array("I", tokens).tobytes()


def _shared(one: bytes, other: bytes) -> int:
    """How many leading tokens two packed prefixes share. Halving keeps the comparing in C."""
    low, high = 0, min(len(one), len(other)) // _WIDTH
    if one[: high * _WIDTH] == other[: high * _WIDTH]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low * _WIDTH : middle * _WIDTH] == other[low * _WIDTH : middle * _WIDTH]:
            low = middle
        else:
            high = middle
    return low
