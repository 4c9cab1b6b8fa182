"""JSON calls: one object that holds the name and the arguments."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.formats import json_text
from mlxkernel.formats.frame import SPACES, Call, Frame
from mlxkernel.formats.json_text import dumped
from mlxkernel.formats.lark import Rules, quoted
from mlxkernel.formats.reader import Reader, Reading, Sink
from mlxkernel.formats.schema import parameters
from mlxkernel.formats.toolset import Toolset
from mlxkernel.request import Tool


class JsonCalls(Frame, frozen=True, kw_only=True, tag_field="shape", tag="json"):
    """A call as one JSON object that holds its name and its arguments.

    The first of each tuple is written, all are read. An empty `name` makes the tool's name the key of
    its arguments. A number of the call stands under `id` where the format has one.
    """

    name: tuple[str, ...] = ("name",)
    arguments: tuple[str, ...] = ("arguments", "parameters")
    id: str = ""

    @property
    def starts(self) -> tuple[str, ...]:
        """An object, or a list of them."""
        return ("[", "{") if self.listed else ("{",)

    def telling(self, tools: Sequence[Tool]) -> str:
        """The tool's name as a value, or as the key where there is none for it; neither with escapes."""
        names = "|".join(quoted(dumped(tool.name)) for tool in tools)
        keys = "|".join(quoted(dumped(key)) for key in self.name)
        return f"({keys}){SPACES}:{SPACES}({names})" if keys else f"({names}){SPACES}:"

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """One object. Arguments that come before the name wait for it."""
        if not (yield from reader.literal("{")):
            return False
        reading = _JsonCall(reader, tools, self)
        more = False
        while True:
            yield from reader.skip_space()
            if (yield from reader.literal("}")):
                return reader.is_open
            if more:
                if not (yield from reader.literal(",")):
                    return False
                yield from reader.skip_space()
            if not (yield from reading.member()):
                return False
            more = True

    def write_call(self, call: Call, number: int) -> str:
        """One object."""
        if not self.name:
            return dumped({call.name: call.arguments})
        head = {self.id: call.id if call.id.isdecimal() else str(number)} if self.id else {}
        return dumped({**head, self.name[0]: call.name, self.arguments[0]: call.arguments})

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """The object with the tool's name and arguments that its schema accepts."""
        arguments = rules.json(parameters(tool))
        if not self.name:
            return f"{rules.text('{' + dumped(tool.name) + ': ')} {arguments} {rules.text('}')}"
        head = f"{dumped(self.name[0])}: {dumped(tool.name)}, {dumped(self.arguments[0])}: "
        if not self.id:
            return f"{rules.text('{' + head)} {arguments} {rules.text('}')}"
        number = f"{rules.text('{' + dumped(self.id) + ': ' + chr(34))} {rules.regex('[0-9]{1,2}')}"
        return f"{number} {rules.text(chr(34) + ', ' + head)} {arguments} {rules.text('}')}"


class _JsonCall:
    """The members of one call's object, in whatever order they come."""

    def __init__(self, reader: Reader, tools: Toolset, shape: JsonCalls) -> None:
        self._reader = reader
        self._tools = tools
        self._shape = shape
        self._id: str | None = None
        self._held: list[str] = []

    def member(self) -> Reading[bool]:
        """One key and its value; False if it is malformed, or shows that this is no call."""
        reader, shape = self._reader, self._shape
        plain = shape.bare and not reader.is_open
        key = yield from json_text.text(reader, plain)
        yield from reader.skip_space()
        if key is None or not (yield from reader.literal(":")):
            return False
        yield from reader.skip_space()
        if not shape.name and not reader.is_open:
            return self._begin(key) and (yield from json_text.arguments(reader, reader.argue))
        if key in shape.name and not reader.is_open:
            name = yield from json_text.text(reader, plain)
            return bool(name) and self._begin(name or "")
        if key in shape.arguments:
            if shape.bare and not reader.is_open:
                return False
            sink: Sink = reader.argue if reader.is_open else self._held.append
            return (yield from json_text.arguments(reader, sink))
        if key == shape.id and not reader.is_open:
            self._id = yield from json_text.text(reader)
            return self._id is not None
        if plain:
            # Of a kind the kind is told as text; reading on through more of them would be endless work.
            return key == "type" and (yield from json_text.text(reader)) is not None
        return (yield from json_text.value(reader, _ignored))

    def _begin(self, name: str) -> bool:
        if self._shape.bare and not self._tools.admits(name):
            return False
        self._reader.begin_call(name.strip(), self._id)
        for text in self._held:
            self._reader.argue(text)
        return True


def _ignored(text: str) -> None:
    """The value of a key that says nothing of the call."""
