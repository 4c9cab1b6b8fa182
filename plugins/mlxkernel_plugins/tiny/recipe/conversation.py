"""Conversations as pure values: what a topic writes and what training and evaluation read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Thinking = Literal["unsaid", "off", "on"]
"""What the request says about thinking: nothing, `enable_thinking=false`, or `enable_thinking=true`."""

Layout = Literal["whole", "name first", "description first"]
"""How functions are shown: as OpenAI does, or in brief. The chat template has the description first."""

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True)
class ToolCall:
    """One call of a function by the assistant."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One message; `thought` and `calls` are the assistant's, and `thought` shows where thinking is on."""

    role: Role
    content: str
    thought: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """A whole chat: its messages, the tools on offer (as OpenAI describes them) and the wish about thinking.

    `plain` is a text that stands outside any chat, as one completes it without a template; then there are no
    messages. `layout` is how the functions are shown.
    """

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    thinking: Thinking = "unsaid"
    plain: str = ""
    layout: Layout = "whole"


@dataclass(frozen=True)
class Exchange:
    """What a topic returns: a user's message, the answer to it and what one could think before answering.

    `accepted` holds what the evaluation asks of an answer: at least one of these texts must be in it (none:
    anything goes).
    """

    user: str
    answer: str
    thought: str = "That is easy. I will just answer."
    accepted: tuple[str, ...] = field(default=())
