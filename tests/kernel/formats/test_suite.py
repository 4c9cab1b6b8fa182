"""The suite catches what it is for: each planted defect fails the test that is named for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import pytest

from mlxkernel.api import EventParser
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    FinishReason,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from mlxkernel.formats import Format, JsonCalls, Sample
from mlxkernel.messages import ToolCall
from mlxkernel.request import Request, Tool
from mlxkernel.testing.tool_formats import ToolFormatSuite

TOOL = Tool("f", parameters={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
SOUND = Format(name="sound", shape=JsonCalls(call=("<call>", "</call>"), arguments=("arguments",)))
ONE = '<call>{"name": "f", "arguments": {"a": "x"}}</call>'
SAMPLES = (
    Sample(name="one", text=ONE, calls=(("f", '{"a": "x"}'),), native=True),
    Sample(name="two", text=ONE + ONE, calls=(("f", '{"a": "x"}'),) * 2, native=True),
    Sample(name="around", text=f"Hi. {ONE} Bye.", said="Hi.Bye.", calls=(("f", '{"a": "x"}'),)),
    Sample(name="tail", text="a <call", said="a <call"),
)


class Planted:
    """The sound format with another parser or grammar."""

    name = "planted"
    model_types: Sequence[str] = ()
    markers: Sequence[str] = ()

    def __init__(
        self,
        wrap: Callable[[EventParser], EventParser] = lambda parser: parser,
        change: Callable[[str], str] = lambda grammar: grammar,
    ) -> None:
        self._wrap = wrap
        self._change = change

    def parser(self, request: Request) -> EventParser:
        return self._wrap(SOUND.parser(request))

    def grammar(self, tools: Sequence[Tool], *, special: Mapping[str, int], parallel: bool = True) -> str:
        return self._change(SOUND.grammar(tools, special=special, parallel=parallel))

    def render(self, calls: Sequence[ToolCall]) -> str:
        return SOUND.render(calls)


class Each:
    """Feeds a parser and hands each of its events to `change`."""

    def __init__(self, parser: EventParser, change: Callable[[Event], Sequence[Event]]) -> None:
        self._parser = parser
        self._change = change

    def feed(self, event: Event) -> Sequence[Event]:
        return [out for inner in self._parser.feed(event) for out in self._change(inner)]


class Naive:
    """Looks for calls in each delta alone."""

    def __init__(self, parser: EventParser) -> None:
        self._calls = 0

    def feed(self, event: Event) -> Sequence[Event]:
        if isinstance(event, ChoiceFinished) and self._calls:
            return [ChoiceFinished(0, FinishReason.TOOL_CALLS)]
        if not isinstance(event, TextDelta) or "<call>" not in event.text or "</call>" not in event.text:
            return [event]
        before, _, rest = event.text.partition("<call>")
        body, _, after = rest.partition("</call>")
        call, self._calls = self._calls, self._calls + 1
        made: list[Event] = [
            ToolCallStarted(0, call, f"id{call}", "f"),
            ToolCallDelta(0, call, json.dumps(json.loads(body)["arguments"])),
            ToolCallEnded(0, call),
        ]
        follows = self.feed(TextDelta(0, after.lstrip(), 0)) if after.strip() else ()
        return [*([TextDelta(0, before.rstrip(), 0)] if before.strip() else []), *made, *follows]


class Rescanning:
    """Reads the whole text again at each delta."""

    def __init__(self, parser: EventParser) -> None:
        self._parser = parser
        self._text = ""

    def feed(self, event: Event) -> Sequence[Event]:
        if isinstance(event, TextDelta):
            self._text += event.text
            for character in self._text:
                character.isspace()
        return self._parser.feed(event)


class Mute(Planted):
    """Writes nothing but the samples."""

    def render(self, calls: Sequence[ToolCall]) -> str:
        if any(call.name != "f" for call in calls):
            raise ValueError("this cannot be written")
        return super().render(calls)


def once_more(event: Event) -> Sequence[Event]:
    return [event, event] if isinstance(event, TextDelta) else [event]


def one_id(event: Event) -> Sequence[Event]:
    match event:
        case ToolCallStarted(index=index, call=call, name=name):
            return [ToolCallStarted(index, call, "call", name)]
        case _:
            return [event]


def without_marks(event: Event) -> Sequence[Event]:
    return [] if isinstance(event, TextDelta) and "<" in event.text else [event]


def without_end(event: Event) -> Sequence[Event]:
    return [] if isinstance(event, ToolCallEnded) else [event]


def always_stop(event: Event) -> Sequence[Event]:
    return [ChoiceFinished(0, FinishReason.STOP)] if isinstance(event, ChoiceFinished) else [event]


def trimmed(event: Event) -> Sequence[Event]:
    return [TextDelta(0, event.text.strip(), event.tokens)] if isinstance(event, TextDelta) else [event]


def shouting(event: Event) -> Sequence[Event]:
    match event:
        case ToolCallDelta(index=index, call=call, arguments=arguments):
            return [ToolCallDelta(index, call, arguments.replace("\\", "/"))]
        case _:
            return [event]


def each(change: Callable[[Event], Sequence[Event]]) -> Planted:
    return Planted(lambda parser: Each(parser, change))


def suite(format: object) -> ToolFormatSuite:
    body = {"format": format, "samples": SAMPLES, "tools": (TOOL,), "special": ("<call>", "</call>")}
    made: ToolFormatSuite = type("Planted", (ToolFormatSuite,), body)()
    return made


PLANTED = {
    "a marker is found only when it comes in one piece": (Planted(Naive), "test_no_cut_changes_anything"),
    "text is emitted twice": (each(once_more), "test_text_without_calls_is_untouched"),
    "tokens are counted twice": (each(once_more), "test_tokens_and_logprobs_are_neither_lost_nor_doubled"),
    "every call has the same id": (each(one_id), "test_samples_mean_what_they_say"),
    "what was held at the end is lost": (each(without_marks), "test_samples_mean_what_they_say"),
    "a call is never ended": (each(without_end), "test_no_prefix_raises_or_takes_back"),
    "the reason stays STOP": (each(always_stop), "test_samples_mean_what_they_say"),
    "white space is trimmed": (each(trimmed), "test_text_without_calls_is_untouched"),
    "escapes are lost": (each(shouting), "test_made_up_calls_survive_the_round_trip"),
    "the text is read again at each delta": (
        Planted(Rescanning),
        "test_the_work_grows_with_the_text_and_no_faster",
    ),
    "the text is read again at each beginning": (
        Planted(Rescanning),
        "test_many_beginnings_of_calls_are_read_once",
    ),
    "hardly any call can be written": (Mute(), "test_made_up_calls_survive_the_round_trip"),
    "the grammar allows other tools": (
        Planted(change=lambda grammar: grammar.replace('\\"f\\"', '\\"g\\"')),
        "test_the_grammar_allows_only_what_can_be_read",
    ),
    "the grammar allows text": (
        Planted(change=lambda grammar: grammar.replace("start: ", 'start: "Well: " ')),
        "test_the_grammar_allows_only_what_can_be_read",
    ),
    "the grammar forgets the end": (
        Planted(change=lambda grammar: grammar.replace('"</call>"', "")),
        "test_the_grammar_allows_the_samples",
    ),
}


@pytest.mark.parametrize(("format", "test"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_defect_is_caught(format: Planted, test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(suite(format), test)()


@pytest.mark.parametrize("test", [name for name in dir(ToolFormatSuite) if name.startswith("test_")])
def test_the_sound_format_passes(test: str) -> None:
    getattr(suite(SOUND), test)()
