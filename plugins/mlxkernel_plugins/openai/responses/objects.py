"""The response on the wire and the items of its output. None writes null, which is never left out."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from mlxkernel import events
from mlxkernel.messages import Json
from mlxkernel_plugins.openai.replies import TokenLogprob

ItemStatus: TypeAlias = Literal["in_progress", "completed", "incomplete"]
Status: TypeAlias = Literal["in_progress", "completed", "incomplete", "failed", "cancelled"]


class OutputText(Struct, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    """Words of the answer."""

    text: str
    annotations: list[Json] = []
    logprobs: list[TokenLogprob] = []


class SummaryText(Struct, frozen=True, tag_field="type", tag="summary_text"):
    """A thought, for clients that show summaries."""

    text: str


class ReasoningText(Struct, frozen=True, tag_field="type", tag="reasoning_text"):
    """A thought."""

    text: str


class OutputMessage(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """What the model said."""

    id: str
    status: ItemStatus
    role: Literal["assistant"] = "assistant"
    content: list[OutputText]


class FunctionCall(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call", omit_defaults=True
):
    """A call that the model made; `arguments` is JSON text."""

    id: str
    status: ItemStatus
    call_id: str
    name: str
    arguments: str
    namespace: str | None = None


class ReasoningOutput(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="reasoning", omit_defaults=True
):
    """What the model thought: in `content`, or in `summary` for who asked for a summary."""

    id: str
    status: ItemStatus
    summary: list[SummaryText]
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None


Output: TypeAlias = OutputMessage | FunctionCall | ReasoningOutput


class InputDetails(Struct, frozen=True):
    """How many tokens of the input came from the cache. What is written to it is not counted: 0."""

    cached_tokens: int
    cache_write_tokens: int = 0


class OutputDetails(Struct, frozen=True):
    """How many tokens of the output were thought."""

    reasoning_tokens: int


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one response."""

    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int


def usage(counted: events.Usage) -> Usage:
    """The engine's counts on the wire."""
    return Usage(
        input_tokens=counted.prompt_tokens,
        input_tokens_details=InputDetails(counted.cached_tokens),
        output_tokens=counted.completion_tokens,
        output_tokens_details=OutputDetails(counted.reasoning_tokens),
        total_tokens=counted.prompt_tokens + counted.completion_tokens,
    )


class ResponseError(Struct, frozen=True):
    """Why a response failed; `code` is one of the few words that this API has for it."""

    code: str
    message: str


class IncompleteDetails(Struct, frozen=True):
    """Why a response ended early."""

    reason: Literal["max_output_tokens"]


class Response(Struct, frozen=True, kw_only=True):
    """``response``: what was asked, what came of it so far, and how it stands."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Status
    background: bool = False
    error: ResponseError | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    model: str
    output: list[Output]
    parallel_tool_calls: bool
    previous_response_id: str | None
    prompt_cache_key: str | None
    reasoning: Json
    safety_identifier: str | None
    service_tier: str = "default"
    store: bool
    temperature: float | None
    text: Json
    tool_choice: Json
    tools: list[Json]
    top_logprobs: int
    top_p: float | None
    truncation: Literal["disabled"] = "disabled"
    usage: Usage | None = None
    user: str | None
    metadata: dict[str, str]
