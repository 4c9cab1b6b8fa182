"""Parsing: which parsers a run's text goes through, and in which order."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mlxkernel.api import ModelInfo, ModelSpec
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.formats import Format, JsonCalls
from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel.messages import Message, Role, Text
from mlxkernel.parsing import Parsers
from mlxkernel.registry import Registries
from mlxkernel.request import Conversation, Prompts, Request, Tool
from mlxkernel.testing import FakeEngine, Script

TAGS = TaggedReasoning(name="tags", opens=("<t>",), closes=("</t>",))
MARKS = TaggedReasoning(name="marks", opens=("[t]",), closes=("[/t]",))
CALLS = Format(name="calls", shape=JsonCalls(call=("<call>", "</call>"), arguments=("arguments",)))
CALL = '<call>{"name": "f", "arguments": {}}</call>'
REQUEST = Request(
    id="r", model="m", input=Conversation((Message(Role.USER, (Text("Well?"),)),)), tools=(Tool("f"),)
)
SPEC = ModelSpec(name="m", source="nowhere")


class Owner:
    name = "test"
    distribution = "test"


class Loaded(FakeEngine):
    """A fake whose model has these formats."""

    def __init__(self, thinking: str | None = None, calling: str | None = None) -> None:
        super().__init__(SPEC, Script())
        self._formats = thinking, calling

    @property
    def info(self) -> ModelInfo:
        return replace(super().info, reasoning_format=self._formats[0], tool_format=self._formats[1])


def parsed(
    text: str, engine: FakeEngine, spec: ModelSpec = SPEC, request: Request = REQUEST, prompt_end: str = ""
) -> list[tuple[str, str, int]]:
    """Thinking, text and number of calls of two choices, whose texts come by turns."""
    registries = Registries({})
    for thinking in (TAGS, MARKS):
        registries.reasoning_formats.add(Owner(), thinking)
    registries.tool_formats.add(Owner(), CALLS)
    parsers = Parsers(request, spec, engine, registries)
    given: list[Event] = [Started(1, prompt_end=prompt_end)]
    for character in text:
        given += [TextDelta(0, character), TextDelta(1, character.upper())]
    given += [ChoiceFinished(index, FinishReason.STOP) for index in range(2)] + [Finished(Usage())]
    answer = fold(out for event in given for out in parsers.feed(event))
    return [(choice.reasoning, choice.text, len(choice.tool_calls)) for choice in answer.choices]


def first(*arguments: object, **more: object) -> tuple[str, str, int]:
    return parsed(*arguments, **more)[0]  # type: ignore[arg-type]


def test_auto_takes_the_formats_that_the_engine_chose() -> None:
    assert first(f"<t>a</t>b{CALL}", Loaded("tags", "calls")) == ("a", "b", 1)
    assert first(f"<t>a</t>b{CALL}", Loaded("tags")) == ("a", f"b{CALL}", 0)
    assert first(f"<t>a</t>b{CALL}", Loaded(None, "calls")) == ("", "<t>a</t>b", 1)
    assert first("<t>a</t>b", Loaded()) == ("", "<t>a</t>b", 0)


def test_a_call_in_the_thinking_is_none() -> None:
    assert first(f"<t>{CALL}</t>{CALL}", Loaded("tags", "calls")) == (CALL, "", 1)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("marks", ("a", "<t>b</t>", 0)), ("none", ("", "[t]a[/t]<t>b</t>", 0))],
)
def test_the_model_s_table_overrules_the_engine(chosen: str, expected: tuple[str, str, int]) -> None:
    spec = replace(SPEC, reasoning_format=chosen)
    assert first("[t]a[/t]<t>b</t>", Loaded("tags"), spec) == expected


def test_no_tool_format_leaves_calls_as_text() -> None:
    assert first(CALL, Loaded("tags", "calls"), replace(SPEC, tool_format="none")) == ("", CALL, 0)


def test_each_choice_has_parsers_of_its_own() -> None:
    assert parsed("[t]a[/t]b", Loaded("marks")) == [("a", "b", 0), ("", "[T]A[/T]B", 0)]
    assert parsed("a", Loaded("tags"), prompt_end="<t>") == [("a", "", 0), ("A", "", 0)]


def test_the_prompt_s_end_says_whether_thinking_is_open() -> None:
    assert first("a</t>b", Loaded("tags"), prompt_end="assistant\n<t>\n") == ("a", "b", 0)
    assert first("a</t>b", Loaded("tags"), prompt_end="<t></t>") == ("", "a</t>b", 0)


def test_a_raw_prompt_s_answer_is_not_parsed() -> None:
    text = f"<t>a</t>{CALL}"
    raw = replace(REQUEST, input=Prompts(("Well?",)))
    assert first(text, Loaded("tags", "calls"), request=raw) == ("", text, 0)
