"""Features: what a vision tower made of pictures, kept by their content up to a budget in bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple, TypeAlias

import mlx.core as mx


class Features(NamedTuple):
    """The embeddings [N, D] of a picture's tokens, and what the first layers add to their states."""

    rows: mx.array
    deep: tuple[mx.array, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of all of it."""
        return self.rows.nbytes + sum(layer.nbytes for layer in self.deep)


Key: TypeAlias = tuple[str, str]
"""Who sent the picture, and the digest of its pixels: nothing is shared between tenants."""


class FeatureCache:
    """Features in memory, up to `budget` bytes, the least recently used going first.

    Used by the engine thread only. Features larger than the budget are not kept.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._entries: OrderedDict[Key, Features] = OrderedDict()
        self.nbytes = 0
        self.encoded = 0
        """How many times a picture had to be encoded, since the start."""

    def clear(self) -> None:
        """Let go of everything, and count anew."""
        self._entries.clear()
        self.nbytes = self.encoded = 0

    def get(self, key: Key) -> Features | None:
        """The features of this picture, if they are kept; they become the most recently used."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: Key, features: Features) -> None:
        """Keep computed features."""
        self.encoded += 1
        if features.nbytes > self._budget or key in self._entries:
            return
        self._entries[key] = features
        self.nbytes += features.nbytes
        while self.nbytes > self._budget:
            _, oldest = self._entries.popitem(last=False)
            self.nbytes -= oldest.nbytes
