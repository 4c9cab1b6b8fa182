"""Errors in OpenAI's shape."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel_plugins.openai import OpenAI


@pytest.mark.parametrize(
    ("kind", "status", "type"),
    [
        (FaultKind.INVALID, 400, "invalid_request_error"),
        (FaultKind.UNAUTHENTICATED, 401, "authentication_error"),
        (FaultKind.FORBIDDEN, 403, "permission_error"),
        (FaultKind.NOT_FOUND, 404, "not_found_error"),
        (FaultKind.METHOD_NOT_ALLOWED, 405, "invalid_request_error"),
        (FaultKind.TOO_LARGE, 413, "invalid_request_error"),
        (FaultKind.UNSUPPORTED_MEDIA_TYPE, 415, "invalid_request_error"),
        (FaultKind.RATE_LIMITED, 429, "rate_limit_error"),
        (FaultKind.INTERNAL, 500, "server_error"),
        (FaultKind.OVERLOADED, 503, "service_unavailable"),
        (FaultKind.TIMEOUT, 504, "timeout_error"),
    ],
)
def test_each_kind_has_its_status_and_type(dialect: OpenAI, kind: FaultKind, status: int, type: str) -> None:
    reply = dialect.error(Fault(kind=kind, message="No.", param="a[0].b", code="c"), "req_1")
    assert (reply.status, reply.content_type) == (status, "application/json")
    assert msgspec.json.decode(reply.body) == {
        "error": {"message": "No.", "type": type, "param": "a[0].b", "code": "c"}
    }


def test_every_kind_is_covered(dialect: OpenAI) -> None:
    for kind in FaultKind:
        assert dialect.error(Fault(kind=kind, message="No."), "").status == kind.status


@pytest.mark.parametrize(
    ("kind", "retry_after", "header"),
    [
        (FaultKind.OVERLOADED, None, "1"),
        (FaultKind.RATE_LIMITED, None, "1"),
        (FaultKind.OVERLOADED, 2.1, "3"),
        (FaultKind.OVERLOADED, 0.0, "1"),
        (FaultKind.INTERNAL, 5.0, "5"),
        (FaultKind.INTERNAL, None, None),
    ],
)
def test_retry_after(dialect: OpenAI, kind: FaultKind, retry_after: float | None, header: str | None) -> None:
    reply = dialect.error(Fault(kind=kind, message="No.", retry_after=retry_after), "")
    assert reply.headers.get("retry-after") == header
