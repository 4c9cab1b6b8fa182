"""The header ``request-id``, on every answer below the dialect's prefix and on no other."""

from __future__ import annotations

from typing import Any

import pytest

from mlxkernel_plugins.anthropic.request_ids import with_request_ids


async def headers_of(scope: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """The headers that a client gets from an application that answers everything."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "headers": [(b"X-Request-Id", b"req_1")]})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await with_request_ids(app, "/v1/messages")(scope, None, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return list(sent[0]["headers"])


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/messages/"])
async def test_below_the_prefix(path: str) -> None:
    headers = await headers_of({"type": "http", "path": path})
    assert headers == [(b"X-Request-Id", b"req_1"), (b"request-id", b"req_1")]


@pytest.mark.parametrize(
    "scope",
    [{"type": "http", "path": "/v1/messagesque"}, {"type": "http", "path": "/v1"}, {"type": "lifespan"}],
)
async def test_elsewhere(scope: dict[str, Any]) -> None:
    assert await headers_of(scope) == [(b"X-Request-Id", b"req_1")]
