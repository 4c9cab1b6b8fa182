"""The shapes of answers and of a stream's lines. UNSET leaves a key out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from mlxkernel.events import FinishReason, Timing, Usage
from mlxkernel_plugins.ollama.calls import WireCall
from mlxkernel_plugins.ollama.logprobs import Logprob

LOAD = "load"
"""``done_reason`` of a request that only loads the model."""

_NANOSECONDS = 1_000_000_000


class Said(Struct, frozen=True):
    """What a line adds to the answer, or all of it."""

    text: str = ""
    thinking: str = ""
    calls: list[WireCall] = []
    logprobs: list[Logprob] | UnsetType = UNSET


class Line(Struct, frozen=True, kw_only=True):
    """What both routes' lines have in common; all but the first three only in the last line. Times in ns."""

    model: str
    created_at: str
    done: bool = False
    done_reason: str | UnsetType = UNSET
    total_duration: int | UnsetType = UNSET
    load_duration: int | UnsetType = UNSET
    prompt_eval_count: int | UnsetType = UNSET
    prompt_eval_duration: int | UnsetType = UNSET
    eval_count: int | UnsetType = UNSET
    eval_duration: int | UnsetType = UNSET
    logprobs: list[Logprob] | UnsetType = UNSET


class Message(Struct, frozen=True):
    """What the assistant says."""

    content: str
    thinking: str | UnsetType = UNSET
    tool_calls: list[WireCall] | UnsetType = UNSET
    role: str = "assistant"


class ChatLine(Line, frozen=True, kw_only=True):
    """A line of ``/api/chat``."""

    message: Message


class GenerateLine(Line, frozen=True, kw_only=True):
    """A line of ``/api/generate``."""

    response: str
    thinking: str | UnsetType = UNSET
    tool_calls: list[WireCall] | UnsetType = UNSET


MakeLine: TypeAlias = Callable[[str, float, Said], Line]
"""A line of a route, from the model's name, the time in seconds since the epoch and what it says."""


def chat_line(model: str, now: float, said: Said) -> Line:
    """``/api/chat`` puts what is said into a message."""
    return ChatLine(
        model=model,
        created_at=timestamp(now),
        message=Message(said.text, said.thinking or UNSET, said.calls or UNSET),
        logprobs=said.logprobs,
    )


def generate_line(model: str, now: float, said: Said) -> Line:
    """``/api/generate`` puts it beside the other keys."""
    return GenerateLine(
        model=model,
        created_at=timestamp(now),
        response=said.text,
        thinking=said.thinking or UNSET,
        tool_calls=said.calls or UNSET,
        logprobs=said.logprobs,
    )


def ended(line: Line, reason: str, usage: Usage | None = None, timing: Timing | None = None) -> Line:
    """The line as the last one: why the answer ended, and the counts and times of a request that had one."""
    line = replace(line, done=True, done_reason=reason)
    if usage is None or timing is None:
        return line
    load, prefill, decode = (nanoseconds(span) for span in (timing.waiting, timing.prefill, timing.decode))
    return replace(
        line,
        total_duration=load + prefill + decode,
        load_duration=load,
        prompt_eval_count=usage.prompt_tokens,
        prompt_eval_duration=prefill,
        eval_count=usage.completion_tokens,
        eval_duration=decode,
    )


def done_reason(reason: FinishReason) -> str:
    """An answer that ends with calls has simply stopped, as this dialect sees it."""
    return "length" if reason is FinishReason.LENGTH else "stop"


def nanoseconds(seconds: float) -> int:
    """A span of time as Ollama writes it."""
    return round(seconds * _NANOSECONDS)


def timestamp(seconds: float) -> str:
    """A time since the epoch as RFC 3339 has it, in UTC."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
