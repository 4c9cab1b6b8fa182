"""Errors in Anthropic's shape: ``{"type": "error", "error": {"type", "message"}, "request_id"}``."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mlxkernel.api import Reply
from mlxkernel.errors import Fault, FaultKind

_TYPES = {
    FaultKind.INVALID: "invalid_request_error",
    FaultKind.UNAUTHENTICATED: "authentication_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.NOT_FOUND: "not_found_error",
    FaultKind.METHOD_NOT_ALLOWED: "invalid_request_error",
    FaultKind.TOO_LARGE: "request_too_large",
    FaultKind.UNSUPPORTED_MEDIA_TYPE: "invalid_request_error",
    FaultKind.RATE_LIMITED: "rate_limit_error",
    FaultKind.INTERNAL: "api_error",
    FaultKind.OVERLOADED: "overloaded_error",
    FaultKind.TIMEOUT: "timeout_error",
}

_RETRY_AFTER = 1.0
"""Seconds that a client is asked to wait when a fault that passes by itself names no time."""


class Details(Struct, frozen=True):
    """What programs go by: a stable word, and the path of the field where there is one."""

    error_code: str
    param: str | UnsetType = UNSET


class ErrorObject(Struct, frozen=True):
    """What went wrong."""

    type: str
    message: str
    details: Details | UnsetType = UNSET


class ErrorBody(Struct, frozen=True, kw_only=True):
    """The envelope, in answers and in streams alike."""

    type: Literal["error"] = "error"
    error: ErrorObject
    request_id: str | None


def body(fault: Fault, request_id: str) -> bytes:
    """The fault as JSON."""
    details: Details | UnsetType = UNSET
    if fault.code is not None:
        details = Details(fault.code, UNSET if fault.param is None else fault.param)
    error = ErrorObject(_TYPES[fault.kind], fault.message, details)
    return msgspec.json.encode(ErrorBody(error=error, request_id=request_id or None))


def reply(fault: Fault, request_id: str) -> Reply:
    """The fault as an HTTP answer; Anthropic's clients wait as long as ``retry-after`` says."""
    wait = fault.retry_after
    if wait is None and fault.kind in (FaultKind.OVERLOADED, FaultKind.RATE_LIMITED):
        wait = _RETRY_AFTER
    headers = {} if wait is None else {"retry-after": str(max(1, math.ceil(wait)))}
    return Reply(status=fault.kind.status, body=body(fault, request_id), headers=headers)
