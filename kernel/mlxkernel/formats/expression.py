"""Expressions: the name, and named arguments in a notation that need not be JSON."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.formats.frame import Call, Frame, Pair
from mlxkernel.formats.lark import Rules, quoted
from mlxkernel.formats.names import LIMIT, NAME
from mlxkernel.formats.notation import Members, Notation, identifier
from mlxkernel.formats.reader import Reader, Reading
from mlxkernel.formats.schema import Spelling, parameters
from mlxkernel.formats.toolset import Toolset
from mlxkernel.request import Tool


class Expression(Frame, frozen=True, kw_only=True, tag_field="shape", tag="expression"):
    """A call as an expression: the name, and named arguments in a notation that need not be JSON.

    `brackets` surround the arguments and `assign` stands between a parameter's name and its value.
    """

    notation: Notation = Notation()
    brackets: Pair = ("(", ")")
    assign: str = "="

    def __post_init__(self) -> None:
        """Raises `ValueError` when brackets, quotes or the sign between key and value are missing."""
        super().__post_init__()
        if not all((*self.brackets, self.assign, self.notation.quotes, *self.notation.quotes)):
            raise ValueError("an expression needs brackets, quotes, and a sign between key and value")

    @property
    def starts(self) -> tuple[str, ...]:
        """A list of calls."""
        return ("[",)

    def telling(self, tools: Sequence[Tool]) -> str:
        """The name with the bracket that opens its arguments."""
        return "|".join(quoted(tool.name + self.brackets[0]) for tool in tools)

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """The name, then its arguments."""
        parts: list[str] = []
        yield from reader.run(NAME, parts.append)
        name = "".join(parts)
        if not name or len(name) > LIMIT or (self.bare and not tools.admits(name)):
            return False
        if not (yield from reader.literal(self.brackets[0])):
            return False
        reader.begin_call(name)
        members = Members(reader, self.notation, self.brackets[1], self.assign, name, tools)
        return (yield from members.read())

    def write_call(self, call: Call, number: int) -> str:
        """The expression. Raises `ValueError` when a name or a text cannot be written in this notation."""
        members = [
            identifier(key) + self.assign + self.notation.write(value)
            for key, value in call.arguments.items()
        ]
        return call.name + self.brackets[0] + self.notation.comma.join(members) + self.brackets[1]

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """The expression with values that the tool's schema accepts."""
        root = parameters(tool)
        members = Spelling(rules, self.notation, root).members(root, self.assign, quoted=False)
        return f"{rules.text(tool.name + self.brackets[0])} {members} {rules.text(self.brackets[1])}"
