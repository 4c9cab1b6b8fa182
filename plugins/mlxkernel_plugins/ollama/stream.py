"""JSON lines: how an answer is streamed, on both routes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET, Struct

from mlxkernel import framing
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from mlxkernel.request import Request
from mlxkernel_plugins.ollama import errors, logprobs, replies
from mlxkernel_plugins.ollama.calls import Calls
from mlxkernel_plugins.ollama.replies import MakeLine, Said

CONTENT_TYPE = framing.JSON_LINES

KEEP_ALIVE = b" "
"""White space before a JSON value, which every reader of JSON skips; an empty line would break some."""

_json = msgspec.json.Encoder()


def line(payload: Struct) -> bytes:
    """One line with this JSON."""
    return framing.line(_json.encode(payload))


class LineEncoder:
    """One stream. `make` gives the route's lines, `clock` the time in seconds since the epoch."""

    content_type: str = CONTENT_TYPE

    def __init__(self, request: Request, make: MakeLine, clock: Callable[[], float]) -> None:
        self._model = request.model
        self._make = make
        self._clock = clock
        self._logprobs = request.logprobs is not None
        self._calls = Calls()
        self._reason = FinishReason.STOP

    def feed(self, event: Event) -> bytes:
        """The line of this event."""
        match event:
            case TextDelta(text=text, logprobs=tokens):
                listed = logprobs.wire(tokens) if self._logprobs and tokens else UNSET
                return self._line(Said(text, logprobs=listed)) if text or listed else b""
            case ReasoningDelta(text=text):
                return self._line(Said(thinking=text)) if text else b""
            case ToolCallStarted(call=call, id=id, name=name):
                self._calls.begin(call, id, name)
            case ToolCallDelta(call=call, arguments=arguments):
                self._calls.argue(call, arguments)
            case ToolCallEnded(call=call):
                made = self._calls.end(call)
                return b"" if made is None else self._line(Said(calls=[made]))
            case ChoiceFinished(reason=reason):
                self._reason = reason
                made_late, text = self._calls.rest()
                return self._line(Said(text, calls=made_late)) if made_late or text else b""
            case Finished(usage=usage, timing=timing):
                last = self._make(self._model, self._clock(), Said())
                return line(replies.ended(last, replies.done_reason(self._reason), usage, timing))
            case Failed(fault=fault):
                return line(errors.ErrorBody(fault.message))
            case _:
                pass
        return b""

    def keep_alive(self) -> bytes:
        """A space."""
        return KEEP_ALIVE

    def close(self) -> bytes:
        """Nothing: the last line says that it is the last."""
        return b""

    def _line(self, said: Said) -> bytes:
        return line(self._make(self._model, self._clock(), said))
