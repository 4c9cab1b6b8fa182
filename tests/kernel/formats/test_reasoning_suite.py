"""The suite catches what it is for: each planted defect fails the test that is named for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from mlxkernel.api import EventParser
from mlxkernel.events import ChoiceFinished, Event, ReasoningDelta, TextDelta
from mlxkernel.formats import Format, JsonCalls
from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel.request import Request, Tool
from mlxkernel.testing.reasoning import ReasoningSample, ReasoningSuite

SOUND = TaggedReasoning(name="sound", opens=("<t>",), closes=("</t>",))
CALLING = Format(name="calls", shape=JsonCalls(call=("<call>", "</call>"), arguments=("arguments",)))
SAMPLES = (
    ReasoningSample(name="usual", text="<t>\na b\n</t>\n\nc", thought="a b", said="c", thought_characters=12),
    ReasoningSample(name="opened", text="a</t>c", thought="a", said="c", prompt_end="<t>\n"),
    ReasoningSample(name="cut", text="<t>a </", thought="a </"),
    ReasoningSample(name="late", text="a <t>b</t>", said="a <t>b</t>"),
)


class Planted:
    """The sound format with another parser, or another idea of prompts."""

    name = "planted"
    model_types: Sequence[str] = ()
    opens: Sequence[str] = SOUND.opens
    closes: Sequence[str] = SOUND.closes
    repeats = False

    def __init__(
        self,
        wrap: Callable[[EventParser], EventParser] = lambda parser: parser,
        is_open: Callable[[str, bool], bool] = SOUND.is_open,
    ) -> None:
        self._wrap = wrap
        self._is_open = is_open

    def is_open(self, prompt_end: str, continues: bool = False) -> bool:
        return self._is_open(prompt_end, continues)

    def parser(self, request: Request, prompt_end: str) -> EventParser:
        return self._wrap(SOUND.parser(request, "<t>" if self.is_open(prompt_end) else ""))


class Each:
    """Feeds a parser and hands each of its events to `change`."""

    def __init__(self, parser: EventParser, change: Callable[[Event], Sequence[Event]]) -> None:
        self._parser = parser
        self._change = change

    def feed(self, event: Event) -> Sequence[Event]:
        return [out for inner in self._parser.feed(event) for out in self._change(inner)]


class Naive:
    """Looks for markers in each delta alone."""

    def __init__(self, parser: EventParser) -> None:
        self._inside = False

    def feed(self, event: Event) -> Sequence[Event]:
        if not isinstance(event, TextDelta):
            return [event]
        before, opened, rest = event.text.partition("<t>")
        if opened and not before.strip():
            thought, closed, after = rest.partition("</t>")
            self._inside = not closed
            return [ReasoningDelta(0, thought.strip(), event.tokens), TextDelta(0, after.lstrip(), 0)]
        return [ReasoningDelta(0, event.text, event.tokens) if self._inside else event]


class Rescanning:
    """Keeps the whole text and looks through it at each delta."""

    def __init__(self, parser: EventParser) -> None:
        self._parser = parser
        self._text = ""

    def feed(self, event: Event) -> Sequence[Event]:
        if isinstance(event, TextDelta):
            self._text += event.text
            self._text.rstrip()
        return self._parser.feed(event)


class Hoarding:
    """Says everything at the end."""

    def __init__(self, parser: EventParser) -> None:
        self._parser = parser
        self._kept: list[Event] = []

    def feed(self, event: Event) -> Sequence[Event]:
        self._kept.extend(self._parser.feed(event))
        if not isinstance(event, ChoiceFinished):
            return []
        return self._kept


class Anywhere:
    """Takes a marker for one wherever it comes with the beginning of the answer in one delta."""

    def __init__(self, parser: EventParser) -> None:
        self._parser = parser

    def feed(self, event: Event) -> Sequence[Event]:
        if isinstance(event, TextDelta) and "a <t>" in event.text:
            event = TextDelta(0, event.text.replace("a <t>", "<t>a "), event.tokens, event.logprobs)
        return self._parser.feed(event)


def once_more(event: Event) -> Sequence[Event]:
    return [event, event] if isinstance(event, (TextDelta, ReasoningDelta)) else [event]


def forgets_tokens(event: Event) -> Sequence[Event]:
    if isinstance(event, ReasoningDelta):
        return [ReasoningDelta(0, event.text, 0)]
    return [event]


def counts_as_text(event: Event) -> Sequence[Event]:
    if isinstance(event, ReasoningDelta):
        return [ReasoningDelta(0, event.text, 0), TextDelta(0, "", event.tokens)]
    return [event]


def without_marks(event: Event) -> Sequence[Event]:
    return [] if isinstance(event, ReasoningDelta) and "<" in event.text else [event]


def trimmed(event: Event) -> Sequence[Event]:
    if isinstance(event, TextDelta):
        return [TextDelta(0, event.text.strip(), event.tokens, event.logprobs)]
    return [event]


def all_text(event: Event) -> Sequence[Event]:
    return [TextDelta(0, event.text, event.tokens)] if isinstance(event, ReasoningDelta) else [event]


def after_the_end(event: Event) -> Sequence[Event]:
    return [event, TextDelta(0, "", 0)] if isinstance(event, ChoiceFinished) else [event]


def each(change: Callable[[Event], Sequence[Event]]) -> Planted:
    return Planted(lambda parser: Each(parser, change))


def suite(format: object) -> ReasoningSuite:
    body = {
        "format": format,
        "samples": SAMPLES,
        "calling": CALLING,
        "tool": Tool("f", parameters={"type": "object"}),
        "call": '<call>{"name": "f", "arguments": {}}</call>',
    }
    made: ReasoningSuite = type("Planted", (ReasoningSuite,), body)()
    return made


PLANTED = {
    "a marker is found only when it comes in one piece": (Planted(Naive), "test_no_cut_changes_anything"),
    "a prefix depends on its cut": (
        Planted(Naive),
        "test_a_text_that_ends_anywhere_is_lawful_and_whole",
    ),
    "a mixture depends on its cut": (
        Planted(Naive),
        "test_no_mixture_of_their_pieces_depends_on_the_cut",
    ),
    "what is emitted is taken back": (Planted(Naive), "test_nothing_is_emitted_that_is_taken_back"),
    "a late marker counts when it comes in one piece": (Planted(Anywhere), "test_no_cut_changes_anything"),
    "text is emitted twice": (each(once_more), "test_text_without_markers_is_untouched"),
    "tokens are counted twice": (each(once_more), "test_tokens_and_logprobs_are_neither_lost_nor_doubled"),
    "thought tokens are lost": (
        each(forgets_tokens),
        "test_tokens_and_logprobs_are_neither_lost_nor_doubled",
    ),
    "thought tokens count as the answer's": (
        each(counts_as_text),
        "test_tokens_and_logprobs_are_neither_lost_nor_doubled",
    ),
    "what was held at the end is lost": (each(without_marks), "test_samples_mean_what_they_say"),
    "white space is trimmed": (each(trimmed), "test_text_without_markers_is_untouched"),
    "thinking is said": (each(all_text), "test_markers_work_in_the_prompt_and_in_the_answer"),
    "calls in thoughts are made": (each(all_text), "test_a_call_after_thinking_is_found"),
    "something comes after the end": (each(after_the_end), "test_samples_mean_what_they_say"),
    "the text is read again at each delta": (
        Planted(Rescanning),
        "test_the_work_grows_with_the_text_and_no_faster",
    ),
    "everything is held to the end": (Planted(Hoarding), "test_text_is_held_no_longer_than_a_marker"),
    "any marker in the prompt opens": (
        Planted(is_open=lambda end, continues: end.rfind("<t>") > end.rfind("</t>")),
        "test_a_prompt_that_is_closed_or_speaks_of_markers_begins_no_thinking",
    ),
    "an answer's own beginning is forgotten": (
        Planted(is_open=lambda end, continues: SOUND.is_open(end)),
        "test_an_answer_that_goes_on_knows_its_own_beginning",
    ),
    "text about markers is thought": (Planted(Anywhere), "test_samples_mean_what_they_say"),
    "a marker in the text is dropped": (
        Planted(lambda parser: Each(parser, without_text_marks)),
        "test_text_about_markers_stays_text",
    ),
}


def without_text_marks(event: Event) -> Sequence[Event]:
    if isinstance(event, TextDelta):
        return [TextDelta(0, event.text.replace("<t>", ""), event.tokens, event.logprobs)]
    return [event]


@pytest.mark.parametrize(("format", "test"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_defect_is_caught(format: Planted, test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(suite(format), test)()


@pytest.mark.parametrize("test", [name for name in dir(ReasoningSuite) if name.startswith("test_")])
def test_the_sound_format_passes(test: str) -> None:
    getattr(suite(SOUND), test)()
    getattr(suite(Planted()), test)()
