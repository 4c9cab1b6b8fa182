"""``POST /v1/embeddings``: a vector for each text."""

from __future__ import annotations

import base64
import struct
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from mlxkernel.api import Description, HttpRequest, Reply
from mlxkernel.errors import invalid
from mlxkernel.fold import Answer
from mlxkernel.request import Embed, Prompts, Request
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.bodies import Count, PositiveCount
from mlxkernel_plugins.openai.prompts import prompts
from mlxkernel_plugins.openai.whole import WholeOperation

MAX_INPUTS = 2048
"""OpenAI's own limit."""


class EmbeddingBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body; an explicit null means the same as leaving the field out."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    input: str | list[str | Count | list[Count]]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: PositiveCount | None = None
    user: str | None = None


class Embedding(Struct, frozen=True, kw_only=True):
    """One vector: numbers, or base64 of their bytes as 32-bit floats, little-endian."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(Struct, frozen=True):
    """Tokens of all inputs; there are no others."""

    prompt_tokens: int
    total_tokens: int


class Embeddings(Struct, frozen=True, kw_only=True):
    """The vectors in the order of the inputs."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


_decoder = msgspec.json.Decoder(EmbeddingBody)


class EmbeddingsOperation(WholeOperation):
    """The route."""

    path: str = "/v1/embeddings"
    names = {"prompt": "input"}
    description = Description(summary="Turn texts into vectors", body=EmbeddingBody, reply=Embeddings)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, _decoder)
        items = prompts(body.input, "input")
        if len(items) > MAX_INPUTS:
            message = f"Invalid value for 'input': {len(items)} inputs are over the limit of {MAX_INPUTS}."
            raise invalid(message, param="input", code="invalid_value")
        return Request(
            id=http.request_id,
            model=body.model,
            input=Prompts(items),
            task=Embed(body.dimensions),
            extra=body.encoding_format,
        )

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The vectors."""
        encode = _base64 if request.extra == "base64" else _floats
        tokens = answer.usage.prompt_tokens
        embeddings = Embeddings(
            data=[
                Embedding(index=given.index, embedding=encode(given.vector)) for given in answer.embeddings
            ],
            model=request.model,
            usage=Usage(tokens, tokens),
        )
        return Reply(body=msgspec.json.encode(embeddings))


def _base64(vector: bytes) -> str:
    return base64.b64encode(vector).decode()


def _floats(vector: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(vector) // 4}f", vector))
