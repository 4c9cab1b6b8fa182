"""The bodies of requests: every top-level field with its type and range.

An explicit null means the same as leaving the field out, hence the many ``| None = None``. What
becomes of each field is said in `fields`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json
from mlxkernel_plugins.openai.definitions import (
    AnyChoice,
    AnyFormat,
    AnyTool,
    FunctionDefinition,
    LegacyChoice,
)
from mlxkernel_plugins.openai.turns import Turn

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
PositiveShare: TypeAlias = Annotated[float, Meta(gt=0, le=1)]
Penalty: TypeAlias = Annotated[float, Meta(ge=-2, le=2)]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
PositiveCount: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
StopString: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
Source: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2**18)]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class StreamOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What a stream carries besides the answer."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class GenerationBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that both routes share."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    max_tokens: PositiveCount | None = None
    stop: StopString | Annotated[list[StopString], Meta(max_length=16)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: PositiveShare | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    seed: Int64 | None = None
    user: str | None = None
    # Extensions: what this server honours beyond OpenAI's own fields.
    top_k: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None
    min_p: Share | None = None
    typical_p: PositiveShare | None = None
    xtc_probability: Share | None = None
    xtc_threshold: Annotated[float, Meta(ge=0, le=0.5)] | None = None
    repetition_penalty: Annotated[float, Meta(gt=0, le=10)] | None = None
    logits_processors: list[str] | None = None
    min_tokens: Count | None = None
    ignore_eos: bool | None = None
    stop_token_ids: list[Count] | None = None


class ChatBody(GenerationBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/chat/completions``."""

    messages: Annotated[list[Turn], Meta(min_length=1)]
    max_completion_tokens: PositiveCount | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    tools: list[AnyTool] | None = None
    tool_choice: AnyChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: LegacyChoice | None = None
    response_format: AnyFormat | None = None
    reasoning_effort: Effort | None = None
    verbosity: str | None = None
    modalities: list[str] | None = None
    audio: Json = None
    prediction: Json = None
    web_search_options: Json = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: Json = None
    moderation: Json = None
    safety_identifier: str | None = None
    # Extensions.
    grammar: Source | None = None
    regex: Source | None = None
    guided_json: dict[str, Json] | None = None
    guided_regex: Source | None = None
    guided_grammar: Source | None = None
    guided_choice: Annotated[list[StopString], Meta(min_length=1)] | None = None
    enable_thinking: bool | None = None
    thinking_token_budget: Count | None = None
    chat_template_kwargs: dict[str, Json] | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None


class CompletionBody(GenerationBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/completions``."""

    prompt: str | list[str | Count | list[Count]]
    echo: bool | None = None
    suffix: str | None = None
    best_of: Annotated[int, Meta(ge=1, le=128)] | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
