"""From a conversation to text: the same text as the chat template's, cut where training starts and stops to
count.

The template in `model/chat_template.jinja` is what servers use. This module writes the same in Python
because training has to know which part the assistant says; a test holds the two together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .conversation import Conversation, Layout, Message, ToolCall

END_OF_TEXT = "<|endoftext|>"
SPECIAL = (
    END_OF_TEXT, "<|im_start|>", "<|im_end|>", "<think>", "</think>",
    "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>",
)  # fmt: skip
"""The special tokens, in the order of their numbers."""

_TOOLS_BEFORE = "# Tools\n\nYou can call these functions:\n<tools>"
_TOOLS_AFTER = (
    "\n</tools>\n\nTo call a function, answer with its name and arguments:\n"
    '<tool_call>\n{"name": ..., "arguments": ...}\n</tool_call>'
)


@dataclass(frozen=True)
class Segment:
    """A piece of the text; `learnt` is true where the assistant speaks and training counts the loss."""

    text: str
    learnt: bool


_SCALARS = ("string", "integer", "number", "boolean")


def _value(schema: dict[str, Any], required: bool) -> Any:
    """Return how a parameter is shown: by its type or values; `?` and null mark one that may be missing."""
    if schema.get("enum"):
        return schema["enum"] if required or None in schema["enum"] else [*schema["enum"], None]
    if schema.get("type") in _SCALARS:
        return schema["type"] if required else f"{schema['type']}?"
    return schema


def brief(tool: dict[str, Any], layout: Layout = "description first") -> dict[str, Any]:
    """Return a function as the chat template shows it: what it does, its name, and its parameters.

    That is half as long as the whole description. The name comes after what it stands for, so that its tokens
    know what they name; and from the name on, a call looks like it, which a small model can copy.
    """
    function = tool.get("function", tool)
    schema = function.get("parameters") or {}
    needed = schema.get("required") or []
    parameters = {name: _value(s, name in needed) for name, s in (schema.get("properties") or {}).items()}
    described = {"description": function["description"]} if function.get("description") else {}
    if layout == "name first":
        return {"name": function["name"], **described, "parameters": parameters}
    return {**described, "name": function["name"], "arguments": parameters}


def tools_text(tools: tuple[dict[str, Any], ...], layout: Layout) -> str:
    """Return the block of the system message that describes the functions."""
    shown = tools if layout == "whole" else [brief(tool, layout) for tool in tools]
    return (
        _TOOLS_BEFORE + "".join(f"\n{json.dumps(tool, ensure_ascii=False)}" for tool in shown) + _TOOLS_AFTER
    )


def call_text(call: ToolCall) -> str:
    """Return one call between its tags."""
    written = json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    return f"<tool_call>\n{written}\n</tool_call>"


def answer_text(message: Message) -> str:
    """Return what the assistant says without its thoughts: the content and then the calls."""
    return "\n".join(piece for piece in (message.content, *map(call_text, message.calls)) if piece)


def _system_text(conversation: Conversation) -> str:
    first = conversation.messages[0]
    pieces = [first.content] if first.role == "system" else []
    if conversation.tools:
        pieces.append(tools_text(conversation.tools, conversation.layout))
    return "\n\n".join(pieces)


def _assistant(conversation: Conversation, index: int, last_user: int) -> list[Segment]:
    """Return the segments of one answer; a think block stands only after the last message of the user."""
    message = conversation.messages[index]
    said = f"{answer_text(message)}<|im_end|>"
    opening = "<|im_start|>assistant\n"
    if index < last_user or conversation.thinking == "unsaid":
        return [Segment(opening, False), Segment(said, True), Segment("\n", False)]
    if conversation.thinking == "off":
        last = index == len(conversation.messages) - 1
        empty = "<think>\n\n</think>\n\n" if last else ""
        return [Segment(opening + empty, False), Segment(said, True), Segment("\n", False)]
    thought = f"{message.thought}\n</think>\n\n{said}"
    return [Segment(f"{opening}<think>\n", False), Segment(thought, True), Segment("\n", False)]


def _tool(conversation: Conversation, index: int) -> str:
    """Return a tool's message; neighbouring ones share one turn of the user, as in Qwen3."""
    messages = conversation.messages
    text = "" if messages[index - 1].role == "tool" else "<|im_start|>user"
    text += f"\n<tool_response>\n{messages[index].content}\n</tool_response>"
    more = index + 1 < len(messages) and messages[index + 1].role == "tool"
    return text if more else f"{text}<|im_end|>\n"


def segments(conversation: Conversation) -> list[Segment]:
    """Return the whole conversation in pieces, in order."""
    if conversation.plain:
        return [Segment(conversation.plain + END_OF_TEXT, True)]
    pieces: list[Segment] = []
    if system := _system_text(conversation):
        pieces.append(Segment(f"<|im_start|>system\n{system}<|im_end|>\n", False))
    last_user = max(i for i, m in enumerate(conversation.messages) if m.role == "user")
    for index, message in enumerate(conversation.messages):
        if message.role == "user":
            pieces.append(Segment(f"<|im_start|>user\n{message.content}<|im_end|>\n", False))
        elif message.role == "tool":
            pieces.append(Segment(_tool(conversation, index), False))
        elif message.role == "assistant":
            pieces.extend(_assistant(conversation, index, last_user))
    return pieces


def text(conversation: Conversation) -> str:
    """Return the whole conversation as one text."""
    return "".join(piece.text for piece in segments(conversation))
