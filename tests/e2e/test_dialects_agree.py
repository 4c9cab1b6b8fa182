"""One question, asked in every dialect: the model gets the same tokens and gives the same tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from msgspec import Struct

from mlxkernel.testing import ServeProcess, serve_process

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city"}},
    "required": ["city"],
}
NAME, WHAT = "get_weather", "Get the current weather in a city"
SYSTEM, QUESTION = "Your name is Nora.", "What is your name?"
LIMIT = 40


class Answer(Struct, frozen=True):
    """What was said, what was called, and the tokens that both took."""

    text: str
    calls: tuple[tuple[str, str], ...]
    prompt_tokens: int
    completion_tokens: int


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


def post(server: ServeProcess, path: str, body: dict[str, Any]) -> Any:
    reply = httpx.post(server.url + path, json=body, headers={"anthropic-version": "2023-06-01"}, timeout=60)
    assert reply.status_code == 200, reply.text
    return reply.json()


def call(name: str, arguments: Any) -> tuple[str, str]:
    parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    return name, json.dumps(parsed, sort_keys=True)


def openai_chat(server: ServeProcess, question: str, tools: bool) -> Answer:
    function = {"name": NAME, "description": WHAT, "parameters": PARAMETERS}
    body = {
        "model": "tiny",
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}],
        "temperature": 0,
        "max_tokens": LIMIT,
        **({"tools": [{"type": "function", "function": function}]} if tools else {}),
    }
    reply = post(server, "/v1/chat/completions", body)
    message, usage = reply["choices"][0]["message"], reply["usage"]
    made = [one["function"] for one in message.get("tool_calls") or []]
    return Answer(
        message["content"] or "",
        tuple(call(one["name"], one["arguments"]) for one in made),
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )


def openai_responses(server: ServeProcess, question: str, tools: bool) -> Answer:
    tool = {"type": "function", "name": NAME, "description": WHAT, "parameters": PARAMETERS, "strict": False}
    body = {
        "model": "tiny",
        "instructions": SYSTEM,
        "input": question,
        "temperature": 0,
        "max_output_tokens": LIMIT,
        **({"tools": [tool]} if tools else {}),
    }
    reply = post(server, "/v1/responses", body)
    said = [part["text"] for item in reply["output"] if item["type"] == "message" for part in item["content"]]
    made = [item for item in reply["output"] if item["type"] == "function_call"]
    return Answer(
        "".join(said),
        tuple(call(one["name"], one["arguments"]) for one in made),
        reply["usage"]["input_tokens"],
        reply["usage"]["output_tokens"],
    )


def anthropic_messages(server: ServeProcess, question: str, tools: bool) -> Answer:
    body = {
        "model": "tiny",
        "system": SYSTEM,
        "messages": [{"role": "user", "content": question}],
        "temperature": 0,
        "max_tokens": LIMIT,
        **({"tools": [{"name": NAME, "description": WHAT, "input_schema": PARAMETERS}]} if tools else {}),
    }
    reply = post(server, "/v1/messages", body)
    usage = reply["usage"]
    return Answer(
        "".join(block["text"] for block in reply["content"] if block["type"] == "text"),
        tuple(call(one["name"], one["input"]) for one in reply["content"] if one["type"] == "tool_use"),
        usage["input_tokens"] + usage["cache_read_input_tokens"],
        usage["output_tokens"],
    )


def ollama_chat(server: ServeProcess, question: str, tools: bool) -> Answer:
    function = {"name": NAME, "description": WHAT, "parameters": PARAMETERS}
    body = {
        "model": "tiny:latest",
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}],
        "options": {"temperature": 0, "num_predict": LIMIT},
        "stream": False,
        **({"tools": [{"type": "function", "function": function}]} if tools else {}),
    }
    reply = post(server, "/api/chat", body)
    made = [one["function"] for one in reply["message"].get("tool_calls") or []]
    return Answer(
        reply["message"]["content"],
        tuple(call(one["name"], one["arguments"]) for one in made),
        reply["prompt_eval_count"],
        reply["eval_count"],
    )


@pytest.mark.parametrize("ask", [openai_responses, anthropic_messages, ollama_chat])
@pytest.mark.parametrize(
    ("question", "tools"),
    [(QUESTION, False), ("Tell me a story.", False), ("What is the weather in Paris?", True)],
)
def test_the_same_tokens_go_in_and_come_out(
    server: ServeProcess, ask: Any, question: str, tools: bool
) -> None:
    expected = openai_chat(server, question, tools)
    assert expected.text or expected.calls
    assert ask(server, question, tools) == expected


def test_what_is_counted_is_what_is_sent(server: ServeProcess) -> None:
    expected = openai_chat(server, QUESTION, True).prompt_tokens
    tool = {"name": NAME, "description": WHAT, "input_schema": PARAMETERS}
    body = {
        "model": "tiny",
        "system": SYSTEM,
        "messages": [{"role": "user", "content": QUESTION}],
        "tools": [tool],
    }
    assert post(server, "/v1/messages/count_tokens", body) == {"input_tokens": expected}
