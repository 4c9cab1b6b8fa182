"""Errors in Ollama's shape: ``{"error": "…"}``, in answers and as the last line of a stream."""

from __future__ import annotations

import math

import msgspec
from msgspec import Struct

from mlxkernel.api import Reply
from mlxkernel.errors import Fault


class ErrorBody(Struct, frozen=True):
    """All there is: words. So they name the field."""

    error: str


def body(fault: Fault) -> bytes:
    """The fault as JSON."""
    return msgspec.json.encode(ErrorBody(fault.message))


def reply(fault: Fault) -> Reply:
    """The fault as an HTTP answer; the status tells clients what kind it is."""
    wait = fault.retry_after
    headers = {} if wait is None else {"retry-after": str(max(1, math.ceil(wait)))}
    return Reply(status=fault.kind.status, body=body(fault), headers=headers)
