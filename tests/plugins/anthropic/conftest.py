"""What the tests of the Anthropic dialect share: reading a body, and what a body was refused with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from mlxkernel.api import HttpRequest, Operation
from mlxkernel.errors import Fault, RequestFailed
from mlxkernel.request import Request
from mlxkernel_plugins.anthropic import Anthropic, Config
from mlxkernel_plugins.anthropic.system_lines import SystemLines

Read = Callable[..., Request]
Refused = Callable[..., Fault]

BASE = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
COUNTED = {name: value for name, value in BASE.items() if name != "max_tokens"}


def http(
    body: Any, content_type: str | None = "application/json", headers: Mapping[str, str] | None = None
) -> HttpRequest:
    """A POST with this body: bytes as they are, anything else as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    kind = {} if content_type is None else {"content-type": content_type}
    return HttpRequest(
        method="POST", path="/", headers={**kind, **(headers or {})}, body=raw, request_id="req_42"
    )


def refusal(operation: Operation, body: Any, content_type: str | None = "application/json") -> Fault:
    """The fault that this body meets; the test fails if it is accepted."""
    with pytest.raises(RequestFailed) as caught:
        operation.read(http(body, content_type))
    return caught.value.fault


@pytest.fixture
def dialect() -> Anthropic:
    """The dialect with its defaults."""
    return Anthropic(SystemLines(Config().system_lines))


@pytest.fixture
def messages(dialect: Anthropic) -> Any:
    """The operation behind /v1/messages."""
    return dialect.routes()[0]


@pytest.fixture
def counting(dialect: Anthropic) -> Any:
    """The operation behind /v1/messages/count_tokens."""
    return dialect.routes()[1]


@pytest.fixture
def read(messages: Operation) -> Read:
    """Reads a body; `messages`, `model` and `max_tokens` need not be given."""
    return lambda **fields: messages.read(http({**BASE, **fields}))


@pytest.fixture
def refused(messages: Operation) -> Refused:
    """What a body is refused with; `messages`, `model` and `max_tokens` need not be given."""
    return lambda **fields: refusal(messages, {**BASE, **fields})


@pytest.fixture
def read_count(counting: Operation) -> Read:
    """Reads a body of the route that counts; `messages` and `model` need not be given."""
    return lambda **fields: counting.read(http({**COUNTED, **fields}))


@pytest.fixture
def refused_count(counting: Operation) -> Refused:
    """What a body of the route that counts is refused with."""
    return lambda **fields: refusal(counting, {**COUNTED, **fields})


@pytest.fixture
def refused_body(messages: Operation) -> Callable[..., Fault]:
    """What a raw body is refused with."""
    return lambda body, content_type="application/json": refusal(messages, body, content_type)
