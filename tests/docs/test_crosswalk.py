"""docs/clients/crosswalk.md: what it says of a control is what the dialects do with its field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.clients.environment import PAGES

from mlxkernel.api import HttpRequest
from mlxkernel.errors import RequestFailed
from mlxkernel_plugins.anthropic import Anthropic
from mlxkernel_plugins.anthropic.system_lines import SystemLines
from mlxkernel_plugins.ollama.dialect import Ollama
from mlxkernel_plugins.openai.dialect import OpenAI

PAGE = PAGES / "crosswalk.md"
CHAT, RESPONSES, MESSAGES, OLLAMA = "/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat"

HELLO = [{"role": "user", "content": "Hello!"}]
BASES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": HELLO},
    RESPONSES: {"input": "Hello!"},
    MESSAGES: {"messages": HELLO, "max_tokens": 2048},
    OLLAMA: {"messages": HELLO},
}
FUNCTION = {"type": "function", "name": "f", "parameters": {}}


def part(kind: str) -> list[dict[str, Any]]:
    """A message with one part that is no text."""
    return [{"role": "user", "content": [{"type": kind, kind: {"data": "x", "format": "wav"}}]}]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (CHAT, {"verbosity": "low"}, "only 'medium', the model's own, is offered"),
    (RESPONSES, {"text": {"verbosity": "low"}}, "only 'medium', the model's own, is offered"),
    (CHAT, {"reasoning": {"effort": "low"}}, "did you mean 'reasoning_effort'?"),
    (CHAT, {"messages": part("file")}, "files are not read; send their text"),
    (RESPONSES, {"truncation": "auto"}, "no part of a conversation is dropped; leave it out"),
    (MESSAGES, {"min_p": 0.1}, "'min_p' is not a field of this API"),
    (OLLAMA, {"tool_choice": "required"}, "unknown field 'tool_choice'"),
]
"""What the page quotes."""

REFUSED_ELSEWHERE: list[tuple[str, dict[str, Any], str]] = [
    (CHAT, {"repeat_penalty": 1.1}, "repetition_penalty"),
    (CHAT, {"mirostat": 1}, "mirostat"),
    (CHAT, {"max_tokens": 0}, "max_tokens"),
    (CHAT, {"max_tokens": -1}, "max_tokens"),
    (CHAT, {"keep_alive": "5m"}, "keep_alive"),
    (CHAT, {"thinking": {"type": "enabled"}}, "enable_thinking"),
    (CHAT, {"web_search_options": {}}, "web_search_options"),
    (CHAT, {"session_id": "a"}, "session_id"),
    (CHAT, {"messages": part("input_audio")}, "messages[0].content[0].type"),
    (RESPONSES, {"logit_bias": {"5": 1}}, "logit_bias"),
    (RESPONSES, {"tools": [{"type": "web_search"}]}, "tools[0].type"),
    (RESPONSES, {"tools": [{"type": "mcp", "server_label": "a", "server_url": "http://a"}]}, "tools[0].type"),
    (MESSAGES, {"seed": 1}, "seed"),
    (MESSAGES, {"frequency_penalty": 1}, "frequency_penalty"),
    (MESSAGES, {"mcp_servers": [{"type": "url", "url": "http://a", "name": "a"}]}, "mcp_servers"),
    (MESSAGES, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 4096}}, "max_tokens"),
    (OLLAMA, {"options": {"mirostat": 1}}, "options.mirostat"),
    (OLLAMA, {"messages": [], "keep_alive": 0}, "keep_alive"),
]

TAKEN: list[tuple[str, dict[str, Any]]] = [
    (CHAT, {"top_k": 5, "min_p": 0.1, "seed": 1, "repetition_penalty": 1.1, "logit_bias": {"5": 1}}),
    (CHAT, {"max_completion_tokens": 5, "n": 2, "stop": ["a"], "user": "u", "store": True, "metadata": {}}),
    (CHAT, {"reasoning_effort": "low", "thinking_token_budget": 10, "prompt_cache_key": "a"}),
    (CHAT, {"response_format": {"type": "json_object"}, "stream": True}),
    (RESPONSES, {"top_k": 5, "min_p": 0.1, "seed": 1, "presence_penalty": 1, "stop": "a"}),
    (RESPONSES, {"reasoning": {"effort": "low"}, "tools": [{"type": "web_search"}, FUNCTION]}),
    (MESSAGES, {"top_k": 5, "stop_sequences": ["a"], "thinking": {"type": "enabled", "budget_tokens": 1024}}),
    (OLLAMA, {"options": {"num_ctx": 8192, "mirostat": 0, "tfs_z": 1, "seed": -1, "num_predict": -1}}),
    (OLLAMA, {"options": {"repeat_penalty": 1.1, "repeat_last_n": 64}}),
    (OLLAMA, {"keep_alive": "5m", "truncate": True, "shift": True, "think": "high", "format": "json"}),
]


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """Each dialect's routes by their path."""
    dialects = (OpenAI(), Anthropic(SystemLines({})), Ollama())
    return {route.path: route for dialect in dialects for route in dialect.routes()}


def read(operations: dict[str, Any], path: str, fields: dict[str, Any]) -> None:
    body = msgspec.json.encode({"model": "m", **BASES[path], **fields})
    headers = {"content-type": "application/json"}
    operations[path].read(HttpRequest(method="POST", path=path, headers=headers, body=body, request_id="r"))


@pytest.mark.parametrize(("path", "fields", "message"), [*REFUSED, *REFUSED_ELSEWHERE])
def test_refused(operations: dict[str, Any], path: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestFailed) as caught:
        read(operations, path, fields)
    assert message in caught.value.fault.message


@pytest.mark.parametrize(("path", "fields"), TAKEN)
def test_taken(operations: dict[str, Any], path: str, fields: dict[str, Any]) -> None:
    read(operations, path, fields)


@pytest.mark.parametrize("message", sorted({message for _, _, message in REFUSED}))
def test_quoted(message: str) -> None:
    assert f"`{message}`" in PAGE.read_text(encoding="utf-8")
