"""Reasoning, event by event: where thinking is open, and to which side each token goes."""

from __future__ import annotations

import pytest

from mlxkernel.events import ChoiceFinished, Event, FinishReason, ReasoningDelta, TextDelta, TokenLogprob
from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, Request

FORMAT = TaggedReasoning(name="think", opens=("<think>",), closes=("</think>",))


def request(continue_last: bool = False) -> Request:
    talk = Conversation((Message(Role.USER, (Text("Well?"),)),), continue_last=continue_last)
    return Request(id="r", model="m", input=talk)


def feed(*pieces: str, prompt_end: str = "", format: TaggedReasoning = FORMAT) -> list[Event]:
    parser = format.parser(request(), prompt_end)
    return [event for piece in pieces for event in parser.feed(TextDelta(0, piece))]


@pytest.mark.parametrize(
    ("prompt_end", "continues", "expected"),
    [
        ("assistant\n<think>", False, True),
        ("assistant\n<think>\n\n", False, True),
        ("<think>\n\n</think>\n\n<think>", False, True),
        ("<think>\n\n</think>\n\n", False, False),
        ("What is <think>?\nassistant\n", False, False),
        ("<think> and so\nassistant\n", False, False),
        ("", False, False),
        ("<think> and so", True, True),
        ("<think> and so</think> I", True, False),
        ("", True, False),
    ],
)
def test_is_open(prompt_end: str, continues: bool, expected: bool) -> None:
    assert FORMAT.is_open(prompt_end, continues) is expected


def test_an_answer_that_goes_on_inside_its_thinking_is_thought() -> None:
    parser = FORMAT.parser(request(continue_last=True), "<think> and so")
    assert list(parser.feed(TextDelta(0, " on"))) == [ReasoningDelta(0, "on", 1)]


def test_each_token_goes_to_its_side() -> None:
    assert feed("<think>", "\n", "Hm", " so", "\n", "</think>", "\n\n", "Hi", "!") == [
        ReasoningDelta(0, "", 1),
        ReasoningDelta(0, "", 1),
        ReasoningDelta(0, "Hm", 1),
        ReasoningDelta(0, " so", 1),
        ReasoningDelta(0, "", 1),
        ReasoningDelta(0, "", 1),
        TextDelta(0, "", 1),
        TextDelta(0, "Hi", 1),
        TextDelta(0, "!", 1),
    ]


def test_a_marker_of_many_tokens_is_thought() -> None:
    assert feed("a", "</", "think", ">", "b", prompt_end="<think>") == [
        ReasoningDelta(0, "a", 1),
        ReasoningDelta(0, "", 3),
        TextDelta(0, "b", 1),
    ]


def test_tokens_of_a_marker_stay_thought_when_its_last_one_holds_the_answer_too() -> None:
    assert feed("a", "</thi", "nk>Hi", prompt_end="<think>") == [
        ReasoningDelta(0, "a", 1),
        ReasoningDelta(0, "", 1),
        TextDelta(0, "Hi", 1),
    ]


def test_what_only_looked_like_a_marker_keeps_its_tokens() -> None:
    assert feed("a ", "</", "b>", prompt_end="<think>") == [
        ReasoningDelta(0, "a", 1),
        ReasoningDelta(0, " </b>", 2),
    ]


def test_logprobs_are_the_answer_s_alone() -> None:
    marks = [TokenLogprob(number, b"", 0.0) for number in range(4)]
    parser = FORMAT.parser(request(), "")
    out = [
        event
        for piece, mark in zip(("<", "think>a", "</think>", "b"), marks, strict=True)
        for event in parser.feed(TextDelta(0, piece, 1, (mark,)))
    ]
    assert out == [ReasoningDelta(0, "a", 2), ReasoningDelta(0, "", 1), TextDelta(0, "b", 1, (marks[3],))]
    parser = FORMAT.parser(request(), "")
    assert list(parser.feed(TextDelta(0, "<", 1, (marks[0],)))) == []
    assert list(parser.feed(TextDelta(0, "b>", 1, (marks[1],)))) == [
        TextDelta(0, "<b>", 2, (marks[0], marks[1]))
    ]


def test_the_end_says_what_was_held() -> None:
    parser = FORMAT.parser(request(), "<think>")
    parser.feed(TextDelta(0, "a \n"))
    parser.feed(TextDelta(0, "</th"))
    end = ChoiceFinished(0, FinishReason.LENGTH)
    assert list(parser.feed(end)) == [ReasoningDelta(0, " \n</th", 1), end]


def test_a_token_without_text_is_counted() -> None:
    assert feed("") == [TextDelta(0, "", 1)]
    assert feed("", prompt_end="<think>") == [ReasoningDelta(0, "", 1)]


def test_markers_around_the_answer_are_dropped() -> None:
    format = TaggedReasoning(
        name="answer", opens=("<think>",), closes=("</think>",), answer=("<answer>", "</answer>")
    )
    text = "<think>a</think>\n<answer>\nb c\n</answer>"
    for pieces in ([text], list(text)):
        events = feed(*pieces, format=format)
        assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "b c"
