"""Calls that are malformed or cut off: kept, closed, and said to the log; never lost, never an error."""

from __future__ import annotations

import logging

import pytest

from mlxkernel.events import (
    ChoiceFinished,
    FinishReason,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from mlxkernel.formats import Closed, Expression, Format, JsonCalls, NamedJson, Opened, Said, Shape, Tagged
from mlxkernel.formats.pieces import Arguments
from mlxkernel.request import NoTool, Prompts, Request, Tool

TOOLS = (Tool("f", parameters={"type": "object", "properties": {"a": {"type": "string"}}}),)
JSON = JsonCalls(call=("<c>", "</c>"))
NAMED = NamedJson(call=("<c>", "</c>"), mark=":")
TAGGED = Tagged(call=("<c>", "</c>"), name_end=":", key=("<k>", "</k>"), value_end="</v>")
CALL = Expression(call=("<c>", "</c>"))


def pieces(shape: Shape, text: str) -> list[object]:
    return list(Format(name="t", shape=shape).read(text, TOOLS))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (JSON, "<c>no object</c>"),
        (JSON, '<c>{"name": 5}</c>'),
        (JSON, '<c>{"arguments": {}}</c>'),
        (JSON, '<c>{"name": "f'),
        (JSON, "a <c> b </c> c"),
        (NAMED, "<c>two words</c>"),
        (NAMED, "<c>f"),
        (NAMED, "<c>" + "f" * 300 + ":{}"),
        (TAGGED, "<c>two words:</c>"),
        (CALL, "<c>f a=1</c>"),
        (CALL, "<c>"),
    ],
)
def test_what_never_began_stays_text(shape: Shape, text: str) -> None:
    assert pieces(shape, text) == [Said(text)]


@pytest.mark.parametrize(
    ("shape", "text", "arguments"),
    [
        (JSON, '<c>{"name": "f", "arguments": {"a": oops!}}</c>', '{"a": oops!}}'),
        (JSON, '<c>{"name": "f", "arguments": {"a": "b', '{"a": "b'),
        (JSON, '<c>{"name": "f", "arguments": 5}</c>', "5}"),
        (NAMED, "<c>f:not json</c>", "not json"),
        (TAGGED, "<c>f:<k>a</k>b</v> and more</c>", '{"a": "b"and more'),
        (TAGGED, "<c>f:<k>a</k>b", '{"a": "b'),
        (CALL, "<c>f(a='b', ??)</c>", '{"a": "b", ??)'),
        (CALL, "<c>f(a='b", '{"a": "b'),
    ],
)
def test_what_breaks_later_is_kept_in_the_arguments(shape: Shape, text: str, arguments: str) -> None:
    assert pieces(shape, text + ("" if text.endswith("b") else " end")) == [
        Opened("f"),
        Arguments(arguments),
        Closed(whole=False),
        *([] if text.endswith("b") else [Said("end")]),
    ]


def test_a_broken_second_call_does_not_take_the_first_along() -> None:
    text = '<c>{"name": "f", "arguments": {}}</c> <c>{"name": </c>'
    assert pieces(JSON, text) == [Opened("f"), Arguments("{}"), Closed(), Said('<c>{"name": </c>')]


def test_a_call_inside_what_looked_like_one_is_found() -> None:
    assert pieces(JSON, '<c><c>{"name": "f"}</c>') == [Said("<c>"), Opened("f"), Closed()]


def test_control_characters_in_json_strings_are_escaped() -> None:
    found = pieces(JSON, '<c>{"name": "f", "arguments": {"a": "b\n\tc"}}</c>')
    assert found[1] == Arguments('{"a": "b\\n\\tc"}')


def test_deep_nesting_is_no_recursion() -> None:
    deep = "[" * 5000 + "]" * 5000
    assert pieces(JSON, f'<c>{{"name": "f", "arguments": {{"a": {deep}}}}}</c>')[-1] == Closed()
    assert pieces(CALL, f"<c>f(a={deep})</c>")[-1] == Closed()
    assert pieces(TAGGED, f"<c>f:<k>b</k>{deep}</v></c>")[-1] == Closed()


