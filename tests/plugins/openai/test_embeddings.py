"""Embeddings: bodies, both encodings, and the official client against a running server."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.plugins.openai.conftest import http, refusal

from mlxkernel.errors import Fault
from mlxkernel.events import Embedding, Usage
from mlxkernel.fold import Answer
from mlxkernel.request import Embed, Prompts
from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import fake_plugin
from mlxkernel_plugins.openai.embeddings import EmbeddingBody, EmbeddingsOperation

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "openai.md"
VECTOR = struct.pack("<3f", 0.5, -0.25, 0.0)


def read(**fields: Any) -> Any:
    return EmbeddingsOperation().read(http({"model": "m", "input": "hi", **fields}))


def refused(**fields: Any) -> Fault:
    return refusal(EmbeddingsOperation(), {"model": "m", "input": "hi", **fields})


@pytest.mark.parametrize(
    ("given", "items"),
    [("hi", ("hi",)), (["a", "b"], ("a", "b")), ([1, 2], ((1, 2),)), ([[1], [2, 3]], ((1,), (2, 3)))],
)
def test_what_is_embedded(given: Any, items: Any) -> None:
    request = read(input=given)
    assert (request.input, request.task, request.stream) == (Prompts(items), Embed(), False)


def test_the_other_fields() -> None:
    assert read(dimensions=8).task == Embed(8)
    assert read(user="u", encoding_format=None, dimensions=None) == read()
    assert refused(dimensions=0).param == "dimensions"
    assert refused(encoding_format="int8").param == "encoding_format"
    assert refused(input=["a", 1]).param == "input[1]"
    assert refused(dimension=5).message.endswith("did you mean 'dimensions'?")
    fault = refused(input="")
    assert (fault.param, fault.message) == (
        "input",
        "Invalid value for 'input': the prompt is empty, and a model needs at least one token.",
    )
    assert refused(input=["a"] * 2049).message == (
        "Invalid value for 'input': 2049 inputs are over the limit of 2048."
    )


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_the_answer(encoding: str | None) -> None:
    answer = Answer((), Usage(7), embeddings=(Embedding(0, VECTOR), Embedding(1, VECTOR)))
    reply = json.loads(EmbeddingsOperation().answer(read(encoding_format=encoding), answer).body)
    shown: Any = base64.b64encode(VECTOR).decode() if encoding == "base64" else [0.5, -0.25, 0.0]
    assert reply == {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": shown} for index in range(2)],
        "model": "m",
        "usage": {"prompt_tokens": 7, "total_tokens": 7},
    }


def test_there_is_no_stream_of_vectors() -> None:
    with pytest.raises(TypeError, match="EmbeddingsOperation does not stream"):
        EmbeddingsOperation().encoder(read())


def test_the_reference_page_has_every_field() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("## Embeddings") : page.index("## Tokens and prompts")]
    assert [f for f in EmbeddingBody.__struct_fields__ if f"| `{f}` |" not in section] == []


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    tables = {"models": {"m": {"source": "none", "engine": "fake"}}, "auth": {"use": "open"}}
    with run_server(tables, {"fake": fake_plugin()}) as running:
        yield running


def test_the_official_client_s_own_encoding_and_the_other(server: RunningServer) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        for options in ({}, {"encoding_format": "float"}):
            answer = client.embeddings.create(model="m", input=["a", "b"], **options)  # type: ignore[arg-type]
            assert [item.embedding for item in answer.data] == [[1.0, 0.0, 0.0]] * 2
            assert (answer.model, answer.usage.prompt_tokens) == ("m", 7)
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(model="m", input="")
        assert caught.value.param == "input"
