"""Caching: what a strategy that keeps prompt prefixes is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct


class CacheHit(Struct, frozen=True):
    """A stored state for the first `length` tokens of a prompt. The engine may change `state`."""

    length: int
    state: Any


class CacheStats(Struct, frozen=True, omit_defaults=True):
    """Entries and bytes now; lookups, hits and evictions since the start."""

    entries: int = 0
    bytes: int = 0
    lookups: int = 0
    hits: int = 0
    evictions: int = 0


class CacheKey(Struct, frozen=True):
    """What must be equal for a state to be shared: nothing leaks between models, tenants or pictures."""

    model: str
    tenant: str = ""
    adapter: str = ""
    media: tuple[str, ...] = ()


class CacheStrategy(Protocol):
    """Keeps the model's states for prefixes of prompts. All calls come from the engine thread.

    `state` is opaque: mlx_lm's list of caches in the built-in engines. A strategy never changes a
    state that it gave out, nor one that it was given after `store` returned.
    """

    def lookup(self, key: CacheKey, tokens: Sequence[int]) -> CacheHit | None:
        """The longest stored prefix of `tokens`, as a state that the caller may change."""

    def store(self, key: CacheKey, tokens: Sequence[int], state: Any, boundary: bool) -> None:
        """Keep `state`, which holds exactly `tokens`; `boundary` marks the end of a message."""

    def trim(self, limit: int) -> None:
        """Drop the least recently used states until at most `limit` bytes remain."""

    def stats(self) -> CacheStats:
        """A reading."""

    def persist(self) -> None:
        """Write what should outlive the process, if this strategy can."""

    def restore(self) -> None:
        """Read what an earlier process wrote, if this strategy can."""

    def check_integrity(self) -> bool:
        """Whether the counted bytes and the index agree with what is stored."""


class CacheFactory(Struct, frozen=True, kw_only=True):
    """A cache strategy by name. `create` gets the budget in bytes and runs in the worker."""

    name: str
    create: Callable[[int], CacheStrategy]
