"""The suite for tool formats: what a format must hold at every split of every sample.

Subclass `ToolFormatSuite` with a format and its samples; pytest finds the tests. The random walks
through the grammar need llguidance, the made-up calls need hypothesis.
"""

from __future__ import annotations

import json
import random
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from types import FrameType
from typing import ClassVar

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from msgspec import Struct

from mlxkernel.api import ToolFormat
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.fold import Choice, fold
from mlxkernel.formats import Sample
from mlxkernel.messages import Json, ToolCall
from mlxkernel.request import Prompts, Request, Tool
from mlxkernel.testing.grammars import Walker, accepts, conforms
from mlxkernel.testing.law import check_law
from mlxkernel.testing.strategies import SCHEMA, calls

SHORT = 48
"""Characters up to which every pair of cuts is tried; of the shortest sample, within its first ones."""

RANDOM_CUTS = 200
"""Seeded random cuts per format, shared by its samples."""

MIXTURES = 40
"""Texts that are mixed from the pieces of the samples."""


class Result(Struct, frozen=True):
    """What came of a text: remaining text, calls, and why it ended."""

    said: str
    calls: tuple[tuple[str, str], ...]
    reason: FinishReason


def parse(format: ToolFormat, tools: Sequence[Tool], pieces: Iterable[str]) -> list[Event]:
    """The events that the format's parser makes of one choice whose text comes in these pieces."""
    request = Request(id="sample", model="sample", input=Prompts(("",)), tools=tuple(tools))
    parser = format.parser(request)
    events: list[Event] = [Started(1)]
    for piece in pieces:
        events.extend(parser.feed(TextDelta(0, piece)))
    events.extend(parser.feed(ChoiceFinished(0, FinishReason.STOP)))
    return [*events, Finished(Usage())]


def result(events: Sequence[Event]) -> Result:
    """The folded events, which must be lawful."""
    check_law(events)
    check_calls(events)
    choice: Choice = fold(events).choices[0]
    ids = [call.id for call in choice.tool_calls]
    assert len(set(ids)) == len(ids) and all(ids), f"the ids are not unique: {ids}"
    calls = tuple((call.name, call.arguments) for call in choice.tool_calls)
    return Result(choice.text, calls, choice.reason)


def check_calls(events: Iterable[Event]) -> None:
    """Raise `AssertionError` unless calls come one by one, each started, then ended, and counted from 0."""
    current, made = None, 0
    for event in events:
        match event:
            case ToolCallStarted(call=call):
                assert current is None, f"{event} came inside call {current}"
                assert call == made, f"{event} should be call {made}"
                current, made = call, made + 1
            case ToolCallDelta(call=call):
                assert current == call, f"{event} came while call {current} was open"
                assert event.arguments, f"{event} is empty"
            case ToolCallEnded(call=call):
                assert current == call, f"{event} came while call {current} was open"
                current = None
            case TextDelta() | ChoiceFinished():
                assert current is None, f"{event} came inside call {current}"
            case _:
                pass
    assert current is None, f"call {current} was never ended"


