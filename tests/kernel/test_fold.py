"""The fold: the whole answer that a run's events make."""

from __future__ import annotations

import pytest

from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.fold import Answer, Folder, Section, fold
from mlxkernel.messages import Reasoning, Text, ToolCall
from mlxkernel.testing import check_law

FAULT = Fault(kind=FaultKind.INTERNAL, message="sorry", code="c")


def test_the_fold_of_a_run() -> None:
    mark = TokenLogprob(1, b"H", -0.5)
    events: list[Event] = [
        Progress("queued"),
        Started(3),
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(1, "Hi", 1, (mark,)),
        ToolCallStarted(0, 0, "c0", "add"),
        ToolCallDelta(0, 0, '{"a"'),
        ToolCallStarted(0, 1, "c1", "sub"),
        ToolCallDelta(0, 0, ": 1}"),
        ToolCallEnded(0, 0),
        ToolCallEnded(0, 1),
        ChoiceFinished(1, FinishReason.LENGTH),
        ChoiceFinished(0, FinishReason.TOOL_CALLS, "<end>"),
        Finished(Usage(3, 9)),
    ]
    check_law(events)
    first, second = fold(events).choices
    assert first.tool_calls == (ToolCall("c0", "add", '{"a": 1}'), ToolCall("c1", "sub", ""))
    assert (first.reasoning, first.text, first.reason) == ("hm", "", FinishReason.TOOL_CALLS)
    assert first.stop == "<end>"
    assert (second.text, second.logprobs, second.reason) == ("Hi", (mark,), FinishReason.LENGTH)
    assert fold(events).usage == Usage(3, 9)


def test_the_sections_of_a_choice_keep_their_order_and_their_logprobs() -> None:
    a, b, c, d = (TokenLogprob(number, b"", -0.5) for number in range(4))
    events: list[Event] = [
        Started(3),
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(0, "A", 1, (a,)),
        TextDelta(0, "", 1, (b,)),
        ToolCallStarted(0, 0, "c0", "add"),
        ToolCallStarted(0, 1, "c1", "sub"),
        ToolCallDelta(0, 0, "{}"),
        ReasoningDelta(0, ""),
        TextDelta(0, "B", 1, (c,)),
        TextDelta(0, "", 1, (d,)),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(Usage(3, 9)),
    ]
    check_law(events)
    [choice] = fold(events).choices
    assert choice.sections == (
        Section(Reasoning("hm")),
        Section(Text("A"), (a,)),
        Section(ToolCall("c0", "add", "{}")),
        Section(ToolCall("c1", "sub", "")),
        Section(Text("B"), (b, c, d)),
    )
    assert (choice.text, choice.logprobs) == ("AB", (a, b, c, d))


def test_a_choice_that_said_nothing_is_still_there() -> None:
    events = [Started(1), ChoiceFinished(0, FinishReason.STOP), Finished(Usage(1, 0))]
    assert [choice.text for choice in fold(events).choices] == [""]


def test_the_fold_of_a_failed_run_raises() -> None:
    with pytest.raises(RequestFailed) as caught:
        fold([Started(1), TextDelta(0, "x"), Failed(FAULT)])
    assert caught.value.fault is FAULT


def test_the_fold_of_half_a_run_is_no_answer() -> None:
    with pytest.raises(ValueError, match="neither Finished nor Failed"):
        fold([Started(1), TextDelta(0, "x")])
    folder = Folder()
    folder.feed(Started(1))
    assert folder.answer is None
    folder.feed(Finished(Usage()))
    assert folder.answer == Answer((), Usage())
