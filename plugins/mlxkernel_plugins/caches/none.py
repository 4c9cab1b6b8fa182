"""The strategy that keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlxkernel.api import CacheHit, CacheKey, CacheStats


class NoCache:
    """Every lookup misses; every prompt is computed in full."""

    def __init__(self) -> None:
        self._lookups = 0

    def lookup(self, key: CacheKey, tokens: Sequence[int]) -> CacheHit | None:
        """None, always."""
        self._lookups += 1
        return None

    def store(self, key: CacheKey, tokens: Sequence[int], state: Any, boundary: bool) -> None:
        """Drops the state."""

    def trim(self, limit: int) -> None:
        """Nothing to drop."""

    def stats(self) -> CacheStats:
        """The lookups so far."""
        return CacheStats(lookups=self._lookups)

    def persist(self) -> None:
        """Nothing to write."""

    def restore(self) -> None:
        """Nothing to read."""

    def check_integrity(self) -> bool:
        """True: there is nothing to disagree about."""
        return True