def meaning(arguments: str) -> Json:
    """Arguments as a JSON value; what is no JSON is compared as it is."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


class ToolFormatSuite:
    """What every tool format must hold. `tools` are those that the samples call.

    `special` are texts that the model's tokenizer has as special tokens, and `tokenize` cuts a text where
    a real tokenizer would.
    """

    format: ClassVar[ToolFormat]
    samples: ClassVar[Sequence[Sample]]
    tools: ClassVar[Sequence[Tool]]
    special: ClassVar[Sequence[str]] = ()

    @staticmethod
    def tokenize(text: str) -> list[str]:
        """The text in pieces as a tokenizer cuts it: words with their space, marks by themselves."""
        return re.findall(r" ?\w+|\s+|[^\w\s]{1,2}", text)

    def whole(self, text: str) -> Result:
        """What the text means when it comes at once."""
        return result(parse(self.format, self.tools, [text]))

    def test_samples_mean_what_they_say(self) -> None:
        """Each sample gives its calls and its text."""
        for sample in self.samples:
            found = self.whole(sample.text)
            names = [name for name, _ in found.calls]
            assert names == [name for name, _ in sample.calls], f"{sample.name}: {found}"
            for (_, found_text), (_, expected) in zip(found.calls, sample.calls, strict=True):
                assert meaning(found_text) == meaning(expected), f"{sample.name}: {found}"
            assert found.said == sample.said, f"{sample.name}: {found}"
            reason = FinishReason.TOOL_CALLS if sample.calls else FinishReason.STOP
            assert found.reason is reason, f"{sample.name}: {found}"

    def test_no_cut_changes_anything(self) -> None:
        """However the text is cut, the folded events are the same."""
        for sample in self.samples:
            expected = self.whole(sample.text)
            for pieces in self._cuts(sample.text):
                found = result(parse(self.format, self.tools, pieces))
                assert found == expected, f"{sample.name}, cut as {pieces}: {found}, whole: {expected}"

    def _cuts(self, text: str) -> Iterator[Sequence[str]]:
        yield list(text)
        yield self.tokenize(text)
        for place in range(len(text) + 1):
            yield text[:place], text[place:]
        if len(text) <= max(SHORT, min(len(sample.text) for sample in self.samples)):
            for first, second in combinations(range(1, min(len(text), SHORT)), 2):
                yield text[:first], text[first:second], text[second:]
        chance = random.Random(text)
        for _ in range(RANDOM_CUTS // len(self.samples) + 1):
            places = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randrange(2, 12)))
            yield [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    def test_no_prefix_raises_or_takes_back(self) -> None:
        """A text that ends anywhere is lawful at any cut, and makes no calls but the whole text's."""
        for sample in self.samples:
            whole = self.whole(sample.text)
            for end in range(len(sample.text)):
                text = sample.text[:end]
                events = parse(self.format, self.tools, [text])
                found = result(events)
                self._begins(events, whole, f"{sample.name}[:{end}]")
                cut = [text[place : place + 3] for place in range(0, end, 3)]
                assert result(parse(self.format, self.tools, cut)) == found, f"{sample.name}[:{end}]"

    def _begins(self, events: Sequence[Event], whole: Result, where: str) -> None:
        """Every call that a cut text opened is a call of the whole text, unless the cut closed it as text."""
        names = [event.name for event in events if isinstance(event, ToolCallStarted)]
        expected = [name for name, _ in whole.calls][: len(names)]
        assert names == expected, f"{where}: calls {names}, whole: {whole}"

    def test_no_mixture_of_their_pieces_raises(self) -> None:
        """The pieces of the samples in any order are lawful too, and mean the same at every cut."""
        chance = random.Random(7)
        pieces = [piece for sample in self.samples for piece in self.tokenize(sample.text)]
        for _ in range(MIXTURES):
            text = "".join(chance.choices(pieces, k=chance.randrange(2, 40)))
            start = chance.choice(self.samples).text
            text = start[: chance.randrange(len(start))] + text
            expected = self.whole(text)
            for cut in (list(text), self.tokenize(text)):
                found = result(parse(self.format, self.tools, cut))
                assert found == expected, f"cut as {cut}: {found}, whole: {expected}"

    def test_nothing_is_emitted_that_is_taken_back(self) -> None:
        """Character by character, what has been emitted is always the beginning of the whole result."""
        for sample in self.samples:
            whole = self.whole(sample.text)
            said, calls = "", list[list[str]]()
            for event in parse(self.format, self.tools, list(sample.text)):
                match event:
                    case TextDelta(text=text):
                        said += text
                    case ToolCallStarted(name=name):
                        calls.append([name, ""])
                    case ToolCallDelta(arguments=arguments):
                        calls[-1][1] += arguments
                    case _:
                        continue
                assert whole.said.startswith(said), (
                    f"{sample.name}: {said!r} is no beginning of {whole.said!r}"
                )
                for (name, arguments), expected in zip(calls, whole.calls, strict=False):
                    assert name == expected[0] and expected[1].startswith(arguments), (
                        f"{sample.name}: {calls}"
                    )

    def test_tokens_and_logprobs_are_neither_lost_nor_doubled(self) -> None:
        """The tokens that go in come out; the logprobs too, in order, but for those of calls."""
        request = Request(id="sample", model="sample", input=Prompts(("",)), tools=tuple(self.tools))
        for sample in self.samples:
            parser = self.format.parser(request)
            logprobs = [TokenLogprob(number, b"", 0.0) for number, _ in enumerate(sample.text)]
            events: list[Event] = []
            for character, logprob in zip(sample.text, logprobs, strict=True):
                events.extend(parser.feed(TextDelta(0, character, 1, (logprob,))))
            events.extend(parser.feed(ChoiceFinished(0, FinishReason.LENGTH)))
            texts = [event for event in events if isinstance(event, TextDelta)]
            assert sum(event.tokens for event in texts) == len(sample.text), sample.name
            told = [logprob for event in texts for logprob in event.logprobs]
            if any(isinstance(event, ToolCallStarted) for event in events):
                numbers = [logprob.token_id for logprob in told]
                assert numbers == sorted(set(numbers)) and len(told) < len(logprobs), sample.name
            else:
                assert told == logprobs, sample.name
            assert events[-1] == ChoiceFinished(0, FinishReason.LENGTH), sample.name

    def test_text_without_calls_is_untouched(self) -> None:
        """Text that has no call comes out as it went in, white space and all, with or without tools."""
        for text in (
            "",
            " ",
            "\n\nHello.  \n",
            "a < b and b > c [1, 2] {x: 1} `code` \\ \n",
            'He said "no".\n ',
        ):
            for tools in (self.tools, ()):
                for pieces in ([text], list(text)):
                    found = result(parse(self.format, tools, pieces))
                    assert (found.said, found.calls) == (text, ()), text
                    assert found.reason is FinishReason.STOP

    def test_made_up_calls_survive_the_round_trip(self) -> None:
        """What the format writes, it reads: names, arguments of every type, any number of calls."""
        written: list[str] = []

        @seed(zlib.crc32(self.format.name.encode()))
        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(calls(), min_size=1, max_size=3), st.randoms(use_true_random=False))
        def check(made: list[ToolCall], chance: random.Random) -> None:
            tools = [Tool(call.name, parameters=SCHEMA) for call in made]
            try:
                text = self.format.render(made)
            except ValueError:
                return  # the format has no way to write this one
            written.append(text)
            places = sorted(chance.randrange(len(text) + 1) for _ in range(4))
            pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
            found = result(parse(self.format, tools, pieces))
            assert found.said == "", text
            assert [name for name, _ in found.calls] == [call.name for call in made], text
            assert [meaning(written) for _, written in found.calls] == [
                meaning(call.arguments) for call in made
            ], text

        check()
        assert len(written) >= 5, f"of the made-up calls the format writes {len(written)}"

    def test_the_grammar_allows_the_samples(self) -> None:
        """What is written natively is written so by `render`, and the grammar allows it."""
        native = [sample for sample in self.samples if sample.native]
        assert native, "no sample is marked as native"
        for special in ((), self.special):
            walker = Walker(special, ())
            grammar = self.format.grammar(self.tools, special=walker.special)
            for sample in native:
                made = [ToolCall("", name, arguments) for name, arguments in sample.calls]
                assert self.format.render(made) == sample.text, sample.name
                assert accepts(walker, grammar, sample.text) == "", sample.name

    def test_the_grammar_allows_only_what_can_be_read(self) -> None:
        """Random walks through the grammar parse to whole calls of known tools that their schemas accept."""
        texts = [sample.text for sample in self.samples]
        schemas = {tool.name: tool.parameters for tool in self.tools}
        for special in ((), self.special):
            walker = Walker(special, texts)
            for parallel in (True, False):
                grammar = self.format.grammar(self.tools, special=walker.special, parallel=parallel)
                for text in walker.walks(grammar, count=6):
                    found = self.whole(text)
                    assert found.said == "" and found.calls, f"{text!r}: {found}"
                    assert parallel or len(found.calls) == 1, f"{text!r}: {found}"
                    for name, arguments in found.calls:
                        assert name in schemas, f"{text!r} calls {name!r}"
                        assert conforms(json.loads(arguments), schemas[name], schemas[name]), (
                            f"{text!r}: {found}"
                        )

    def test_the_work_grows_with_the_text_and_no_faster(self) -> None:
        """Four times the text, or four times the arguments, costs about four times the operations."""
        text = next(sample.text for sample in self.samples if sample.native)
        plain = "plain words < and [ marks. "
        for make in (lambda n: (plain * 8 + text) * n, lambda n: plain * 20 * n, self._long_call):
            short, long = self._operations(make(4)), self._operations(make(16))
            assert long < 4.6 * short, (
                f"{make(1)[:80]!r}: {short} operations, and {long} for four times as much"
            )

    def test_many_beginnings_of_calls_are_read_once(self) -> None:
        """A text of nothing but beginnings of calls is not read to its end from each of them."""
        tokens = self.tokenize(next(sample.text for sample in self.samples if sample.native))
        steps = max(1, len(tokens) // 8)
        beginnings = ["".join(tokens[:end]) for end in (1, 2, 3, *range(4, len(tokens), steps))]
        beginnings += [begin + more for begin in beginnings[:3] for more in ('{"type": ', '{"a": [', "f(a=[")]
        for begin in dict.fromkeys(beginnings):
            short, long = self._operations(begin * 10), self._operations(begin * 40)
            assert long < 7 * short, f"{begin!r}: {short} operations, and {long} for four times as much"

    def _long_call(self, length: int) -> str:
        """A call with a text argument that is `length` times 60 characters long."""
        for tool in self.tools:
            for name, schema in tool.parameters.get("properties", {}).items():
                if schema.get("type") == "string":
                    arguments = json.dumps(
                        {name: 'of (many), words; and a "quote" or {two}, in [one] text \\ ' * length}
                    )
                    return self.format.render([ToolCall("", tool.name, arguments)])
        raise AssertionError("none of the suite's tools takes a text")

    def _operations(self, text: str) -> int:
        """How many calls of functions the parser makes for a text."""
        count = 0

        def called(frame: FrameType, event: str, function: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        pieces = [text[place : place + 3] for place in range(0, len(text), 3)]
        before = sys.getprofile()
        sys.setprofile(called)
        try:
            parse(self.format, self.tools, pieces)
        finally:
            sys.setprofile(before)
        return count

    def test_text_is_held_no_longer_than_a_marker(self) -> None:
        """Of text that no marker begins in, nothing is held but white space at the end."""
        longest = max(len(sample.text) for sample in self.samples)
        said = 0
        request = Request(id="sample", model="sample", input=Prompts(("",)), tools=tuple(self.tools))
        parser = self.format.parser(request)
        for number, character in enumerate("<[{ plain words, and more of them. " * (longest // 8 + 1), 1):
            for event in parser.feed(TextDelta(0, character)):
                assert isinstance(event, TextDelta)
                said += len(event.text)
            assert number - said <= longest, f"{number - said} characters are held after {number}"
