"""The shapes of answers. UNSET leaves a key out; None writes null, which OpenAI's clients tell apart."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from mlxkernel import __version__, events

FINGERPRINT = f"mlxkernel-{__version__}"
"""``system_fingerprint``: a change of it means that the same seed may draw other tokens."""


class PromptDetails(Struct, frozen=True):
    """How many tokens of the prompt came from the cache."""

    cached_tokens: int


class CompletionDetails(Struct, frozen=True):
    """How many tokens of the answer were thought."""

    reasoning_tokens: int


class Usage(Struct, frozen=True):
    """Tokens of one request, over all of its choices."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


def usage(counted: events.Usage) -> Usage:
    """The engine's counts on the wire."""
    return Usage(
        counted.prompt_tokens,
        counted.completion_tokens,
        counted.prompt_tokens + counted.completion_tokens,
        PromptDetails(counted.cached_tokens),
        CompletionDetails(counted.reasoning_tokens),
    )


class TopLogprob(Struct, frozen=True):
    """A token that could have been chosen."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprob(Struct, frozen=True):
    """The chosen token and its alternatives."""

    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[TopLogprob]


class ChatLogprobs(Struct, frozen=True):
    """Logprobs of a chat answer, token by token."""

    content: list[TokenLogprob]
    refusal: None = None


class CalledFunction(Struct, frozen=True, kw_only=True):
    """A function and the JSON text of its arguments; a stream names the function once."""

    name: str | UnsetType = UNSET
    arguments: str


class ToolCall(Struct, frozen=True, kw_only=True):
    """A call, whole (without `index`) or a piece of one (id and type only in the first)."""

    index: int | UnsetType = UNSET
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: CalledFunction


class Message(Struct, frozen=True, kw_only=True):
    """The whole answer of one choice; `reasoning_content` and `reasoning` are the same under two names."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    tool_calls: list[ToolCall] | UnsetType = UNSET
    function_call: CalledFunction | UnsetType = UNSET


class ChatChoice(Struct, frozen=True):
    """One answer and why it ended."""

    index: int
    message: Message
    logprobs: ChatLogprobs | None
    finish_reason: str


class ChatCompletion(Struct, frozen=True, kw_only=True):
    """``chat.completion``: the whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    system_fingerprint: str = FINGERPRINT
    choices: list[ChatChoice]
    usage: Usage


class Delta(Struct, frozen=True):
    """What a chunk adds to an answer; the thinking comes under both of its names."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    tool_calls: list[ToolCall] | UnsetType = UNSET
    function_call: CalledFunction | UnsetType = UNSET


class ChatChunkChoice(Struct, frozen=True):
    """A piece of one answer."""

    index: int
    delta: Delta
    logprobs: ChatLogprobs | None = None
    finish_reason: str | None = None


class ChatChunk(Struct, frozen=True, kw_only=True):
    """``chat.completion.chunk``; `usage` is there only when the client asked for it."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    system_fingerprint: str = FINGERPRINT
    choices: list[ChatChunkChoice]
    usage: Usage | UnsetType | None = UNSET


class TextLogprobs(Struct, frozen=True):
    """Logprobs of a completion: four lists of equal length; no alternatives: `top_logprobs` is null."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]] | None
    text_offset: list[int]


class TextChoice(Struct, frozen=True):
    """One completion, or a piece of one while `finish_reason` is null."""

    index: int
    text: str
    logprobs: TextLogprobs | None = None
    finish_reason: str | None = None


class TextCompletion(Struct, frozen=True, kw_only=True):
    """``text_completion``: a whole answer, or a chunk of one."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    system_fingerprint: str = FINGERPRINT
    choices: list[TextChoice]
    usage: Usage | UnsetType | None = UNSET
