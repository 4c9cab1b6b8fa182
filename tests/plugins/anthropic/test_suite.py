"""The Anthropic dialect holds what every dialect must."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from jiter import from_json

from mlxkernel.api import Reply
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import (
    Conversation,
    JsonSchema,
    ReasoningWish,
    Render,
    Request,
    RequiredTool,
    Sampling,
    Tool,
)
from mlxkernel.testing.dialects import (
    REQUEST_ID,
    DialectSuite,
    GoldenRequest,
    RefusedField,
    WireAnswer,
    WireChoice,
)
from mlxkernel_plugins.anthropic import Anthropic, Config
from mlxkernel_plugins.anthropic.messages import Remembered
from mlxkernel_plugins.anthropic.system_lines import SystemLines

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
PNG = b"\x89PNG"
SOURCE = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
MARK = {"type": "ephemeral"}
TOOLS = [
    {"name": "first", "description": "A city's weather", "input_schema": SCHEMA, "cache_control": MARK},
    {"name": "second", "input_schema": {"type": "object"}, "type": "custom", "strict": True},
]
HELLO = Message(Role.USER, (Text("Hello!"),))
SAY_HELLO = [{"role": "user", "content": "Hello!"}]


def request(input: Conversation, **more: Any) -> Request:
    return Request(id=REQUEST_ID, model="tiny", input=input, **more)


def answered(input: Conversation, **more: Any) -> Request:
    """A request of the route that answers."""
    return request(input, **{"max_tokens": 50, "clip": True, "extra": Remembered(False), **more})


GOLDEN = (
    GoldenRequest(
        name="messages",
        path=MESSAGES,
        body={"model": "tiny", "max_tokens": 50, "messages": SAY_HELLO, "stream": True},
        request=answered(Conversation((HELLO,)), stream=True),
    ),
    GoldenRequest(
        name="messages with everything",
        path=MESSAGES,
        headers={
            "content-type": "application/json; charset=utf-8",
            "anthropic-version": "2026-10-21",
            "anthropic-beta": "context-1m-2025-08-07",
        },
        body={
            "model": "tiny",
            "max_tokens": 50,
            "stream": True,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": MARK}],
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image", "source": SOURCE},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "mlxkernel"},
                        {"type": "redacted_thinking", "data": "x"},
                        {"type": "tool_use", "id": "call_a", "name": "first", "input": {"age": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "call_a",
                            "content": [{"type": "text", "text": "fine"}],
                            "is_error": True,
                        },
                        {"type": "text", "text": "And now?"},
                    ],
                },
            ],
            "tools": TOOLS,
            "tool_choice": {"type": "any"},
            "thinking": {"type": "enabled", "budget_tokens": 20},
            "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": SCHEMA}},
            "stop_sequences": ["END"],
            "temperature": 0,
            "top_p": 0.9,
            "top_k": 40,
            "metadata": {"user_id": "u"},
            "cache_control": MARK,
            "service_tier": "auto",
            "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        },
        request=answered(
            Conversation(
                (
                    Message(Role.SYSTEM, (Text("Be brief."),)),
                    Message(
                        Role.USER,
                        (
                            Text("What is this?"),
                            Image(
                                data=PNG, media_type="image/png", where="messages[0].content[1].source.data"
                            ),
                        ),
                    ),
                    Message(Role.ASSISTANT, (Reasoning("Hm."), ToolCall("call_a", "first", '{"age":1}'))),
                    Message(Role.TOOL, (ToolResult("call_a", (Text("fine"),), "first", True),)),
                    Message(Role.USER, (Text("And now?"),)),
                ),
            ),
            tools=(Tool("first", "A city's weather", SCHEMA), Tool("second", "", {"type": "object"}, True)),
            tool_choice=RequiredTool(),
            response_format=JsonSchema(SCHEMA, field="output_config.format.schema"),
            reasoning=ReasoningWish(True, "high", 20),
            stop=("END",),
            sampling=Sampling(temperature=0, top_p=0.9, top_k=40),
            stream=True,
        ),
    ),
    GoldenRequest(
        name="one call, and a picture to fetch",
        path=MESSAGES,
        body={
            "model": "tiny",
            "max_tokens": 50,
            "stream": True,
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image", "source": {"type": "url", "url": "https://a.example/b"}}],
                }
            ],
            "tools": TOOLS[:1],
            "tool_choice": {"type": "tool", "name": "first", "disable_parallel_tool_use": True},
            "thinking": {"type": "adaptive"},
        },
        request=answered(
            Conversation(
                (
                    Message(
                        Role.USER,
                        (Image(url="https://a.example/b", where="messages[0].content[0].source.url"),),
                    ),
                )
            ),
            tools=(Tool("first", "A city's weather", SCHEMA),),
            tool_choice=RequiredTool(("first",)),
            parallel_tool_calls=False,
            reasoning=ReasoningWish(optional=True),
            stream=True,
        ),
    ),
    GoldenRequest(
        name="the beginning of an answer",
        path=MESSAGES,
        body={
            "model": "tiny",
            "max_tokens": 50,
            "messages": [*SAY_HELLO, {"role": "assistant", "content": "I am"}],
            "stream": True,
        },
        request=answered(
            Conversation((HELLO, Message(Role.ASSISTANT, (Text("I am"),))), continue_last=True), stream=True
        ),
    ),
    GoldenRequest(
        name="the count",
        path=COUNT,
        body={"model": "tiny", "messages": SAY_HELLO, "system": "Be brief.", "tools": TOOLS[:1]},
        request=request(
            Conversation((Message(Role.SYSTEM, (Text("Be brief."),)), HELLO)),
            tools=(Tool("first", "A city's weather", SCHEMA),),
            task=Render(),
        ),
    ),
)


class TestAnthropic(DialectSuite):
    dialect = Anthropic(SystemLines(Config().system_lines))
    golden = GOLDEN
    refused = (
        RefusedField(path=MESSAGES, field="thread", value={"type": "create"}),
        RefusedField(path=MESSAGES, field="service_tier", value="priority"),
        RefusedField(path=MESSAGES, field="container", value="c"),
        RefusedField(path=MESSAGES, field="mcp_servers", value=[{"type": "url"}]),
        RefusedField(
            path=MESSAGES, field="tools", value=[{"type": "web_search_20250305", "name": "web_search"}]
        ),
        RefusedField(
            path=MESSAGES,
            field="messages",
            value=[{"role": "user", "content": [{"type": "document", "source": {}}]}],
            named="document",
        ),
        RefusedField(path=COUNT, field="max_tokens", value=5),
    )

    def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
        blocks: list[dict[str, Any]] = []
        pieces: dict[int, str] = {}
        reason, usage, error, ends = "", None, None, 0
        for name, event in _events(b"".join(chunks)):
            assert name == event["type"]
            match name:
                case "content_block_start":
                    assert event["index"] == len(blocks)
                    blocks.append(event["content_block"])
                case "content_block_delta":
                    assert event["index"] == len(blocks) - 1
                    _grow(blocks[-1], event["delta"], pieces.setdefault(len(blocks), ""))
                    pieces[len(blocks)] += event["delta"].get("partial_json", "")
                case "message_delta":
                    usage, reason = _usage(event["usage"]), _reason(event["delta"])
                case "message_stop":
                    ends += 1
                case "error":
                    ends, error = ends + 1, event["error"]["message"]
                case _:
                    assert name in ("message_start", "content_block_stop", "ping")
        for place, text in pieces.items():
            if text:
                blocks[place - 1]["input"] = from_json(text.encode(), partial_mode=True)
        return WireAnswer(choices=(_choice(blocks, reason),), usage=usage, ends=ends, error=error)

    def decode_answer(self, sample: GoldenRequest, reply: Reply) -> WireAnswer:
        message = json.loads(reply.body)
        choice = _choice(message["content"], _reason(message))
        return WireAnswer(choices=(choice,), usage=_usage(message["usage"]))

    def decode_error(self, reply: Reply) -> str:
        body = json.loads(reply.body)
        assert (body["type"], body["request_id"]) == ("error", REQUEST_ID)
        return str(body["error"]["message"])


def _events(data: bytes) -> Iterable[tuple[str, Any]]:
    """Events as the specification of server-sent events has them; comments are none."""
    for block in data.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            name, payload = lines
            yield name.removeprefix("event: "), json.loads(payload.removeprefix("data: "))


def _grow(block: dict[str, Any], delta: dict[str, Any], so_far: str) -> None:
    match delta:
        case {"type": "text_delta", "text": text}:
            block["text"] += text
        case {"type": "thinking_delta", "thinking": thought}:
            block["thinking"] += thought
        case {"type": "signature_delta", "signature": signature}:
            block["signature"] = signature
        case {"type": "input_json_delta"}:
            assert block["type"] == "tool_use"
        case _:
            raise AssertionError(f"there is no such delta: {delta}")


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    """With the tokens of the whole prompt, which Anthropic counts in two parts."""
    return {**usage, "prompt": usage["input_tokens"] + usage["cache_read_input_tokens"]}


def _reason(ending: dict[str, Any]) -> str:
    return f"{ending['stop_reason']} {ending['stop_sequence']}"


def _choice(blocks: list[dict[str, Any]], reason: str) -> WireChoice:
    assert all(block["signature"] for block in blocks if block["type"] == "thinking")
    return WireChoice(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        reasoning="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        calls=tuple((b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"),
        reason=reason,
    )
