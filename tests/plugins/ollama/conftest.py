"""What the tests of the Ollama dialect share: reading a body, and what a body was refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mlxkernel.api import HttpRequest, Operation
from mlxkernel.errors import Fault, RequestFailed
from mlxkernel.request import Request
from mlxkernel_plugins.ollama import Ollama

NOW = 1_700_000_000.25
STAMP = "2023-11-14T22:13:20.250000Z"

Read = Callable[..., Request]
Refused = Callable[..., Fault]


def http(body: Any, **headers: str) -> HttpRequest:
    """A POST with this body: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = headers or {"content-type": "application/json"}
    return HttpRequest(method="POST", path="/", headers=headers, body=raw, request_id="req_42")


def refusal(operation: Operation, body: Any, **headers: str) -> Fault:
    """The fault that this body meets; the test fails if it is accepted."""
    with pytest.raises(RequestFailed) as caught:
        operation.read(http(body, **headers))
    return caught.value.fault


@pytest.fixture
def routes() -> dict[str, Any]:
    """The operations by path, with a clock that stands still."""
    return {route.path: route for route in Ollama(clock=lambda: NOW).routes()}


@pytest.fixture
def read(routes: dict[str, Any]) -> Read:
    """Reads a body at a path."""
    return lambda path, body, **headers: routes[path].read(http(body, **headers))


@pytest.fixture
def refused(routes: dict[str, Any]) -> Refused:
    """What a body is refused with at a path."""
    return lambda path, body, **headers: refusal(routes[path], body, **headers)


@pytest.fixture
def chat(routes: dict[str, Any]) -> Any:
    """The operation behind /api/chat."""
    return routes["/api/chat"]


@pytest.fixture
def generate(routes: dict[str, Any]) -> Any:
    """The operation behind /api/generate."""
    return routes["/api/generate"]


@pytest.fixture
def read_chat(chat: Operation) -> Read:
    """Reads a chat body; `messages` and `model` need not be given."""
    base = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    return lambda **fields: chat.read(http({**base, **fields}))


@pytest.fixture
def refused_chat(chat: Operation) -> Refused:
    """What a chat body is refused with; `messages` and `model` need not be given."""
    base = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    return lambda **fields: refusal(chat, {**base, **fields})


@pytest.fixture
def read_generate(generate: Operation) -> Read:
    """Reads a generate body; `prompt` and `model` need not be given."""
    return lambda **fields: generate.read(http({"model": "m", "prompt": "hi", **fields}))


@pytest.fixture
def refused_generate(generate: Operation) -> Refused:
    """What a generate body is refused with; `prompt` and `model` need not be given."""
    return lambda **fields: refusal(generate, {"model": "m", "prompt": "hi", **fields})
