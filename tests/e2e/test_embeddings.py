"""Embeddings, tokens and prompts through a real server, a real worker and the bundled model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process

TEXTS = ["Hello!", "Hello there!", "What is the weather in Paris?"]


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture
def client(server: ServeProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def post(server: ServeProcess, path: str, **body: Any) -> Any:
    reply = httpx.post(f"{server.url}{path}", json={"model": "tiny", **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def likeness(first: list[float], second: list[float]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


def test_vectors_of_length_one_that_are_alike_for_texts_that_are(client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model="tiny", input=TEXTS)
    vectors = [item.embedding for item in answer.data]
    assert all(math.isclose(likeness(vector, vector), 1, rel_tol=1e-4) for vector in vectors)
    assert likeness(vectors[0], vectors[1]) > likeness(vectors[0], vectors[2])
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


def test_batches_encodings_and_token_ids_agree(server: ServeProcess, client: openai.OpenAI) -> None:
    together = client.embeddings.create(model="tiny", input=TEXTS).data
    tokens = [post(server, "/v1/tokenize", prompt=text)["tokens"] for text in TEXTS]
    by_tokens = client.embeddings.create(model="tiny", input=tokens, encoding_format="float").data
    for place, text in enumerate(TEXTS):
        alone = client.embeddings.create(model="tiny", input=text, encoding_format="float").data[0]
        assert likeness(alone.embedding, together[place].embedding) == pytest.approx(1, abs=1e-4)
        assert likeness(by_tokens[place].embedding, together[place].embedding) == pytest.approx(1, abs=1e-4)


def test_fewer_dimensions(client: openai.OpenAI) -> None:
    whole = client.embeddings.create(model="tiny", input="Hello!").data[0].embedding
    short = client.embeddings.create(model="tiny", input="Hello!", dimensions=8).data[0].embedding
    assert likeness(short, short) == pytest.approx(1, abs=1e-4)
    length = math.sqrt(likeness(whole[:8], whole[:8]))
    assert short == pytest.approx([value / length for value in whole[:8]], abs=1e-4)
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="tiny", input="Hello!", dimensions=100_000)
    assert caught.value.param == "dimensions"


def test_a_text_that_is_too_long_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="tiny", input=["Hello!", "word " * 5000])
    assert caught.value.code == "context_length_exceeded"


def test_a_text_to_tokens_and_back(server: ServeProcess) -> None:
    told = post(server, "/v1/tokenize", prompt="Hello, world!", return_token_strs=True)
    assert told["count"] == len(told["tokens"]) == len(told["token_strs"]) > 1
    assert told["token_strs"][0] == "Hello"
    assert post(server, "/v1/detokenize", tokens=told["tokens"]) == {"prompt": "Hello, world!"}


def test_a_prompt_is_rendered_as_it_would_be_answered(server: ServeProcess, client: openai.OpenAI) -> None:
    messages: Any = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello!"}]
    tools: Any = [{"type": "function", "function": {"name": "f"}}]
    rendered = post(server, "/v1/chat/completions/render", messages=messages, tools=tools)
    told = post(server, "/v1/tokenize", messages=messages, tools=tools)
    answer = client.chat.completions.create(model="tiny", messages=messages, tools=tools, max_tokens=1)
    assert answer.usage is not None
    assert len(rendered["token_ids"]) == told["count"] == answer.usage.prompt_tokens
    assert rendered["token_ids"] == told["tokens"]
    assert "Be kind." in rendered["text"]
    assert post(server, "/v1/detokenize", tokens=told["tokens"])["prompt"] == rendered["text"]


def test_what_the_model_can_do_is_told(server: ServeProcess) -> None:
    told = httpx.get(f"{server.url}/v1/models/tiny").json()["capabilities"]
    assert (told["state"], told["engine"], told["demonstration"]) == ("ready", "mlx-text", True)
    assert (told["tools"]["supported"], told["reasoning"]["supported"]) == (True, True)
    assert "json_schema" in told["structured_output"]
    assert told["embeddings"]["dimensions"] > 0
    assert told["context"] > 0
