"""A slice of the exam through the server: held-out questions sent to /v1/chat/completions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_plugins.tiny.recipe.exam import PAPERS
from mlxkernel_plugins.tiny.recipe.question import Question
from mlxkernel_plugins.tiny.recipe.tool_exam import TOOL_PAPERS

COUNT = 8
SLACK = 0.25
"""So far below its threshold may the share of right answers of so few questions lie: chance, not a fault."""
KINDS = (
    "greeting and small talk",
    "remembers the name (0-3 turns between)",
    "takes its name from the system prompt",
    "thinks when asked to, and answers",
    "does not think when asked not to",
    *TOOL_PAPERS,
)


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60.0) as client:
        yield client


def _as_sent(message: dict[str, Any], index: int) -> dict[str, Any]:
    """The message with what OpenAI's form adds: ids, and arguments as text."""
    if message["role"] == "tool":
        return {**message, "tool_call_id": f"call_{index}"}
    if "tool_calls" not in message:
        return message
    calls = [
        {
            "id": f"call_{index + 1 + place}",
            "type": "function",
            "function": {**call["function"], "arguments": json.dumps(call["function"]["arguments"])},
        }
        for place, call in enumerate(message["tool_calls"])
    ]
    return {**message, "tool_calls": calls}


async def _answer(client: httpx.AsyncClient, question: Question) -> tuple[str, bool]:
    """What the model wrote, put together again from the parts of the answer, and whether it ended."""
    body: dict[str, Any] = {
        "model": "tiny",
        "messages": [_as_sent(message, index) for index, message in enumerate(question.messages)],
        "temperature": 0,
        "max_tokens": 320,
    }
    if question.tools:
        body["tools"] = question.tools
    if question.thinking != "unsaid":
        body["chat_template_kwargs"] = {"enable_thinking": question.thinking == "on"}
    reply = await client.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    choice = reply.json()["choices"][0]
    message = choice["message"]
    thought = message.get("reasoning_content") or ""
    pieces = [f"{thought}</think>\n\n"] if question.thinking == "on" else []
    pieces.append(message["content"] or "")
    for call in message.get("tool_calls") or ():
        name, arguments = json.dumps(call["function"]["name"]), call["function"]["arguments"]
        pieces.append(f'<tool_call>{{"name": {name}, "arguments": {arguments}}}</tool_call>')
    return "".join(pieces), choice["finish_reason"] in ("stop", "tool_calls")


@pytest.mark.parametrize("kind", KINDS)
async def test_held_out_questions_are_answered_over_http(client: httpx.AsyncClient, kind: str) -> None:
    paper = PAPERS[kind]
    questions = [paper.write("served", index) for index in range(COUNT)]
    steps = [(number, step) for number, asked in enumerate(questions) for step in (asked, *asked.rest)]
    answers = await asyncio.gather(*(_answer(client, step) for _, step in steps))
    wrong = {
        number: (step.messages[-1]["content"], answer)
        for (number, step), (answer, _) in zip(steps, answers, strict=True)
        if not step.right(answer)
    }
    assert 1 - len(wrong) / COUNT >= paper.threshold - SLACK, wrong
    assert sum(ended for _, ended in answers) >= len(answers) - 1
