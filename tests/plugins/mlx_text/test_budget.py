"""A budget of thinking, token by token, without a model."""

from __future__ import annotations

import numpy as np
import pytest

from mlxkernel_plugins.mlx_text.constraints import ThinkingBudget

WORDS = ["<think>", "</think>", "a", " ", "<", "think", ">", "\n"]
CLOSING = (7, 1)


def budget(limit: int, inside: bool = False, repeats: bool = False) -> ThinkingBudget:
    return ThinkingBudget(
        limit, inside, ("<think>",), ("</think>",), CLOSING, lambda token: WORDS[token].encode(), repeats
    )


def write(guide: ThinkingBudget, *words: str) -> list[bool]:
    """Whether the thinking had to end after each word."""
    out = []
    for word in words:
        guide.advance(WORDS.index(word))
        out.append(guide.active)
    return out


def test_it_ends_thinking_at_the_limit_with_the_closing_marker() -> None:
    guide = budget(2, inside=True)
    assert write(guide, "a", "a") == [False, True]
    for token, goes_on in ((7, True), (1, False)):
        mask = np.full(1, 0xFFFFFFFF, dtype=np.uint32)
        guide.fill(mask)
        assert mask[0] == 1 << token
        guide.advance(token)
        assert guide.active is goes_on
    assert write(guide, *["a"] * 5) == [False] * 5


@pytest.mark.parametrize("marker", [("<think>",), ("<", "think", ">"), ("\n", " ", "<", "think", ">")])
def test_it_counts_from_the_marker_that_the_answer_begins_with(marker: tuple[str, ...]) -> None:
    guide = budget(2)
    assert not any(write(guide, *marker))
    assert write(guide, "a", "a") == [False, True]


def test_thinking_that_ends_by_itself_is_left_alone() -> None:
    assert not any(write(budget(3, inside=True), "a", "</think>", *"aaaaaa"))


def test_a_marker_in_the_answer_begins_no_thinking() -> None:
    assert not any(write(budget(1), "a", "<think>", *"aaaa"))
    assert not any(write(budget(3, inside=True), "a", "</think>", "a", "<think>", *"aaaa"))


def test_where_thinking_repeats_all_of_it_is_counted() -> None:
    guide = budget(3, inside=True, repeats=True)
    assert write(guide, "a", "</think>", "a", "a", "<think>") == [False] * 5
    assert write(guide, "a") == [True]
    for token in CLOSING:
        guide.advance(token)
    assert write(guide, "a", "<think>") == [False, True]
