"""The suite for reasoning formats: what a format must hold at every split of every sample.

Subclass `ReasoningSuite` with a format and its samples; pytest finds the tests.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from types import FrameType
from typing import ClassVar

from msgspec import Struct

from mlxkernel.api import EventParser, ReasoningFormat, ToolFormat
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, Request, Tool
from mlxkernel.testing.law import check_law

SHORT = 40
"""Characters up to which every pair of cuts is tried."""

RANDOM_CUTS = 200
"""Seeded random cuts per format, shared by its samples."""

MIXTURES = 40
"""Texts that are mixed from the pieces of the samples."""


class ReasoningSample(Struct, frozen=True, kw_only=True):
    """A text as the model writes it after a prompt with this end, and what it means.

    `thought_characters` are those that count as thought when every character is a token; None where a
    sample does not say.
    """

    name: str
    text: str
    thought: str = ""
    said: str = ""
    prompt_end: str = ""
    thought_characters: int | None = None


class Thought(Struct, frozen=True):
    """What came of a text."""

    thought: str
    said: str
    calls: tuple[tuple[str, str], ...] = ()


def request(tools: Sequence[Tool] = ()) -> Request:
    """A conversation of one question."""
    talk = Conversation((Message(Role.USER, (Text("Well?"),)),))
    return Request(id="sample", model="sample", input=talk, tools=tuple(tools))


def parse(parsers: Sequence[EventParser], pieces: Iterable[str]) -> list[Event]:
    """The events that a chain of parsers makes of one choice whose text comes in these pieces."""
    given: list[Event] = [*(TextDelta(0, piece) for piece in pieces), ChoiceFinished(0, FinishReason.STOP)]
    events: list[Event] = [Started(1)]
    for event in given:
        made: Sequence[Event] = [event]
        for parser in parsers:
            made = [out for inner in made for out in parser.feed(inner)]
        events.extend(made)
    return [*events, Finished(Usage())]


def result(events: Sequence[Event]) -> Thought:
    """The folded events, which must be lawful."""
    check_law(events)
    choice = fold(events).choices[0]
    calls = tuple((call.name, call.arguments) for call in choice.tool_calls)
    return Thought(choice.reasoning, choice.text, calls)


class ReasoningSuite:
    """What every reasoning format must hold.

    `calling` is a tool format of the same family; `call` is a text of one call of `tool` in it.
    `tokenize` cuts a text where a real tokenizer would.
    """

    format: ClassVar[ReasoningFormat]
    samples: ClassVar[Sequence[ReasoningSample]]
    calling: ClassVar[ToolFormat | None] = None
    tool: ClassVar[Tool]
    call: ClassVar[str] = ""

    @staticmethod
    def tokenize(text: str) -> list[str]:
        """The text in pieces as a tokenizer cuts it: words with their space, marks by themselves."""
        return re.findall(r" ?\w+|\s+|[^\w\s]{1,2}", text)

    def parsed(self, pieces: Iterable[str], prompt_end: str = "") -> Thought:
        """What the format makes of these pieces."""
        return result(parse([self.format.parser(request(), prompt_end)], pieces))

    def test_samples_mean_what_they_say(self) -> None:
        """Each sample gives its thinking and its answer."""
        for sample in self.samples:
            found = self.parsed([sample.text], sample.prompt_end)
            assert found == Thought(sample.thought, sample.said), f"{sample.name}: {found}"

    def test_no_cut_changes_anything(self) -> None:
        """However a sample is cut, the folded events are the same."""
        for sample in self.samples:
            expected = self.parsed([sample.text], sample.prompt_end)
            for pieces in self._cuts(sample.text):
                found = self.parsed(pieces, sample.prompt_end)
                assert found == expected, f"{sample.name}, cut as {pieces}: {found}, whole: {expected}"

    def _cuts(self, text: str) -> Iterator[Sequence[str]]:
        yield list(text)
        yield self.tokenize(text)
        for place in range(len(text) + 1):
            yield text[:place], text[place:]
        if len(text) <= SHORT:
            for first, second in combinations(range(1, len(text)), 2):
                yield text[:first], text[first:second], text[second:]
        chance = random.Random(text)
        for _ in range(RANDOM_CUTS // len(self.samples) + 1):
            places = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(3, 12)))
            yield [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    def test_a_text_that_ends_anywhere_is_lawful_and_whole(self) -> None:
        """Of every prefix the same comes at once and character by character."""
        for sample in self.samples:
            for end in range(len(sample.text)):
                text = sample.text[:end]
                whole = self.parsed([text], sample.prompt_end)
                assert self.parsed(list(text), sample.prompt_end) == whole, f"{sample.name}[:{end}]"

    def test_nothing_is_emitted_that_is_taken_back(self) -> None:
        """Character by character, what has been emitted is always the beginning of the whole result."""
        for sample in self.samples:
            whole = self.parsed([sample.text], sample.prompt_end)
            thought = said = ""
            parser = self.format.parser(request(), sample.prompt_end)
            for event in parse([parser], list(sample.text)):
                match event:
                    case TextDelta(text=text):
                        said += text
                    case ReasoningDelta(text=text):
                        thought += text
                    case _:
                        continue
                assert whole.thought.startswith(thought) and whole.said.startswith(said), sample.name

    def test_no_mixture_of_their_pieces_depends_on_the_cut(self) -> None:
        """The pieces of the samples in any order, with every marker, mean the same at every cut."""
        chance = random.Random(7)
        pieces = [piece for sample in self.samples for piece in self.tokenize(sample.text)]
        pieces += [*self.format.opens, *self.format.closes, " ", "\n"] * 4
        for _ in range(MIXTURES):
            text = "".join(chance.choices(pieces, k=chance.randrange(2, 30)))
            for prompt_end in ("", self.format.opens[0]):
                expected = self.parsed([text], prompt_end)
                for cut in (list(text), self.tokenize(text), [text[:9], text[9:]]):
                    found = self.parsed(cut, prompt_end)
                    assert found == expected, f"cut as {cut}: {found}, whole: {expected}"

    def test_tokens_and_logprobs_are_neither_lost_nor_doubled(self) -> None:
        """All tokens come out; the logprobs of those that are no thought come out once and in order."""
        for sample in self.samples:
            for width in (1, 2, 5):
                places = range(0, len(sample.text), width)
                given = [TokenLogprob(place, b"", 0.0) for place in places]
                parser = self.format.parser(request(), sample.prompt_end)
                out: list[Event] = []
                for place, logprob in zip(places, given, strict=True):
                    out += parser.feed(TextDelta(0, sample.text[place : place + width], 1, (logprob,)))
                out += parser.feed(ChoiceFinished(0, FinishReason.LENGTH))
                texts = [event for event in out if isinstance(event, TextDelta)]
                thought = sum(event.tokens for event in out if isinstance(event, ReasoningDelta))
                said = sum(event.tokens for event in texts)
                logprobs = [logprob.token_id for event in texts for logprob in event.logprobs]
                assert thought + said == len(given), f"{sample.name}: {thought} and {said} of {len(given)}"
                assert len(logprobs) == said, f"{sample.name}: {len(logprobs)} logprobs of {said} tokens"
                assert logprobs == sorted(set(logprobs)), f"{sample.name}: {logprobs}"
                assert out[-1] == ChoiceFinished(0, FinishReason.LENGTH), sample.name
                if width == 1 and sample.thought_characters is not None:
                    assert thought == sample.thought_characters, f"{sample.name}: {thought} tokens of thought"

    def test_markers_work_in_the_prompt_and_in_the_answer(self) -> None:
        """Thinking that the prompt has begun and thinking that the answer begins mean the same."""
        for opens in self.format.opens:
            for closes in self.format.closes:
                rest = f"\nOne, two.\n{closes}\n\nThree."
                expected = Thought("One, two.", "Three.")
                assert self.parsed([rest], f"Well?\n{opens}\n") == expected
                assert self.parsed([opens + rest], "Well?\n") == expected
                assert self.parsed([f"\n{opens}{rest}"], f"{opens}\n\n{closes}\n\n") == expected

    def test_a_prompt_that_is_closed_or_speaks_of_markers_begins_no_thinking(self) -> None:
        """An empty think block in the prompt, and a marker in the user's words, leave an answer an answer."""
        opens, closes = self.format.opens[0], self.format.closes[0]
        for prompt_end in ("", f"{opens}\n\n{closes}\n\n", f"What is {opens}?\nassistant\n"):
            assert not self.format.is_open(prompt_end), prompt_end
            assert self.parsed(list("Hello there. "), prompt_end) == Thought("", "Hello there. ")
        assert self.format.is_open(f"Well?\n{opens}") and self.format.is_open(f"{closes}{opens}\n")

    def test_an_answer_that_goes_on_knows_its_own_beginning(self) -> None:
        """Where the model goes on with its own words, their last marker tells."""
        opens, closes = self.format.opens[0], self.format.closes[0]
        assert self.format.is_open(f"{opens}\nLet me", True)
        assert not self.format.is_open(f"{opens}\nLet me{closes}\nSo", True)
        assert not self.format.is_open("So", True)

    def test_text_about_markers_stays_text(self) -> None:
        """After the answer has begun a marker is a word, unless thinking may come again."""
        opens, closes = self.format.opens[0], self.format.closes[0]
        text = f"Write {opens} first and {closes} last."
        for pieces in ([text], list(text)):
            found = self.parsed(pieces)
            if self.format.repeats:
                assert found == Thought("first and", "Writelast.")
            else:
                assert found == Thought("", text)

    def test_text_without_markers_is_untouched(self) -> None:
        """Text without a marker comes out as it went in, white space and all."""
        for text in ("", " ", "\n\nHello.  \n", "a < b and b > c [1, 2] {x: 1} `code` \\ \n", "Here. \n \n"):
            for pieces in ([text], list(text)):
                assert self.parsed(pieces) == Thought("", text), text

    def test_a_call_after_thinking_is_found(self) -> None:
        """Behind the reasoning parser the family's tool parser finds its call, and none in the thinking."""
        if self.calling is None:
            return
        opens, closes = self.format.opens[0], self.format.closes[0]
        text = f"{opens}I call {self.call.strip()} soon.{closes}{self.call}"
        whole = self._called([text])
        assert [name for name, _ in whole.calls] == [self.tool.name] and not whole.said.strip(), whole
        assert whole.thought == f"I call {self.call.strip()} soon." or closes in self.call
        for cut in (list(text), self.tokenize(text)):
            assert self._called(cut) == whole

    def _called(self, pieces: Iterable[str]) -> Thought:
        assert self.calling is not None
        asked = request((self.tool,))
        return result(parse([self.format.parser(asked, ""), self.calling.parser(asked)], pieces))

    def test_the_work_grows_with_the_text_and_no_faster(self) -> None:
        """Four times the text costs about four times the operations, and nothing long is held or reread."""
        opens, closes = self.format.opens[0], self.format.closes[0]
        for make in (
            lambda n: f"{opens}{'Some < words and [ marks. ' * 20 * n}{closes}{'And < more [. ' * 20 * n}",
            lambda n: f"{opens}a{' ' * 200 * n}b{closes}",
            lambda n: f"{opens}a{closes}b" * 20 * n,
        ):
            short, long = self._operations(make(4)), self._operations(make(16))
            assert long < 4.6 * short, f"{short} operations, and {long} for four times as much"

    def _operations(self, text: str) -> int:
        """How many calls of functions the parser makes for a text, and how many characters it is asked of.

        Characters count when the parser looks for white space or joins: copies show as longer strings held.
        """
        count = 0

        def called(frame: FrameType, event: str, function: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")
            held = getattr(function, "__self__", None)
            if event == "c_call" and isinstance(held, str):
                count += len(held)

        pieces = [text[place : place + 3] for place in range(0, len(text), 3)]
        parser = self.format.parser(request(), "")
        before = sys.getprofile()
        sys.setprofile(called)
        try:
            parse([parser], pieces)
        finally:
            sys.setprofile(before)
        return count

    def test_text_is_held_no_longer_than_a_marker(self) -> None:
        """Of thinking and of an answer nothing is held but what may begin a marker, and white space."""
        longest = max(map(len, (*self.format.opens, *self.format.closes))) + 40
        for prompt_end in ("", self.format.opens[0]):
            parser, came = self.format.parser(request(), prompt_end), 0
            for number, character in enumerate("<[{ plain words, <| and more of them. " * 20, 1):
                for event in parser.feed(TextDelta(0, character)):
                    assert isinstance(event, (TextDelta, ReasoningDelta))
                    came += len(event.text)
                assert number - came <= longest, f"{number - came} characters are held after {number}"
