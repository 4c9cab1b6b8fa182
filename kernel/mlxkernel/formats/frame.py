"""The frame: the markers around calls, which all shapes have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from mlxkernel.formats.lark import ANY, Rules
from mlxkernel.formats.reader import Markers, Reader, Reading, markers
from mlxkernel.formats.toolset import Toolset
from mlxkernel.messages import Json
from mlxkernel.request import Tool

Pair: TypeAlias = tuple[str, str]
"""What begins and what ends something; "" where nothing does."""

SPACES = r"[ \t\r\n]*"
"""A regular expression for the white space that is free when read."""

_MOST = 8
"""How many calls a forced answer may make: a weak model would go on to the limit."""


NO_CALL = "{!r} begins no call that can be read; it stays text"
"""What the log is told of a marker that is followed by no call."""


class Call(Struct, frozen=True):
    """A call to be written."""

    name: str
    arguments: dict[str, Json]
    id: str


class Frame(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The markers around calls, written as they stand here; white space around them is free when read.

    `section` surrounds all calls, or each of them when `together` is false; `call` surrounds each. With
    `listed` the calls stand in square brackets. `between` separates calls. `also` are further pairs that
    are read like a section, or like the beginning of a call, and never written; `begun` is one that is read
    where the answer begins and nowhere else, since the prompt has written what comes before. Without
    `section` and `call` the format is bare: a call is known by the tool's name alone.
    """

    section: Pair = ("", "")
    call: Pair = ("", "")
    between: str = ""
    listed: bool = False
    together: bool = True
    also: tuple[Pair, ...] = ()
    begun: Pair = ("", "")

    def __post_init__(self) -> None:
        """Raises `ValueError` when two markers that are looked for together cannot be told apart."""
        self.openers()
        for end in (self._end(word) for word in self.openers().words):
            self._stops(end)

    # --- what a shape adds ------------------------------------------------------------------------

    @property
    def starts(self) -> tuple[str, ...]:
        """What a call begins with in a bare format."""
        return ()

    @property
    def headed(self) -> bool:
        """Whether text has a header, which is dropped where there is nothing to call too (`read_text`)."""
        return False

    def telling(self, tools: Sequence[Tool]) -> str:
        """In a bare format a regular expression for what tells a call of these tools from a text.

        No call is read of a text that it is not in. "": the shape has none.
        """
        return ""

    def read_text(self, reader: Reader) -> Reading[None]:
        """A whole answer that can hold no call."""
        raise NotImplementedError

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """One call without its markers: `begin_call`, then its arguments. True when it is whole."""
        raise NotImplementedError

    def write_call(self, call: Call, number: int) -> str:
        """One call without its markers. Raises `ValueError` when the shape cannot express it."""
        raise NotImplementedError

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """A Lark expression for one call of this tool without its markers."""
        raise NotImplementedError

    # --- reading ----------------------------------------------------------------------------------

    @property
    def bare(self) -> bool:
        """Whether calls stand in the text without markers."""
        return not self.section[0] and not self.call[0]

    def openers(self) -> Markers:
        """Everything that a call may begin with."""
        words = [self.section[0], self.call[0], *(pair[0] for pair in self.also)]
        if self.bare:
            words.extend(self.starts)
        return markers(*(word.strip() for word in words))

    def read(self, reader: Reader, tools: Toolset) -> Reading[None]:
        """A whole answer: text, and the calls in it."""
        openers = self.openers()
        yield from self._beginning(reader, tools)
        while word := (yield from reader.said_until(openers)):
            reader.mark(len(word))
            if word in self.starts:
                reader.back(len(word))
            if not (yield from self._calls(reader, tools, word)):
                reader.refuse(len(word))
                if not self.bare:
                    reader.faults.append(NO_CALL.format(word))

    def _beginning(self, reader: Reader, tools: Toolset) -> Reading[None]:
        """The calls whose marker the prompt has begun, if the answer begins with them."""
        word = self.begun[0].strip()
        if not word:
            return
        reader.mark()
        yield from reader.skip_space()
        seen = yield from reader.literal(word)
        if not seen or not (yield from self._calls(reader, tools, word)):
            reader.refuse(0)
            if seen:
                reader.faults.append(NO_CALL.format(word))

    def _calls(self, reader: Reader, tools: Toolset, word: str) -> Reading[bool]:
        """The calls after an opener; False if there is not even one."""
        end = self._end(word)
        opened = word not in (self.section[0].strip(), *self.starts)
        bracket = False
        if any(word == begin.strip() for begin, _ in (*self.also, self.begun)):
            yield from reader.skip_space()
            yield from reader.literal(self.call[0].strip())
        if self.listed:
            yield from reader.skip_space()
            bracket = yield from reader.literal("[")
        count = 0
        while True:
            if not opened and (yield from self._over(reader, end, bracket, count)):
                return count > 0
            if count:
                reader.mark()
            if not opened and not (yield from reader.literal(self.call[0].strip())):
                return count > 0
            if not (yield from self._call(reader, tools, end)):
                if count:
                    reader.refuse(0)
                return count > 0
            count += 1
            opened = False
            if not (end or bracket or self.between.strip()):
                return True

    def _end(self, word: str) -> str:
        for begin, end in (*self.also, self.begun, self.section):
            if word == begin.strip():
                return end.strip()
        return ""

    def _stops(self, end: str) -> Markers:
        """Where a malformed call ends."""
        close = self.call[1].strip()
        return markers(close, end) if close or end else self.openers()

    def _over(self, reader: Reader, end: str, bracket: bool, count: int) -> Reading[bool]:
        """Go to the next call; True if the section is over."""
        yield from reader.skip_space()
        if count:
            for separator in dict.fromkeys((",", self.between.strip())):
                if separator and (yield from reader.literal(separator)):
                    yield from reader.skip_space()
        if bracket and (yield from reader.literal("]")):
            yield from reader.skip_space()
            yield from reader.literal(end)
            return True
        return bool(end) and (yield from reader.literal(end))

    def _call(self, reader: Reader, tools: Toolset, end: str) -> Reading[bool]:
        """One call to its end; False if it never began."""
        close = self.call[1].strip()
        yield from reader.skip_space()
        if (yield from self.read_call(reader, tools)):
            reader.end_call()
            if close:
                yield from reader.skip_space()
                yield from reader.literal(close)
            return True
        if not reader.is_open:
            return False
        reader.faults.append("a call is malformed or breaks off; what came of it is kept")
        word = yield from reader.stream(self._stops(end), reader.argue)
        if word != close:
            reader.back(len(word))
        reader.end_call(whole=False)
        return True

    # --- writing ----------------------------------------------------------------------------------

    def write(self, calls: Sequence[Call]) -> str:
        """The calls as the model writes them. Raises `ValueError` when one cannot be expressed."""
        begin, end = self.call
        written = [begin + self.write_call(call, number) + end for number, call in enumerate(calls)]
        if not self.together:
            return self.between.join(self._enclosed(call) for call in written)
        return self._enclosed(self.between.join(written))

    def _enclosed(self, calls: str) -> str:
        if self.listed:
            calls = f"[{calls}]"
        return self.section[0] + calls + self.section[1]

    # --- forcing ----------------------------------------------------------------------------------

    def grammar(self, tools: Sequence[Tool], rules: Rules, parallel: bool) -> str:
        """The grammar that allows nothing but calls of these tools, at least one."""
        return self._calls_rule(tools, rules, parallel, rules.text(self.section[0]), rules.text(self.call[0]))

    def guard(self, tools: Sequence[Tool], rules: Rules, parallel: bool) -> str:
        """The grammar that allows any text, and calls of these tools in it.

        What begins a call occurs in no text; what begins it as a special token is no text to begin with. In a
        bare format it is a text or calls, and no text begins with the bracket that calls stand in. Raises
        `ValueError` when nothing tells the two apart.
        """
        if self.bare:
            telling = self.telling(tools)
            if not telling:
                raise ValueError("its calls begin with no marker, so that text and call cannot be told apart")
            begun = [rf"{SPACES}\[{ANY}"] if self.listed else []
            free = rules.text_but(f"{ANY}({telling}){ANY}", *begun)
            return f"{self.grammar(tools, rules, parallel)} | {free}"
        opener = self.section[0] or self.call[0]
        others = [word for word in self.openers().words if word != opener.strip() and word not in opener]
        if self.section[0]:
            others = [word for word in others if word != self.call[0].strip()]
        before = rules.text_before(opener, others)
        if self.section[0]:
            calls = self._calls_rule(tools, rules, parallel, before, rules.text(self.call[0]))
        else:
            calls = self._calls_rule(tools, rules, False, "", before)
            calls = f"({calls}){{1,{_MOST}}}" if parallel else calls
        return f"({calls})? {rules.text_without(opener.strip(), *others)}"

    def _calls_rule(
        self, tools: Sequence[Tool], rules: Rules, parallel: bool, section: str, begin: str
    ) -> str:
        """Calls whose section and whose first call begin with these expressions."""
        end = rules.text(self.call[1])
        bodies = [rules.add("call", self.call_rule(tool, rules)) for tool in tools]
        call = rules.add("any_call", f"{begin} ({' | '.join(bodies)}) {end}")
        brackets = [rules.text(word) if self.listed else "" for word in "[]"]
        before = f"{section} {brackets[0]}"
        after = f"{brackets[1]} {rules.text(self.section[1])}"
        between = rules.text(self.between)
        if not self.together:
            call = rules.add("section", f"{before} {call} {after}")
        more = f"({between} {call}){{0,{_MOST - 1}}}" if parallel else ""
        return f"{call} {more}" if not self.together else f"{before} {call} {more} {after}"
