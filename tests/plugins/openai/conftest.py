"""What the tests of the OpenAI dialect share: reading a body, and what a body was refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from mlxkernel.api import HttpRequest, Operation
from mlxkernel.errors import Fault, RequestFailed
from mlxkernel.request import Request
from mlxkernel_plugins.openai import OpenAI

NOW = 1_700_000_000.9

Read = Callable[..., Request]
Refused = Callable[..., Fault]


def http(body: Any, content_type: str | None = "application/json") -> HttpRequest:
    """A POST with this body: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = {} if content_type is None else {"content-type": content_type}
    return HttpRequest(method="POST", path="/", headers=headers, body=raw, request_id="req_42")


def refusal(operation: Operation, body: Any, content_type: str | None = "application/json") -> Fault:
    """The fault that this body meets; the test fails if it is accepted."""
    with pytest.raises(RequestFailed) as caught:
        operation.read(http(body, content_type))
    return caught.value.fault


@pytest.fixture
def dialect() -> OpenAI:
    """The dialect, with a clock that stands still."""
    return OpenAI(clock=lambda: NOW)


@pytest.fixture
def chat(dialect: OpenAI) -> Any:
    """The operation behind /v1/chat/completions."""
    return dialect.routes()[0]


@pytest.fixture
def completions(dialect: OpenAI) -> Any:
    """The operation behind /v1/completions."""
    return dialect.routes()[1]


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
def read_completion(completions: Operation) -> Read:
    """Reads a completion body; `prompt` and `model` need not be given."""
    return lambda **fields: completions.read(http({"model": "m", "prompt": "hi", **fields}))


@pytest.fixture
def refused_completion(completions: Operation) -> Refused:
    """What a completion body is refused with; `prompt` and `model` need not be given."""
    return lambda **fields: refusal(completions, {"model": "m", "prompt": "hi", **fields})


@pytest.fixture
def refused_body(chat: Operation) -> Callable[..., Fault]:
    """What a raw chat body is refused with."""
    return lambda body, content_type="application/json": refusal(chat, body, content_type)
