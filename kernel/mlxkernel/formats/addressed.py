"""Addressed: parts with a recipient each, which is a tool or everybody."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.formats import json_text
from mlxkernel.formats.frame import NO_CALL, SPACES, Call, Frame
from mlxkernel.formats.json_text import dumped
from mlxkernel.formats.lark import ANY, Rules, quoted
from mlxkernel.formats.names import LIMIT, NAME
from mlxkernel.formats.reader import Reader, Reading, markers
from mlxkernel.formats.schema import parameters
from mlxkernel.formats.toolset import Toolset
from mlxkernel.request import Tool


class Addressed(Frame, frozen=True, kw_only=True, tag_field="shape", tag="addressed"):
    """An answer in parts, each of which begins with its recipient on a line of its own.

    `between` separates parts; the prompt has written the first one. A part for `everyone` is text, any other
    is a call with its arguments as a JSON object. Calls have no markers of their own.
    """

    everyone: str = "all"

    def __post_init__(self) -> None:
        """Raises `ValueError` when nothing separates parts or there are other markers."""
        super().__post_init__()
        if not self.between.strip() or not self.everyone or not self.bare or self.listed:
            raise ValueError("parts need something between them and no other markers")

    def read(self, reader: Reader, tools: Toolset) -> Reading[None]:
        """A whole answer, part by part."""
        separator = self.between.strip()
        word = ""
        while True:
            reader.mark(len(word))
            if not (yield from self._part(reader, tools)):
                reader.refuse(len(word))
                if word:
                    reader.faults.append(NO_CALL.format(word))
            word = yield from reader.said_until(markers(separator))
            if not word:
                return

    @property
    def headed(self) -> bool:
        """Text is addressed to everyone."""
        return True

    def read_text(self, reader: Reader) -> Reading[None]:
        """The text behind its header."""
        reader.mark()
        if (yield from reader.literal(f"{self.everyone}\n")):
            reader.drop()
        else:
            reader.refuse(0)
        yield from reader.said_until(markers())

    def _part(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """The recipient, and the call that follows; False if there is none."""
        if (yield from reader.literal(f"{self.everyone}\n")):
            reader.drop()
            return True
        return (yield from self._call(reader, tools, self.between.strip()))

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """The name, a line end, and an object."""
        parts: list[str] = []
        yield from reader.run(NAME, parts.append)
        name = "".join(parts)
        if not name or len(name) > LIMIT or not tools.admits(name) or not (yield from reader.literal("\n")):
            return False
        if not (yield from reader.sees("{")):
            return False
        reader.begin_call(name)
        return (yield from json_text.arguments(reader, reader.argue))

    def guard(self, tools: Sequence[Tool], rules: Rules, parallel: bool) -> str:
        """A text, or a text or none and then calls; no text is addressed to a tool."""
        names = "|".join(quoted(tool.name) for tool in tools)
        to_tool = rf"{SPACES}({names})\n{ANY}"
        separator = self.between.strip()
        calls = self.grammar(tools, rules, parallel)
        before = rules.text_until_but(separator, to_tool)
        return f"({before})? {calls} | {rules.text_but(to_tool, f'{ANY}{quoted(separator)}{ANY}')}"

    def write_call(self, call: Call, number: int) -> str:
        """The name, a line end, and an object. Raises `ValueError` for a tool named as everyone is."""
        if call.name == self.everyone:
            raise ValueError(f"{call.name!r} addresses everyone, so that it cannot be the name of a tool")
        return f"{call.name}\n{dumped(call.arguments)}"

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """The name, a line end, and arguments that the tool's schema accepts."""
        return f"{rules.text(tool.name + chr(10))} {rules.json(parameters(tool))}"
