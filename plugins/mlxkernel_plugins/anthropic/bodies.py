"""The bodies of requests: every top-level field with its type and range.

An explicit null means the same as leaving the field out, hence the many ``| None = None``. What
becomes of each field is said in `fields`.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from mlxkernel.messages import Json
from mlxkernel_plugins.anthropic.blocks import SystemContent, Turn
from mlxkernel_plugins.anthropic.definitions import (
    Choice,
    ContextManagement,
    Metadata,
    OutputConfig,
    SchemaFormat,
    Thinking,
)

StopString: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
RawTool: TypeAlias = Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
"""A tool that is read once its kind is known: those that are refused have fields of their own."""


class PromptBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that both routes share: what the model is asked."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    messages: Annotated[list[Turn], Meta(min_length=1)]
    system: SystemContent | None = None
    tools: list[RawTool] | None = None
    tool_choice: Choice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: SchemaFormat | None = None
    cache_control: Json = None
    context_management: ContextManagement | None = None
    mcp_servers: list[Json] | None = None
    compaction: Json = None
    billing_policy: Json = None
    speed: str | None = None


class CountBody(PromptBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/messages/count_tokens``."""


class MessagesBody(PromptBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/messages``."""

    max_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    stream: bool | None = None
    stop_sequences: Annotated[list[StopString], Meta(max_length=16)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    top_k: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None
    metadata: Metadata | None = None
    service_tier: str | None = None
    container: Json = None
    diagnostics: Json = None
    inference_geo: str | None = None
    fallbacks: Json = None
    fallback_credit_token: Json = None
    thread: Json = None
