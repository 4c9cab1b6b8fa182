"""The shapes of answers and of the events of a stream."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from mlxkernel import events
from mlxkernel.events import FinishReason
from mlxkernel.messages import Json
from mlxkernel.request import Request


class OutputDetails(Struct, frozen=True):
    """How many tokens of the answer were thought."""

    thinking_tokens: int = 0


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens of one request. `input_tokens` are those of the prompt that were not in the cache.

    What was put into the cache is not told apart: everything is, as long as there is room.
    """

    input_tokens: int
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int
    output_tokens: int = 0
    output_tokens_details: OutputDetails = OutputDetails()


def usage(counted: events.Usage) -> Usage:
    """The engine's counts on the wire."""
    return Usage(
        input_tokens=counted.prompt_tokens - counted.cached_tokens,
        cache_read_input_tokens=counted.cached_tokens,
        output_tokens=counted.completion_tokens,
        output_tokens_details=OutputDetails(counted.reasoning_tokens),
    )


class TextBlock(Struct, frozen=True, tag_field="type", tag="text"):
    """Words."""

    text: str


class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking"):
    """What the model thought."""

    thinking: str
    signature: str


class ToolUseBlock(Struct, frozen=True, tag_field="type", tag="tool_use"):
    """A call; `input` are its arguments, in a stream at first none."""

    id: str
    name: str
    input: dict[str, Json] | msgspec.Raw


Block: TypeAlias = TextBlock | ThinkingBlock | ToolUseBlock

StopReason: TypeAlias = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "model_context_window_exceeded"
]


class Ending(Struct, frozen=True):
    """Why an answer ended, and the stop sequence that ended it, if one did."""

    stop_reason: StopReason | None = None
    stop_sequence: str | None = None


def ending(request: Request, reason: FinishReason, stop: str | None, counted: events.Usage) -> Ending:
    """The end of an answer in Anthropic's words.

    An answer that reached a limit with fewer tokens than `max_tokens` has filled the model's context.
    """
    match reason:
        case FinishReason.TOOL_CALLS:
            return Ending("tool_use")
        case FinishReason.STOP if stop is not None:
            return Ending("stop_sequence", stop)
        case FinishReason.STOP:
            return Ending("end_turn")
        case FinishReason.LENGTH:
            full = request.max_tokens is not None and counted.completion_tokens < request.max_tokens
            return Ending("model_context_window_exceeded" if full else "max_tokens")


class Message(Struct, frozen=True, kw_only=True):
    """The whole answer, or what a stream begins with."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[Block]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    usage: Usage


def wire_id(request: Request) -> str:
    """The answer's id: Anthropic's prefix, then the request's id, by which the server's log knows it."""
    return f"msg_{request.id.removeprefix('req_')}"


# --- events ---------------------------------------------------------------------------------------


class MessageStart(Struct, frozen=True, tag_field="type", tag="message_start"):
    """The first event."""

    message: Message


class BlockStart(Struct, frozen=True, tag_field="type", tag="content_block_start"):
    """A block begins, empty."""

    index: int
    content_block: Block


class TextDelta(Struct, frozen=True, tag_field="type", tag="text_delta"):
    """More words."""

    text: str


class ThinkingDelta(Struct, frozen=True, tag_field="type", tag="thinking_delta"):
    """More thoughts."""

    thinking: str


class SignatureDelta(Struct, frozen=True, tag_field="type", tag="signature_delta"):
    """The signature, after the last thought."""

    signature: str


class InputJsonDelta(Struct, frozen=True, tag_field="type", tag="input_json_delta"):
    """More of a call's arguments, as JSON text."""

    partial_json: str


class BlockDelta(Struct, frozen=True, tag_field="type", tag="content_block_delta"):
    """A block grows."""

    index: int
    delta: TextDelta | ThinkingDelta | SignatureDelta | InputJsonDelta


class BlockStop(Struct, frozen=True, tag_field="type", tag="content_block_stop"):
    """A block is complete."""

    index: int


class MessageDelta(Struct, frozen=True, tag_field="type", tag="message_delta"):
    """All blocks are complete: why, and the usage from first to last."""

    delta: Ending
    usage: Usage


class MessageStop(Struct, frozen=True, tag_field="type", tag="message_stop"):
    """The last event."""


StreamEvent: TypeAlias = MessageStart | BlockStart | BlockDelta | BlockStop | MessageDelta | MessageStop
"""Every event of a stream but ``ping`` and ``error``."""


class TokenCount(Struct, frozen=True):
    """``POST /v1/messages/count_tokens``: the tokens of the prompt."""

    input_tokens: int
