"""Cache strategies for prompt prefixes: ``none`` and ``prefix``.

What lives here: keeping and finding states. What does not: making them, which is the engine's work;
a state is opaque but for the few methods that every cache of mlx_lm has (see `prefix`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel import hookimpl
from mlxkernel.api import CacheFactory
from mlxkernel_plugins.caches.none import NoCache
from mlxkernel_plugins.caches.prefix import PrefixCache

__all__ = ["NoCache", "PrefixCache", "mlxkernel_register_caches"]


@hookimpl
def mlxkernel_register_caches() -> Sequence[CacheFactory]:
    """``none`` keeps nothing; ``prefix`` keeps states in memory up to a budget."""
    return [
        CacheFactory(name="none", create=lambda budget: NoCache()),
        CacheFactory(name="prefix", create=PrefixCache),
    ]
