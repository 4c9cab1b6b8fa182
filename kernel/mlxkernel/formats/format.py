"""Tool formats: a shape under a name, with what it takes to choose it for a model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlxkernel.api import EventParser
from mlxkernel.formats.frame import Call
from mlxkernel.formats.lark import Rules
from mlxkernel.formats.parser import CallParser, Passing
from mlxkernel.formats.pieces import Piece
from mlxkernel.formats.reader import Reader
from mlxkernel.formats.shapes import Shape
from mlxkernel.formats.toolset import Toolset
from mlxkernel.messages import Json, ToolCall
from mlxkernel.request import NoTool, Request, Tool


class Format(Struct, frozen=True, kw_only=True):
    """How a model family writes tool calls: one description from which parser, grammar and writer come.

    `model_types` are values of config.json's ``model_type`` that use it, `markers` texts that a chat
    template holds when its model does; `source` names the publisher's template or documentation.
    """

    name: str
    shape: Shape
    model_types: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    source: str = ""

    def parser(self, request: Request) -> EventParser:
        """A fresh parser for one choice. Without tools to call text passes, but for a header it may have."""
        if not request.tools or isinstance(request.tool_choice, NoTool):
            return CallParser(self.name, Reader(self.shape.read_text)) if self.shape.headed else Passing()
        return CallParser(self.name, self._reader(request.tools))

    def grammar(
        self,
        tools: Sequence[Tool],
        *,
        special: Mapping[str, int],
        parallel: bool = True,
        forced: bool = True,
    ) -> str:
        """A Lark grammar for llguidance that allows nothing but calls of these tools, at least one.

        `special` maps the text of the tokenizer's special tokens to their ids. Without `parallel` it is
        exactly one call. Not `forced`, it allows any text, and calls in it that follow the schemas. Raises
        `ValueError` when there are no tools, or text and calls cannot be told apart.
        """
        if not tools:
            raise ValueError(f"tool format '{self.name}': a call cannot be forced without tools")
        rules = Rules(special)
        if not forced:
            try:
                return rules.source(self.shape.guard(tools, rules, parallel))
            except ValueError as error:
                raise ValueError(f"tool format '{self.name}': {error}") from error
        return rules.source(self.shape.grammar(tools, rules, parallel))

    def render(self, calls: Sequence[ToolCall]) -> str:
        """The calls as the model writes them. Raises `ValueError` when the format cannot express one.

        An id is written where the format has one and it is of the format's own making.
        """
        return self.shape.write([Call(call.name, _object(call), call.id) for call in calls])

    def read(self, text: str, tools: Sequence[Tool] = ()) -> list[Piece]:
        """The pieces of a whole text. Without tools every name is admitted."""
        return self._reader(tools).close(text)

    def _reader(self, tools: Sequence[Tool]) -> Reader:
        toolset = Toolset(tools)
        return Reader(lambda reader: self.shape.read(reader, toolset))


def _object(call: ToolCall) -> dict[str, Json]:
    arguments = json.loads(call.arguments or "{}")
    if not isinstance(arguments, dict):
        raise ValueError(f"the arguments of {call.name!r} are no JSON object")
    return arguments
