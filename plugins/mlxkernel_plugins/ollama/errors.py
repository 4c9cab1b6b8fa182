"""Errors in Ollama's shape: ``{"error": "…"}``, in answers and as the last line of a stream."""

from __future__ import annotations

import math

import msgspec
from msgspec import Struct

from mlxkernel.api import Reply
from mlxkernel.errors import Fault

_FIELDS = {
    "max_tokens": "options.num_predict",
    "repetition_penalty": "options.repeat_penalty",
    "presence_penalty": "options.presence_penalty",
    "frequency_penalty": "options.frequency_penalty",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
    "top_k": "options.top_k",
    "min_p": "options.min_p",
    "typical_p": "options.typical_p",
    "reasoning_effort": "think",
}
"""Fields that an engine knows by another name than Ollama's clients."""


class ErrorBody(Struct, frozen=True):
    """All there is: words. So they name the field."""

    error: str


def message(fault: Fault) -> str:
    """What went wrong, in the words of this dialect."""
    own = _FIELDS.get(fault.param or "")
    return fault.message.replace(f"'{fault.param}'", f"'{own}'") if own else fault.message


def body(fault: Fault) -> bytes:
    """The fault as JSON."""
    return msgspec.json.encode(ErrorBody(message(fault)))


def reply(fault: Fault) -> Reply:
    """The fault as an HTTP answer; the status tells clients what kind it is."""
    wait = fault.retry_after
    headers = {} if wait is None else {"retry-after": str(max(1, math.ceil(wait)))}
    return Reply(status=fault.kind.status, body=body(fault), headers=headers)
