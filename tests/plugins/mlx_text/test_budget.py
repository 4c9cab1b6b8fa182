"""A budget of thinking, token by token, without a model."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mlxkernel.events import ChoiceFinished, FinishReason, ReasoningDelta, TextDelta
from mlxkernel.formats.reasoning import ReasoningParser, TaggedReasoning
from mlxkernel_mlx.constraints import ThinkingBudget

WORDS = ["<think>", "</think>", "a", " ", "<", "think", ">", "\n"]
CLOSING = (7, 1)


def budget(limit: int, inside: bool = False, repeats: bool = False) -> ThinkingBudget:
    """A budget of `limit` tokens and the two of the closing marker."""
    limit += len(CLOSING)
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
    spent = len([word for word in marker if word.strip()])
    guide = budget(2 + spent)
    assert not any(write(guide, *marker))
    assert write(guide, "a", "a") == [False, True]


def test_thinking_that_ends_by_itself_is_left_alone() -> None:
    assert not any(write(budget(3, inside=True), "a", "</think>", *"aaaaaa"))


def test_a_marker_in_the_answer_begins_no_thinking() -> None:
    assert not any(write(budget(1), "a", "<think>", *"aaaa"))
    assert not any(write(budget(3, inside=True), "a", "</think>", "a", "<think>", *"aaaa"))


def test_where_thinking_repeats_all_of_it_is_counted() -> None:
    guide = budget(4, inside=True, repeats=True)
    assert write(guide, "a", "</think>", "a", "a", "<think>") == [False] * 5
    assert write(guide, "a") == [True]
    for token in CLOSING:
        guide.advance(token)
    assert write(guide, "a", "<think>") == [False, True]


class TestCounted:
    """What is thought, as it is counted in the usage, is never more than was allowed."""

    FORMAT = TaggedReasoning(name="think", opens=("<think>",), closes=("</think>",))
    LOOSE = (0, 2, 3, 4, 5, 6, 7)

    def thought(self, limit: int, inside: bool, chance: random.Random) -> int:
        """Tokens of thinking in an answer of random tokens that this budget binds."""
        guide, parser, found = budget(limit - len(CLOSING), inside), ReasoningParser(self.FORMAT, inside), []
        begin = () if inside else chance.choice([(0,), (4, 5, 6), (7, 0)])
        for number in range(60):
            token = begin[number] if number < len(begin) else chance.choice(self.LOOSE)
            if guide.active:
                mask = np.full(1, 0xFFFFFFFF, dtype=np.uint32)
                guide.fill(mask)
                token = int(mask[0]).bit_length() - 1
            elif chance.random() < 0.02:
                token = 1
            guide.advance(token)
            found += parser.feed(TextDelta(0, WORDS[token], 1))
        found += parser.feed(ChoiceFinished(0, FinishReason.LENGTH))
        return sum(event.tokens for event in found if isinstance(event, ReasoningDelta))

    @pytest.mark.parametrize("inside", [True, False])
    def test_never_more_than_the_limit_and_the_markers(self, inside: bool) -> None:
        reached = set()
        for seed in range(300):
            limit = seed % 12
            thought = self.thought(limit, inside, random.Random(seed))
            # A marker that opens has up to three tokens here, one that closes two.
            assert thought <= max(limit, 2 if inside else 5), (seed, limit)
            reached.add(thought == limit)
        assert reached == {True, False}
