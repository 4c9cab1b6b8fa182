"""Messages and requests as values: frozen, tagged, and the same after a trip over the wire."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel.messages import Audio, Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import (
    AutoTool,
    Conversation,
    JsonSchema,
    Prompts,
    Request,
    RequiredTool,
    Sampling,
    Tool,
)

PARTS: list[Part] = [
    Text("hi"),
    Text("signed", extra={"signature": "x"}),
    Image(data=b"\x00\xff", detail="low"),
    Image(url="https://example.org/a.png"),
    Audio(b"\x01", "wav"),
    Reasoning("hm"),
    ToolCall("c1", "add", '{"a": 1}'),
    ToolResult("c1", (Text("2"), Image(data=b"p")), name="add", is_error=True),
]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
def test_a_part_survives_the_wire_and_cannot_be_changed(part: Part) -> None:
    encoded = msgspec.msgpack.encode(part)
    assert msgspec.msgpack.decode(encoded, type=Part) == part
    with pytest.raises(AttributeError):
        part.extra = 1


def test_a_whole_request_survives_the_wire() -> None:
    request = Request(
        id="r",
        model="m",
        input=Conversation((Message(Role.SYSTEM, tuple(PARTS), "me"),), {"enable_thinking": False}, True),
        tools=(Tool("f", "adds", {"type": "object"}, True),),
        tool_choice=RequiredTool(("f",)),
        sampling=Sampling(temperature=0.0, logit_bias={5: -100.0}, seed=2**63, processors=("p",)),
        stop=("\n",),
        response_format=JsonSchema({"type": "object"}),
        n=2,
        logprobs=0,
        extra={"anything": [1, None]},
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request) == request


def test_the_defaults_of_a_request_say_nothing() -> None:
    request = Request(id="r", model="m", input=Prompts(("a", (1, 2))))
    assert len(msgspec.msgpack.encode(request)) < 60
    assert (request.tool_choice, request.max_tokens, request.logprobs) == (AutoTool(), None, None)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request) == request
