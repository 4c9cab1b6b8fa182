"""Errors: what a client is told (`Fault`) and what stops a program (`StartError`).

MlxKernelError
├── RequestFailed       carries the Fault that ends one request
└── StartError          one clear line for the terminal; exit code 1
    ├── ConfigError     mlx.toml, the environment or a flag is wrong
    ├── PluginError     a plugin that the user named, or that guards the door, cannot be used
    └── MissingDependency   a package that a command needs cannot be imported
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace


class FaultKind(Enum):
    """Whose fault it is and what a client may do about it; each dialect maps it to its own words."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    OVERLOADED = "overloaded"
    TIMEOUT = "timeout"

    @property
    def status(self) -> int:
        """The HTTP status code that goes with this kind (RFC 9110)."""
        return _STATUS[self]


_STATUS = {
    FaultKind.INVALID: 400,
    FaultKind.UNAUTHENTICATED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.METHOD_NOT_ALLOWED: 405,
    FaultKind.TOO_LARGE: 413,
    FaultKind.UNSUPPORTED_MEDIA_TYPE: 415,
    FaultKind.RATE_LIMITED: 429,
    FaultKind.INTERNAL: 500,
    FaultKind.OVERLOADED: 503,
    FaultKind.TIMEOUT: 504,
}


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request ended without an answer, in words that may be shown to its sender.

    `message` names the thing, its owner and the mend; it holds no path, prompt or traceback.
    `param` is the path of the offending field (``messages[2].content``), `code` a stable word for
    programs (``model_not_found``), `retry_after` seconds after which a retry is worth while.
    """

    kind: FaultKind
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: float | None = None


class MlxKernelError(Exception):
    """The root of every error that this project raises on purpose."""


class RequestFailed(MlxKernelError):
    """One request cannot be answered; `fault` says why. Others are not affected."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class StartError(MlxKernelError):
    """A command cannot go on; the message is the one line that the terminal shows."""


class ConfigError(StartError):
    """mlx.toml, an environment variable or a flag is wrong; the message names file, table and key."""


class PluginError(StartError):
    """A plugin that must not be missing cannot be used; the message names its distribution."""


class MissingDependency(StartError):
    """A package that the command needs cannot be imported; the message holds the command that mends it."""


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> RequestFailed:
    """The error for a request that is wrong in itself (400); `param` is the field's path."""
    return RequestFailed(Fault(kind=FaultKind.INVALID, message=message, param=param, code=code))


def unsupported(param: str, why: str) -> RequestFailed:
    """The error for a field that is understood and cannot be honoured here (400, never ignored)."""
    return invalid(f"'{param}' is not supported: {why}", param=param, code="unsupported_parameter")


def renamed(fault: Fault, names: Mapping[str, str]) -> Fault:
    """The same fault with its fields called as `names` has it: in `param`, and in quotes in the message.

    An entry of a list (``prompt[3]``) goes with its field; what lies deeper keeps its path.
    """
    if not names:
        return fault
    field = re.compile(rf"({'|'.join(map(re.escape, names))})(\[\d+\])?")

    def own(found: re.Match[str]) -> str:
        return names[found[1]] + (found[2] or "")

    message = re.sub(f"(?<='){field.pattern}(?=')", own, fault.message)
    found = field.fullmatch(fault.param or "")
    return replace(fault, message=message, param=own(found) if found else fault.param)
