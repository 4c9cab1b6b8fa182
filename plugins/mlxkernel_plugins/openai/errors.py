"""Errors in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import math

import msgspec
from msgspec import Struct

from mlxkernel.api import Reply
from mlxkernel.errors import Fault, FaultKind

_TYPES = {
    FaultKind.INVALID: "invalid_request_error",
    FaultKind.UNAUTHENTICATED: "authentication_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.NOT_FOUND: "not_found_error",
    FaultKind.METHOD_NOT_ALLOWED: "invalid_request_error",
    FaultKind.TOO_LARGE: "invalid_request_error",
    FaultKind.UNSUPPORTED_MEDIA_TYPE: "invalid_request_error",
    FaultKind.RATE_LIMITED: "rate_limit_error",
    FaultKind.INTERNAL: "server_error",
    FaultKind.OVERLOADED: "service_unavailable",
    FaultKind.TIMEOUT: "timeout_error",
}

_RETRY_AFTER = 1.0
"""Seconds that a client is asked to wait when a fault that passes by itself names no time."""


class ErrorObject(Struct, frozen=True):
    """What went wrong; `param` is the path of the field, `code` a word for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Struct, frozen=True):
    """The envelope, in answers and in streams alike."""

    error: ErrorObject


def body(fault: Fault) -> bytes:
    """The fault as JSON."""
    error = ErrorObject(fault.message, _TYPES[fault.kind], fault.param, fault.code)
    return msgspec.json.encode(ErrorBody(error))


def reply(fault: Fault) -> Reply:
    """The fault as an HTTP answer; OpenAI's clients wait as long as ``retry-after`` says."""
    wait = fault.retry_after
    if wait is None and fault.kind in (FaultKind.OVERLOADED, FaultKind.RATE_LIMITED):
        wait = _RETRY_AFTER
    headers = {} if wait is None else {"retry-after": str(max(1, math.ceil(wait)))}
    return Reply(status=fault.kind.status, body=body(fault), headers=headers)
