"""Conversations as chat templates see them: dictionaries in the conventions of Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.messages import Audio, Image, Json, Message, Reasoning, Text, ToolCall, ToolResult
from mlxkernel.request import Tool

_NO_PARAMETERS: dict[str, Json] = {"type": "object", "properties": {}}

Turn = dict[str, Json]
"""One message as a template reads it. The one place of the engine where dictionaries are right."""


def turns(messages: Sequence[Message]) -> list[Turn]:
    """The messages for a template. Raises `RequestFailed` (400) for pictures and sound."""
    return [turn for place, message in enumerate(messages) for turn in _turns(message, f"messages[{place}]")]


def _turns(message: Message, where: str) -> Iterator[Turn]:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Json] = []
    results: list[Turn] = []
    for place, part in enumerate(message.parts):
        path = f"{where}.content[{place}]"
        match part:
            case Text(text=text):
                texts.append(text)
            case Reasoning(text=text):
                thoughts.append(text)
            case ToolCall():
                calls.append(_call(part))
            case ToolResult():
                results.append(_result(part, path))
            case Image() | Audio():
                raise _unseen(path)
    if texts or thoughts or calls or not results:
        turn: Turn = {"role": message.role.value, "content": "".join(texts)}
        if message.name is not None:
            turn["name"] = message.name
        if thoughts:
            turn["reasoning_content"] = "".join(thoughts)
        if calls:
            turn["tool_calls"] = calls
        yield turn
    yield from results


def _call(call: ToolCall) -> Json:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = call.arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _result(result: ToolResult, path: str) -> Turn:
    texts: list[str] = []
    for part in result.parts:
        if isinstance(part, Image):
            raise _unseen(path)
        texts.append(part.text)
    turn: Turn = {"role": "tool", "tool_call_id": result.id, "content": "".join(texts)}
    if result.name is not None:
        turn["name"] = result.name
    return turn


def _unseen(path: str) -> RequestFailed:
    return unsupported(path, "this model reads text only")


def _declaration(tool: Tool) -> Json:
    function: dict[str, Json] = {"name": tool.name, "description": tool.description}
    return {"type": "function", "function": {**function, "parameters": tool.parameters or _NO_PARAMETERS}}


class ChatFormat:
    """A model's chat template. `source` is None when the tokenizer renders in its own way (mlx_lm's
    ``chat_template_type``); `tokenizer` is mlx_lm's wrapper.

    The Hugging Face tokenizer is called directly: the wrapper would force ``enable_thinking`` on, where
    the template's own default must hold.
    """

    def __init__(self, tokenizer: Any, source: str | None) -> None:
        self._tokenizer = tokenizer
        self._source = source

    @property
    def knows_tools(self) -> bool:
        """Whether the template does something with tools; one that cannot be read may."""
        return self.takes("tools")

    def takes(self, variable: str) -> bool:
        """Whether the template reads a variable of this name; one that cannot be read may."""
        return self._source is None or variable in self._source

    def render(
        self,
        messages: Sequence[Turn],
        arguments: Mapping[str, Json],
        continue_last: bool,
        tools: Sequence[Tool] = (),
    ) -> str:
        """The prompt's text. Raises `RequestFailed` (400) with the template's own words."""
        own: dict[str, Json] = {"tokenize": False, "add_generation_prompt": not continue_last}
        if continue_last:
            own["continue_final_message"] = True
        if tools:
            own["tools"] = [_declaration(tool) for tool in tools]
        clash = own.keys() | {"messages", "conversation", "chat_template", "tools", "return_dict"}
        for name in arguments:
            if name in clash:
                raise invalid(
                    f"'{name}' is set by the server, not by template arguments", param="template_args"
                )
        try:
            if self._source is None:
                text = self._tokenizer.apply_chat_template(list(messages), **own, **arguments)
            else:
                text = self._tokenizer._tokenizer.apply_chat_template(
                    list(messages), chat_template=self._source, **own, **arguments
                )
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            raise invalid(
                f"the model's chat template refused the messages: {error}", param="messages"
            ) from error
        return str(text)
