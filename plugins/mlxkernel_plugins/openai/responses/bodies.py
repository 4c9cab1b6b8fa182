"""The body of ``POST /v1/responses``: every top-level field with its type and range.

An explicit null means the same as leaving the field out. `input` and `tools` are read further in `items`
and `tools`, where each entry's ``type`` decides what it is.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json
from mlxkernel_plugins.openai.bodies import Int64, Penalty, PositiveCount, PositiveShare, Share, StopString
from mlxkernel_plugins.openai.definitions import JsonObjectFormat, TextFormat

Metadata: TypeAlias = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]
"""Up to 16 labels, of up to 64 characters with values of up to 512: OpenAI's limits."""


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class SchemaFormat(_Wire, frozen=True, tag_field="type", tag="json_schema"):
    """A document that a JSON Schema accepts; in the flat form of this API."""

    schema: dict[str, Json]
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class TextOptions(_Wire, frozen=True):
    """What the answer's text must look like."""

    format: TextFormat | JsonObjectFormat | SchemaFormat | None = None
    verbosity: str | None = None


class ReasoningOptions(_Wire, frozen=True):
    """How much to think, and how to show it; `generate_summary` is the older name of `summary`."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    summary: str | None = None
    generate_summary: str | None = None
    context: str | None = None
    mode: str | None = None


class StreamOptions(_Wire, frozen=True):
    """What a stream carries besides the answer."""

    include_obfuscation: bool | None = None


class ResponseBody(_Wire, frozen=True):
    """``POST /v1/responses``."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    input: str | list[dict[str, Json]] | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    metadata: Metadata | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    include: list[str] | None = None
    tools: list[dict[str, Json]] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    max_output_tokens: PositiveCount | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: PositiveShare | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    truncation: str | None = None
    background: bool | None = None
    conversation: Json = None
    prompt: Json = None
    context_management: Json = None
    moderation: Json = None
    max_tool_calls: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: Json = None
    client_metadata: Json = None
    # Extensions: what this server honours beyond OpenAI's own fields.
    stop: StopString | Annotated[list[StopString], Meta(max_length=16)] | None = None
    seed: Int64 | None = None
    top_k: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None
    min_p: Share | None = None
    repetition_penalty: Annotated[float, Meta(gt=0, le=10)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    chat_template_kwargs: dict[str, Json] | None = None
