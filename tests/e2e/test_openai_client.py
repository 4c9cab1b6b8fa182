"""The official openai client against a real server, a real worker and the bundled model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process, until


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def _ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def _streamed(client: openai.AsyncOpenAI, text: str, **options: object) -> tuple[str, str | None, int]:
    """The text, the finish reason and the usage's completion tokens of one stream."""
    words, reason, tokens = [], None, -1
    stream = await client.chat.completions.create(
        model="tiny",
        messages=_ask(text),
        stream=True,
        stream_options={"include_usage": True},
        **options,
    )
    async for chunk in stream:
        for choice in chunk.choices:
            words.append(choice.delta.content or "")
            reason = choice.finish_reason or reason
        if chunk.usage is not None:
            tokens = chunk.usage.completion_tokens
    return "".join(words), reason, tokens


async def test_sixteen_streams_at_once(server: ServeProcess, client: openai.AsyncOpenAI) -> None:
    """Sixteen streams, of them one cancelled, one with a seed, one with n=2, one with logprobs."""
    alone = await _streamed(client, "Hello!", temperature=0)

    async def cancelled() -> None:
        stream = await client.chat.completions.create(
            model="tiny",
            messages=_ask("Tell me a story."),
            stream=True,
            max_tokens=2000,
            extra_body={"ignore_eos": True},
        )
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                await stream.close()
                return

    async def two() -> list[str]:
        answer = await client.chat.completions.create(
            model="tiny", messages=_ask("Tell me a story."), n=2, seed=5, temperature=1.0, max_tokens=40
        )
        return [choice.message.content or "" for choice in answer.choices]

    async def probable() -> list[float]:
        answer = await client.chat.completions.create(
            model="tiny", messages=_ask("Hello!"), logprobs=True, top_logprobs=3, temperature=0
        )
        content = answer.choices[0].logprobs.content
        assert "".join(entry.token for entry in content if not entry.token.startswith("<|")) == alone[0]
        for entry in content:
            assert len(entry.top_logprobs) == 3
            assert entry.logprob == max(other.logprob for other in entry.top_logprobs)
        return [entry.logprob for entry in content]

    seeded = dict(temperature=1.0, seed=11, max_tokens=40)
    results = await asyncio.gather(
        cancelled(),
        two(),
        probable(),
        _streamed(client, "Tell me a story.", **seeded),
        *(_streamed(client, "Hello!", temperature=0) for _ in range(12)),
    )
    assert all(result == alone for result in results[4:])
    assert alone[0] and alone[1] == "stop" and alone[2] > 0
    assert results[1][0] != results[1][1]
    assert all(logprob <= 0 for logprob in results[2])
    assert results[3] == await _streamed(client, "Tell me a story.", **seeded)
    until(lambda: server.health().get("requests", 0) == 0, "the cancelled row to be freed")


async def test_streamed_is_whole(client: openai.AsyncOpenAI) -> None:
    for text in ("Hello!", "My name is Alice.", "Tell me a story."):
        streamed = await _streamed(client, text, temperature=0, max_tokens=30)
        whole = await client.chat.completions.create(
            model="tiny", messages=_ask(text), temperature=0, max_tokens=30
        )
        assert whole.usage is not None
        assert streamed == (
            whole.choices[0].message.content,
            whole.choices[0].finish_reason,
            whole.usage.completion_tokens,
        )


async def test_second_turn_reuses_the_first(client: openai.AsyncOpenAI) -> None:
    talk = _ask("My name is Alice.")
    first = await client.chat.completions.create(model="tiny", messages=talk, temperature=0)
    talk = [
        *talk,
        {"role": "assistant", "content": first.choices[0].message.content},
        *_ask("What is my name?"),
    ]
    second = await client.chat.completions.create(model="tiny", messages=talk, temperature=0)
    assert "Alice" in second.choices[0].message.content
    assert second.usage.prompt_tokens_details.cached_tokens > 0


async def test_a_refusal_is_openais_error(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await client.chat.completions.create(model="nope", messages=_ask("Hi"))
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        await client.chat.completions.create(model="tiny", messages=_ask("word " * 9000), stream=True)
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as bias:
        await client.chat.completions.create(model="tiny", messages=_ask("Hi"), logit_bias={"999999": 5})
    assert "logit_bias" in str(bias.value.param)
    assert (await _streamed(client, "Hello!", temperature=0))[0]
