"""Embeddings: ``/api/embed`` and its predecessor ``/api/embeddings``."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.errors import invalid
from mlxkernel.fold import Answer
from mlxkernel.request import Embed, Prompts, Request
from mlxkernel_plugins.ollama import fields, generation, keep_alive, parsing
from mlxkernel_plugins.ollama.bodies import EmbedBody, EmbeddingsBody, ModelBody
from mlxkernel_plugins.ollama.replies import nanoseconds


class Vectors(Struct, frozen=True):
    """The answer of ``/api/embed``; times in ns."""

    model: str
    embeddings: list[list[float]]
    total_duration: int
    load_duration: int
    prompt_eval_count: int


class Vector(Struct, frozen=True):
    """The answer of ``/api/embeddings``."""

    embedding: list[float]


class _Route:
    """What both share. They never stream."""

    method: str = "POST"
    names: Mapping[str, str] = {}

    def encoder(self, request: Request) -> Encoder:
        """Raises `TypeError`: no request of these routes has `stream`."""
        raise TypeError(f"{type(self).__name__} does not stream")

    def _request(self, http: HttpRequest, body: ModelBody, items: list[str], dimensions: int) -> Request:
        keep_alive.seconds(body)
        task = Embed(dimensions or None)
        return Request(id=http.request_id, model=body.model, input=Prompts(tuple(items)), task=task)


class EmbedRoute(_Route):
    """``POST /api/embed``."""

    path: str = "/api/embed"
    names = {"prompt": "input"}
    description = Description(summary="Give a vector for each text", body=EmbedBody, reply=Vectors)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, EmbedBody)
        fields.refuse_options(body.options)
        if not body.input:
            return generation.load(http, body)
        items = [body.input] if isinstance(body.input, str) else body.input
        for i, text in enumerate(items):
            if not text:
                raise invalid(f"'input[{i}]' is empty; there is nothing to embed", param=f"input[{i}]")
        return self._request(http, body, items, body.dimensions or 0)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The vectors, each of length 1, in the order of the texts."""
        timing = answer.timing
        vectors = Vectors(
            request.model,
            [floats(embedding.vector) for embedding in answer.embeddings],
            nanoseconds(timing.waiting + timing.prefill + timing.decode),
            nanoseconds(timing.waiting),
            answer.usage.prompt_tokens if answer.embeddings else 0,
        )
        return Reply(body=msgspec.json.encode(vectors))


class EmbeddingsRoute(_Route):
    """``POST /api/embeddings``."""

    path: str = "/api/embeddings"
    description = Description(summary="Give a vector for a text", body=EmbeddingsBody, reply=Vector)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, EmbeddingsBody)
        fields.refuse_options(body.options)
        if not body.prompt:
            return generation.load(http, body)
        return self._request(http, body, [body.prompt], 0)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The vector; of no prompt an empty one."""
        vectors = [floats(embedding.vector) for embedding in answer.embeddings]
        return Reply(body=msgspec.json.encode(Vector(vectors[0] if vectors else [])))


def floats(vector: bytes) -> list[float]:
    """The components of an `mlxkernel.events.Embedding`."""
    values = array("f")
    values.frombytes(vector)
    if sys.byteorder == "big":
        values.byteswap()
    return list(values)
