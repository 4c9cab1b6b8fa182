"""Bodies as clients send them, and what strangers make of them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.plugins.openai.responses.harness import Desk

from mlxkernel.api import HttpRequest
from mlxkernel.errors import RequestFailed
from mlxkernel.messages import Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation, JsonSchema, Request
from mlxkernel.testing.hostility import mutants

SCHEMA = {"type": "object", "properties": {"cmd": {"type": "string"}}}
COMMAND = {"type": "function", "name": "exec", "description": "d", "strict": False, "parameters": SCHEMA}

CODEX: dict[str, Any] = {
    "model": "m",
    "input": [
        {
            "type": "message",
            "id": "msg_a",
            "role": "developer",
            "content": [{"type": "input_text", "text": "A"}],
        },
        {"type": "message", "id": "msg_b", "role": "user", "content": [{"type": "input_text", "text": "B"}]},
        {
            "type": "reasoning",
            "id": "rs_0_0",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": None,
        },
        {
            "type": "function_call",
            "id": "fc_0_1",
            "call_id": "call_1",
            "name": "read",
            "namespace": "files",
            "arguments": "{}",
            "status": "completed",
        },
        {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "text"},
    ],
    "tools": [
        COMMAND,
        {"type": "namespace", "name": "files", "description": "d", "tools": [{**COMMAND, "name": "read"}]},
        {"type": "web_search", "external_web_access": False},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "k",
    "client_metadata": {"session": "s"},
    "text": {"format": {"type": "json_schema", "name": "out", "strict": True, "schema": SCHEMA}},
}
"""A turn of a coding agent that keeps no items with the server."""


def test_a_coding_agent_s_turn() -> None:
    request = Desk().read(**CODEX)
    assert request.input == Conversation(
        (
            Message(Role.SYSTEM, (Text("A"),)),
            Message(Role.USER, (Text("B"),)),
            Message(Role.ASSISTANT, (Reasoning("hm"), ToolCall("call_1", "files__read", "{}"))),
            Message(Role.TOOL, (ToolResult("call_1", (Text("text"),), "files__read"),)),
        )
    )
    assert [tool.name for tool in request.tools] == ["exec", "files__read"]
    assert request.response_format == JsonSchema(SCHEMA, "out", True, "text.format.schema")


RICH = {
    **CODEX,
    "instructions": "x",
    "previous_response_id": None,
    "metadata": {"a": "b"},
    "stream_options": {"include_obfuscation": False},
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "exec"}]},
    "top_logprobs": 0,
    "stop": ["END"],
    "chat_template_kwargs": {"a": 1},
    "input": [
        {"role": "assistant", "content": [{"type": "output_text", "text": "x", "annotations": []}]},
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"}],
        },
    ],
}


@pytest.mark.parametrize("body", [CODEX, RICH], ids=["codex", "rich"])
def test_whatever_stands_in_a_field_is_carried_on_or_the_client_s_fault(body: dict[str, Any]) -> None:
    desk = Desk()
    decoder = msgspec.msgpack.Decoder(Request)
    for place, raw in mutants(body):
        http = HttpRequest(
            method="POST", path="/v1/responses", headers={"content-type": "application/json"}, body=raw
        )
        try:
            request = desk.operation.read(http)
        except RequestFailed as error:
            assert 400 <= error.fault.kind.status < 500, place
            continue
        decoder.decode(msgspec.msgpack.encode(replace(request, extra=None)))
        assert json.loads(msgspec.json.encode(request.extra.response("m", "in_progress"))), place
        assert msgspec.json.encode(request.extra.items), place
