"""Errors in Anthropic's shape."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel.errors import Fault, FaultKind, renamed
from mlxkernel_plugins.anthropic import Anthropic
from mlxkernel_plugins.anthropic.messages import CountTokens, Messages
from mlxkernel_plugins.anthropic.system_lines import SystemLines


@pytest.mark.parametrize(
    ("kind", "status", "type"),
    [
        (FaultKind.INVALID, 400, "invalid_request_error"),
        (FaultKind.UNAUTHENTICATED, 401, "authentication_error"),
        (FaultKind.FORBIDDEN, 403, "permission_error"),
        (FaultKind.NOT_FOUND, 404, "not_found_error"),
        (FaultKind.METHOD_NOT_ALLOWED, 405, "invalid_request_error"),
        (FaultKind.TOO_LARGE, 413, "request_too_large"),
        (FaultKind.UNSUPPORTED_MEDIA_TYPE, 415, "invalid_request_error"),
        (FaultKind.RATE_LIMITED, 429, "rate_limit_error"),
        (FaultKind.INTERNAL, 500, "api_error"),
        (FaultKind.OVERLOADED, 503, "overloaded_error"),
        (FaultKind.TIMEOUT, 504, "timeout_error"),
    ],
)
def test_each_kind_has_its_status_and_type(
    dialect: Anthropic, kind: FaultKind, status: int, type: str
) -> None:
    reply = dialect.error(Fault(kind=kind, message="No."), "req_1")
    assert (reply.status, reply.content_type) == (status, "application/json")
    assert msgspec.json.decode(reply.body) == {
        "type": "error",
        "error": {"type": type, "message": "No."},
        "request_id": "req_1",
    }


def test_every_kind_is_covered(dialect: Anthropic) -> None:
    for kind in FaultKind:
        assert dialect.error(Fault(kind=kind, message="No."), "").status == kind.status


def test_what_programs_go_by(dialect: Anthropic) -> None:
    fault = Fault(kind=FaultKind.INVALID, message="No.", param="a[0].b", code="c")
    error = msgspec.json.decode(dialect.error(fault, "r").body)["error"]
    assert error["details"] == {"error_code": "c", "param": "a[0].b"}
    fault = Fault(kind=FaultKind.NOT_FOUND, message="No.", code="no_route")
    assert msgspec.json.decode(dialect.error(fault, "r").body)["error"]["details"] == {
        "error_code": "no_route"
    }


def test_fields_have_the_names_that_the_client_sent() -> None:
    message = "'reasoning_effort' is not supported: model 'm' does not think before it answers"
    fault = Fault(kind=FaultKind.INVALID, message=message, param="reasoning_effort", code="unsupported")
    for route in (Messages(SystemLines({})), CountTokens(SystemLines({}))):
        told = renamed(fault, route.names)
        assert told.message == "'thinking' is not supported: model 'm' does not think before it answers"
        assert told.param == "thinking"


@pytest.mark.parametrize(
    ("kind", "retry_after", "header"),
    [
        (FaultKind.OVERLOADED, None, "1"),
        (FaultKind.RATE_LIMITED, None, "1"),
        (FaultKind.OVERLOADED, 2.1, "3"),
        (FaultKind.INTERNAL, 5.0, "5"),
        (FaultKind.INTERNAL, None, None),
    ],
)
def test_retry_after(
    dialect: Anthropic, kind: FaultKind, retry_after: float | None, header: str | None
) -> None:
    reply = dialect.error(Fault(kind=kind, message="No.", retry_after=retry_after), "")
    assert reply.headers.get("retry-after") == header
