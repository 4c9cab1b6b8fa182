"""Parsing: the engine's text becomes thinking, answer and tool calls, choice by choice."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel.api import Engine, EventParser, ModelSpec
from mlxkernel.arguments import ArgumentCheck
from mlxkernel.events import Embedding, Event, Rendered, Started
from mlxkernel.registry import Registries
from mlxkernel.request import Conversation, NoTool, Request

AUTO = "auto"
"""The format that the engine chose for its model."""

NONE = "none"
"""No format: the text stays as the model wrote it."""


class Parsers:
    """The parsers of every choice of one run: reasoning first, then tools, then their arguments.

    They are chosen when the first text comes: by then the model is loaded, and its engine has said which
    formats it uses. The answer to a raw prompt is raw text and is not parsed.
    """

    def __init__(self, request: Request, spec: ModelSpec, engine: Engine, registries: Registries) -> None:
        self._request = request
        self._spec = spec
        self._engine = engine
        self._registries = registries
        self._prompt_end = ""
        self._chains: dict[int, list[EventParser]] = {}

    def feed(self, event: Event) -> Sequence[Event]:
        """The events that this one becomes."""
        if isinstance(event, Started):
            self._prompt_end = event.prompt_end
        index = getattr(event, "index", None)
        if index is None or isinstance(event, (Rendered, Embedding)):
            return (event,)
        chain = self._chains.get(index)
        if chain is None:
            chain = self._chains[index] = self._fresh()
        events: Sequence[Event] = (event,)
        for parser in chain:
            events = [out for inner in events for out in parser.feed(inner)]
        return events

    def _fresh(self) -> list[EventParser]:
        if not isinstance(self._request.input, Conversation):
            return []
        spec, info, registries = self._spec, self._engine.info, self._registries
        parsers: list[EventParser] = []
        thinking = info.reasoning_format if spec.reasoning_format == AUTO else spec.reasoning_format
        if thinking is not None and thinking in registries.reasoning_formats:
            parsers.append(registries.reasoning_formats[thinking].parser(self._request, self._prompt_end))
        calling = info.tool_format if spec.tool_format == AUTO else spec.tool_format
        if calling is not None and calling in registries.tool_formats:
            parsers.append(registries.tool_formats[calling].parser(self._request))
            if self._request.tools and not isinstance(self._request.tool_choice, NoTool):
                parsers.append(ArgumentCheck(self._request))
        return parsers