def request(**changes: object) -> Request:
    return Request(id="r", model="m", input=Prompts(("",)), **{"tools": TOOLS, **changes})  # type: ignore[arg-type]


def test_the_log_says_what_was_wrong_and_nothing_of_the_text(caplog: pytest.LogCaptureFixture) -> None:
    parser = Format(name="mine", shape=JSON).parser(request())
    with caplog.at_level(logging.WARNING, "mlxkernel.formats"):
        parser.feed(TextDelta(0, '<c>secret</c><c>{"name": "f", "arguments": {"a": ?secret}}</c>'))
        parser.feed(ChoiceFinished(0, FinishReason.STOP))
    assert [record.message for record in caplog.records] == [
        "tool format 'mine': '<c>' begins no call that can be read; it stays text",
        "tool format 'mine': a call is malformed or breaks off; what came of it is kept",
    ]


@pytest.mark.parametrize("changes", [{"tools": ()}, {"tool_choice": NoTool()}])
def test_without_tools_to_call_text_is_text(changes: dict[str, object]) -> None:
    parser = Format(name="mine", shape=JSON).parser(request(**changes))
    event = TextDelta(0, '<c>{"name": "f", "arguments": {}}</c>')
    assert list(parser.feed(event)) == [event]


def test_a_call_without_arguments_gets_an_empty_object_and_an_id() -> None:
    events = Format(name="mine", shape=JSON).parser(request()).feed(TextDelta(0, '<c>{"name": "f"}</c>'))
    started, delta, ended = events
    assert isinstance(started, ToolCallStarted)
    assert started.id.startswith("call_") and len(started.id) == 29
    assert (delta, ended) == (ToolCallDelta(0, 0, "{}"), ToolCallEnded(0, 0))


def test_a_choice_at_its_limit_keeps_that_reason() -> None:
    parser = Format(name="mine", shape=JSON).parser(request())
    parser.feed(TextDelta(0, '<c>{"name": "f", "arguments": {"a'))
    finished = ChoiceFinished(0, FinishReason.LENGTH)
    assert parser.feed(finished)[-1] == finished


def test_arguments_are_streamed_as_they_come() -> None:
    parser = Format(name="mine", shape=TAGGED).parser(request())
    parser.feed(TextDelta(0, "<c>f:<k>a</k>"))
    assert list(parser.feed(TextDelta(0, "one "))) == [ToolCallDelta(0, 0, "one ")]
    assert list(parser.feed(TextDelta(0, 'two "'))) == [ToolCallDelta(0, 0, 'two \\"')]


def test_the_log_is_told_of_the_first_faults_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    request = Request(id="r", model="m", input=Prompts(("",)), tools=TOOLS)
    parser = Format(name="t", shape=JSON).parser(request)
    with caplog.at_level(logging.WARNING, "mlxkernel.formats"):
        for _ in range(30):
            parser.feed(TextDelta(0, "<c>no call. "))
        parser.feed(ChoiceFinished(0, FinishReason.STOP))
    *told, last = [record.getMessage() for record in caplog.records]
    assert told == ["tool format 't': '<c>' begins no call that can be read; it stays text"] * 8
    assert last == "tool format 't': this answer has more faults; they are not told"


@pytest.mark.parametrize("text", ['{"a": functools[1]}', '{"a": true"b"}', '[1{"a": 2}]', "1[2]"])
def test_a_word_with_a_value_behind_it_is_no_json(text: str) -> None:
    *_, closed = pieces(NAMED, f'<c>f:{{"a": {text}}}</c>')
    assert closed == Closed(whole=False)


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e3,true , null],"b":"c"}', '{"a" : {"b":[ ]} ,\n"c":1 }'])
def test_json_is_passed_on_as_it_is_written(text: str) -> None:
    _, arguments, closed = pieces(NAMED, f"<c>f:{text}</c>")
    assert (arguments, closed) == (Arguments(text), Closed())
