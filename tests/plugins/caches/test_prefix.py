"""`prefix`: what is found, what it costs, who is dropped, and that nothing is shared by mistake."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlxkernel.api import CacheHit, CacheKey
from mlxkernel_plugins.caches import NoCache, PrefixCache, mlxkernel_register_caches

KEY = CacheKey(model="m", tenant="ada")


class Layer:
    """A layer's cache of one byte per token, as a strategy sees it."""

    def __init__(self, tokens: list[int], trimmable: bool = True) -> None:
        self.tokens = tokens
        self._trimmable = trimmable

    @property
    def nbytes(self) -> int:
        return len(self.tokens)

    def is_trimmable(self) -> bool:
        return self._trimmable

    def trim(self, count: int) -> int:
        assert self._trimmable
        del self.tokens[len(self.tokens) - count :]
        return count


def state(tokens: list[int], trimmable: bool = True) -> list[Any]:
    return [Layer(list(tokens), trimmable)]


def held(hit: CacheHit | None) -> list[int]:
    assert hit is not None
    tokens: list[int] = hit.state[0].tokens
    assert len(tokens) == hit.length
    return tokens


def test_a_trimmable_state_serves_every_shared_prefix() -> None:
    cache = PrefixCache(100)
    cache.store(KEY, [1, 2, 3, 4, 5], state([1, 2, 3, 4, 5]), True)
    assert held(cache.lookup(KEY, [1, 2, 3, 9, 9, 9])) == [1, 2, 3]
    assert held(cache.lookup(KEY, [1, 2, 3, 4, 5, 6])) == [1, 2, 3, 4, 5]
    assert cache.lookup(KEY, [9, 2, 3]) is None


def test_an_exact_hit_leaves_one_token_to_process() -> None:
    cache = PrefixCache(100)
    cache.store(KEY, [1, 2, 3], state([1, 2, 3]), True)
    assert held(cache.lookup(KEY, [1, 2, 3])) == [1, 2]
    assert cache.lookup(KEY, [1]) is None


def test_a_state_that_cannot_be_trimmed_serves_only_what_begins_with_all_of_it() -> None:
    cache = PrefixCache(100)
    cache.store(KEY, [1, 2, 3], state([1, 2, 3], trimmable=False), True)
    assert held(cache.lookup(KEY, [1, 2, 3, 4])) == [1, 2, 3]
    assert cache.lookup(KEY, [1, 2, 3]) is None
    assert cache.lookup(KEY, [1, 2, 9, 9]) is None


def test_the_longest_prefix_wins() -> None:
    cache = PrefixCache(100)
    for length in (2, 4, 3):
        cache.store(KEY, list(range(length)), state(list(range(length)), trimmable=False), True)
    assert held(cache.lookup(KEY, [0, 1, 2, 3, 4])) == [0, 1, 2, 3]


def test_keys_share_nothing() -> None:
    cache = PrefixCache(100)
    cache.store(KEY, [1, 2, 3], state([1, 2, 3]), True)
    for other in (
        CacheKey(model="n", tenant="ada"),
        CacheKey(model="m", tenant="bob"),
        CacheKey(model="m", tenant="ada", adapter="x"),
        CacheKey(model="m", tenant="ada", media=("hash",)),
    ):
        assert cache.lookup(other, [1, 2, 3, 4]) is None


def test_what_was_given_out_and_what_was_given_in_may_be_changed() -> None:
    cache = PrefixCache(100)
    given_in = state([1, 2, 3])
    cache.store(KEY, [1, 2, 3], given_in, True)
    given_in[0].tokens.append(99)
    out = cache.lookup(KEY, [1, 2, 3, 4])
    assert out is not None
    out.state[0].tokens.append(98)
    assert held(cache.lookup(KEY, [1, 2, 3, 4])) == [1, 2, 3]
    assert cache.check_integrity()


def test_a_hit_makes_an_entry_the_most_recently_used() -> None:
    cache = PrefixCache(9)
    for first in (10, 20, 30):
        cache.store(KEY, [first] * 3, state([first] * 3), True)
    assert cache.lookup(KEY, [10, 10, 10, 1]) is not None
    cache.store(KEY, [40] * 3, state([40] * 3), True)
    assert cache.lookup(KEY, [20, 20, 20, 1]) is None
    assert cache.lookup(KEY, [10, 10, 10, 1]) is not None
    stats = cache.stats()
    assert (stats.entries, stats.bytes, stats.evictions, stats.lookups, stats.hits) == (3, 9, 1, 3, 2)


def test_a_longer_state_takes_the_place_of_those_it_covers() -> None:
    cache = PrefixCache(100)
    cache.store(KEY, [1, 2], state([1, 2]), True)
    cache.store(KEY, [1, 2, 3], state([1, 2, 3]), True)
    cache.store(KEY, [1], state([1]), True)
    assert cache.stats().entries == 1
    assert cache.stats().bytes == 3


def test_a_state_larger_than_the_budget_is_not_kept_and_drives_nobody_out() -> None:
    cache = PrefixCache(4)
    cache.store(KEY, [1, 2], state([1, 2]), True)
    cache.store(KEY, [3] * 5, state([3] * 5), True)
    assert cache.stats().bytes == 2
    assert cache.stats().evictions == 0


def test_trim_drops_down_to_the_limit() -> None:
    cache = PrefixCache(100)
    for first in range(5):
        cache.store(KEY, [first] * 4, state([first] * 4), True)
    cache.trim(9)
    assert cache.stats().bytes == 8
    assert cache.lookup(KEY, [4] * 5) is not None
    cache.trim(0)
    assert cache.stats().entries == 0


prefixes = st.lists(st.integers(0, 2), min_size=1, max_size=8)


@given(st.lists(st.tuples(prefixes, st.booleans(), st.booleans()), max_size=30))
def test_whatever_happens_hits_are_true_and_the_books_agree(
    moves: list[tuple[list[int], bool, bool]],
) -> None:
    cache = PrefixCache(20)
    for tokens, trimmable, stores in moves:
        if stores:
            cache.store(KEY, tokens, state(tokens, trimmable), True)
        else:
            hit = cache.lookup(KEY, tokens)
            if hit is not None:
                assert 0 < hit.length < len(tokens)
                assert held(hit) == tokens[: hit.length]
        assert cache.check_integrity()


def test_none_keeps_nothing() -> None:
    cache = NoCache()
    cache.store(KEY, [1, 2, 3], state([1, 2, 3]), True)
    cache.trim(0)
    assert cache.lookup(KEY, [1, 2, 3, 4]) is None
    assert cache.stats().lookups == 1
    assert cache.check_integrity()


def test_the_plugin_registers_both() -> None:
    factories = {factory.name: factory for factory in mlxkernel_register_caches()}
    assert sorted(factories) == ["none", "prefix"]
    assert isinstance(factories["none"].create(10), NoCache)
    assert isinstance(factories["prefix"].create(10), PrefixCache)
