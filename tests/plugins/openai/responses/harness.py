"""What the tests of responses share: an operation with a store, bodies, runs and what they become."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, RequestFailed
from mlxkernel.events import ChoiceFinished, Event, Finished, FinishReason, Started, TextDelta, Usage
from mlxkernel.fold import fold
from mlxkernel.http import Principal
from mlxkernel.request import Request
from mlxkernel_plugins.openai.responses.operation import Responses
from mlxkernel_plugins.openai.responses.store import Store

NOW = 1_700_000_000.9


def http(body: Any, principal: str = "anonymous", **more: Any) -> HttpRequest:
    """A POST with this body by this principal."""
    return HttpRequest(
        method="POST",
        path="/v1/responses",
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(body),
        request_id="req_42",
        principal=Principal(principal),
        **more,
    )


class Desk:
    """An operation with its store; answers are made of scripted events. Ids are ``resp_0``, ``resp_1`` …"""

    def __init__(self, count: int = 16, max_bytes: int = 1 << 20) -> None:
        self.store = Store(count, max_bytes)
        numbers = itertools.count()
        self.operation = Responses(lambda: NOW, self.store, lambda: str(next(numbers)))

    def read(self, *, principal: str = "anonymous", **fields: Any) -> Request:
        """The request of a body; `model` and `input` need not be given."""
        given = http({"model": "m", "input": "hi", **fields}, principal)
        return replace(self.operation.read(given), principal=principal)

    def refused(self, **fields: Any) -> Fault:
        """What a body is refused with; the test fails if it is accepted."""
        with pytest.raises(RequestFailed) as caught:
            self.read(**fields)
        return caught.value.fault

    def whole(self, events: Iterable[Event] | None = None, **fields: Any) -> Any:
        """The whole answer of a run, as a client decodes it."""
        request = self.read(**fields)
        return json.loads(self.operation.answer(request, fold(events or said("Hello"))).body)

    def streamed(self, events: Iterable[Event] | None = None, **fields: Any) -> list[Any]:
        """The events of a stream, as a client decodes them."""
        encoder = self.operation.encoder(self.read(stream=True, **fields))
        raw = b"".join(encoder.feed(event) for event in events or said("Hello")) + encoder.close()
        return decoded(raw)


def said(text: str, reason: FinishReason = FinishReason.STOP) -> list[Event]:
    """A run that says this."""
    return [Started(5), TextDelta(0, text), ChoiceFinished(0, reason), Finished(Usage(5, 3, 4, 1))]


def decoded(raw: bytes) -> list[Any]:
    """The data of a stream; the name of each event must be its type."""
    data = []
    for block in raw.decode().removesuffix("\n\n").split("\n\n"):
        name, line = block.split("\n")
        data.append(json.loads(line.removeprefix("data: ")))
        assert name == f"event: {data[-1]['type']}"
    assert [event["sequence_number"] for event in data] == list(range(len(data)))
    return data


Make = Callable[[], Desk]
