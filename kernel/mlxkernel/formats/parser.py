"""The parser: a choice's events with the calls that its text holds."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from msgspec.structs import replace

from mlxkernel.events import (
    ChoiceFinished,
    Event,
    FinishReason,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from mlxkernel.formats.pieces import Arguments, Closed, Opened, Piece, Said
from mlxkernel.formats.reader import Reader

logger = logging.getLogger("mlxkernel.formats")

_TOLD = 8
"""Faults of one answer that the log is told: a text of nothing but markers has thousands."""


def new_id() -> str:
    """An id for a call whose format has none."""
    return f"call_{secrets.token_hex(12)}"


class Passing:
    """Lets every event pass: there is nothing to call."""

    def feed(self, event: Event) -> Sequence[Event]:
        """The event."""
        return (event,)


class CallParser:
    """Finds the calls in the text of one choice.

    The tokens and logprobs of text that is held back go with the next text. Those of a call go nowhere as
    far as logprobs are concerned, which are the text's; its tokens are counted with the next text, or with
    an empty one at the end.
    """

    def __init__(self, format: str, reader: Reader) -> None:
        self._format = format
        self._reader = reader
        self._ids: set[str] = set()
        self._calls = 0
        self._argued = False
        self._faults = 0
        self._tokens = 0
        self._logprobs: tuple[TokenLogprob, ...] = ()

    def feed(self, event: Event) -> Sequence[Event]:
        """The events in place of this one."""
        match event:
            case TextDelta(text=text):
                if not self._tokens and not self._logprobs and self._reader.passes(text):
                    return (event,)
                self._tokens += event.tokens
                self._logprobs += event.logprobs
                return self._events(event.index, self._reader.feed(text))
            case ChoiceFinished(index=index, reason=reason):
                events = self._events(index, self._reader.close())
                if self._calls:
                    self._logprobs = ()
                if self._tokens or self._logprobs:
                    events.append(self._text(index, ""))
                if self._calls and reason is FinishReason.STOP:
                    event = replace(event, reason=FinishReason.TOOL_CALLS)
                return [*events, event]
            case _:
                return (event,)

    def _events(self, index: int, pieces: Sequence[Piece]) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            match piece:
                case Said(text):
                    events.append(self._text(index, text))
                case Opened(name, id):
                    self._argued = False
                    self._logprobs = ()
                    events.append(ToolCallStarted(index, self._calls, self._unique(id), name))
                case Arguments(text):
                    self._argued = True
                    events.append(ToolCallDelta(index, self._calls, text))
                case Closed(whole):
                    if whole and not self._argued:
                        events.append(ToolCallDelta(index, self._calls, "{}"))
                    events.append(ToolCallEnded(index, self._calls))
                    self._calls += 1
                    self._logprobs = ()
        if any(isinstance(piece, Arguments) for piece in pieces[-1:]):
            self._logprobs = ()
        self._report()
        return events

    def _text(self, index: int, text: str) -> TextDelta:
        delta = TextDelta(index, text, self._tokens, self._logprobs)
        self._tokens, self._logprobs = 0, ()
        return delta

    def _unique(self, id: str | None) -> str:
        if not id or id in self._ids:
            id = new_id()
        self._ids.add(id)
        return id

    def _report(self) -> None:
        """Log what was malformed, without the text: it is the client's."""
        faults, self._reader.faults = self._reader.faults, []
        for fault in faults:
            self._faults += 1
            if self._faults <= _TOLD:
                logger.warning("tool format '%s': %s", self._format, fault)
            elif self._faults == _TOLD + 1:
                logger.warning(
                    "tool format '%s': this answer has more faults; they are not told", self._format
                )
