"""Thinking through a real server, a real worker and the bundled model, by the official openai client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from msgspec import Struct
from tokenizers import Tokenizer

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_plugins import tiny

QUESTION = "What is 3 plus 4?"

THINK: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": True}}

CLOSING = 2
"""Tokens of thought that close it when the budget is spent: a line break and the marker."""

SCHEMA = {
    "type": "object",
    "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 20}, "sure": {"type": "boolean"}},
    "required": ["sum", "sure"],
    "additionalProperties": False,
}


class Reply(Struct, frozen=True):
    """What one answer says, and what it costs."""

    thought: str
    said: str
    reason: str
    tokens: int
    thought_tokens: int


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    folder = tiny.BundledSource().resolve("bundled:tiny", lambda *_: None)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def _whole(client: openai.AsyncOpenAI, question: str = QUESTION, **options: Any) -> Reply:
    answer = await client.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": question}],
        temperature=0,
        **{"max_tokens": 200, **options},
    )
    choice, usage = answer.choices[0], answer.usage
    extra = choice.message.model_extra or {}
    thought = extra.get("reasoning_content")
    assert thought == extra.get("reasoning")
    return Reply(
        thought or "",
        choice.message.content or "",
        choice.finish_reason,
        usage.completion_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


async def _streamed(client: openai.AsyncOpenAI, question: str = QUESTION, **options: Any) -> Reply:
    stream = await client.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": question}],
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
        **{"max_tokens": 200, **options},
    )
    thought, said, reason, usage = [], [], "", None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            extra = choice.delta.model_extra or {}
            assert extra.get("reasoning_content") == extra.get("reasoning")
            thought.append(extra.get("reasoning_content") or "")
            said.append(choice.delta.content or "")
            reason = choice.finish_reason or reason
    assert usage is not None
    return Reply(
        "".join(thought),
        "".join(said),
        reason,
        usage.completion_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


async def test_streamed_is_whole_and_the_tokens_are_exact(
    client: openai.AsyncOpenAI, tokenizer: Tokenizer
) -> None:
    for question in (QUESTION, "What is the capital of France?", "Tell me a story."):
        whole = await _whole(client, question, extra_body=THINK)
        assert whole == await _streamed(client, question, extra_body=THINK)
        assert whole.thought and "think>" not in whole.thought + whole.said
        # The prompt ends with "<think>\n"; what comes up to the closing marker is thought, with it.
        thought = tokenizer.encode(f"{whole.thought}\n</think>", add_special_tokens=False).ids
        said = tokenizer.encode(f"\n\n{whole.said}", add_special_tokens=False).ids
        assert whole.thought_tokens == len(thought), whole
        assert whole.reason == "stop" and whole.tokens == len(thought) + len(said) + 1, whole


async def test_thinking_that_the_limit_cuts_is_thought(client: openai.AsyncOpenAI) -> None:
    cut = await _whole(client, extra_body=THINK, max_tokens=3)
    assert cut == await _streamed(client, extra_body=THINK, max_tokens=3)
    assert cut.thought and not cut.said
    assert (cut.reason, cut.tokens, cut.thought_tokens) == ("length", 3, 3)


@pytest.mark.parametrize("budget", [0, 2, 3, 6])
async def test_a_budget_bounds_the_thinking(client: openai.AsyncOpenAI, budget: int) -> None:
    free = await _whole(client, extra_body=THINK)
    body = {**THINK, "thinking_token_budget": budget}
    bound = await _whole(client, extra_body=body)
    assert bound == await _streamed(client, extra_body=body)
    assert free.thought_tokens > max(budget, CLOSING)
    assert bound.thought_tokens == max(budget, CLOSING)
    assert bound.said and free.thought.startswith(bound.thought)


async def test_a_budget_that_is_not_reached_changes_nothing(client: openai.AsyncOpenAI) -> None:
    free = await _whole(client, extra_body=THINK)
    assert await _whole(client, extra_body={**THINK, "thinking_token_budget": 500}) == free


async def test_effort_turns_thinking_on_and_off(client: openai.AsyncOpenAI) -> None:
    free = await _whole(client, extra_body=THINK)
    assert await _whole(client, reasoning_effort="low") == free
    off = await _whole(client, reasoning_effort="none")
    assert (off.thought, off.thought_tokens) == ("", 0) and off.said
    for body in ({"enable_thinking": False}, {"chat_template_kwargs": {"enable_thinking": False}}):
        assert await _whole(client, extra_body=body) == off
        assert await _streamed(client, extra_body=body) == off
    assert await _whole(client, extra_body={"enable_thinking": True}) == free


async def test_unasked_it_does_not_think(client: openai.AsyncOpenAI) -> None:
    plain = await _whole(client)
    assert (plain.thought, plain.thought_tokens) == ("", 0) and plain.said


async def test_a_question_about_markers_is_no_thinking(client: openai.AsyncOpenAI) -> None:
    reply = await _whole(client, "What is <think>?", max_tokens=20)
    assert (reply.thought, reply.thought_tokens) == ("", 0) and reply.said


async def test_a_document_after_thinking(client: openai.AsyncOpenAI) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "sum", "strict": True, "schema": SCHEMA}}
    for body in (THINK, {**THINK, "thinking_token_budget": 4}):
        whole = await _whole(client, extra_body=body, response_format=form)
        assert whole == await _streamed(client, extra_body=body, response_format=form)
        assert whole.said, (body, whole)
        document = json.loads(whole.said)
        assert document.keys() == {"sum", "sure"} and 0 <= document["sum"] <= 20
        assert whole.thought and whole.thought_tokens
