"""Conversations as chat templates see them: dictionaries in the conventions of Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from jinja2 import TemplateError

from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Audio, Image, Json, Message, Reasoning, Text, ToolCall, ToolResult
from mlxkernel.request import Tool
from mlxkernel_mlx.tokenizer import Tokenizer

_NO_PARAMETERS: dict[str, Json] = {"type": "object", "properties": {}}

Turn = dict[str, Json]
"""One message as a template reads it. The one place of the engine where dictionaries are right."""

Compose: TypeAlias = Callable[[Sequence["tuple[str, Text | Image]"]], Json]
"""Makes the content of a turn from its texts and pictures, each with the path that a fault names."""


def turns(messages: Sequence[Message], compose: Compose | None = None) -> list[Turn]:
    """The messages for a template. Raises `RequestFailed` (400) for what the model does not take in.

    Without `compose` the content of a turn is its text, and pictures are refused.
    """
    compose = compose or _text_only
    return [
        turn
        for place, message in enumerate(messages)
        for turn in _turns(message, f"messages[{place}]", compose)
    ]


def length(turn: Turn) -> int:
    """How many characters of text a turn has."""
    content = turn["content"]
    return len(content) if isinstance(content, str) else sum(len(part.get("text", "")) for part in content)


def _text_only(parts: Sequence[tuple[str, Text | Image]]) -> Json:
    for path, part in parts:
        if isinstance(part, Image):
            raise unsupported(part.where or path, "this model reads text only")
    return "".join(part.text for _, part in parts if isinstance(part, Text))


def _turns(message: Message, where: str, compose: Compose) -> Iterator[Turn]:
    seen: list[tuple[str, Text | Image]] = []
    thoughts: list[str] = []
    calls: list[Json] = []
    results: list[Turn] = []
    for place, part in enumerate(message.parts):
        path = f"{where}.content[{place}]"
        match part:
            case Text() | Image():
                seen.append((path, part))
            case Reasoning(text=text):
                thoughts.append(text)
            case ToolCall():
                calls.append(_call(part))
            case ToolResult():
                results.append(_result(part, path, compose))
            case Audio():
                raise unsupported(path, "this model takes in no sound")
    if seen or thoughts or calls or not results:
        turn: Turn = {"role": message.role.value, "content": compose(seen)}
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


def _result(result: ToolResult, path: str, compose: Compose) -> Turn:
    # Chat templates have no word for a call that failed, so the model is told in the text.
    failed = [(path, Text("Error: "))] if result.is_error else []
    content = compose([*failed, *((path, part) for part in result.parts)])
    turn: Turn = {"role": "tool", "tool_call_id": result.id, "content": content}
    if result.name is not None:
        turn["name"] = result.name
    return turn


def _declaration(tool: Tool) -> Json:
    function: dict[str, Json] = {"name": tool.name, "description": tool.description}
    return {"type": "function", "function": {**function, "parameters": tool.parameters or _NO_PARAMETERS}}


class ChatFormat:
    """A model's chat template. `source` is None when the model library renders in its own way
    (`Tokenizer.render`).

    The Hugging Face tokenizer is called directly: mlx_lm's wrapper would force ``enable_thinking`` on, where
    the template's own default must hold.
    """

    def __init__(self, tokenizer: Tokenizer, source: str | None) -> None:
        self._tokenizer = tokenizer
        self.source = source

    @property
    def knows_tools(self) -> bool:
        """Whether the template does something with tools; one that cannot be read may."""
        return self.takes("tools")

    def takes(self, variable: str) -> bool:
        """Whether the template reads a variable of this name; one that cannot be read may."""
        return self.source is None or variable in self.source

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
            if self.source is None:
                assert self._tokenizer.render is not None
                text = self._tokenizer.render(list(messages), **own, **arguments)
            else:
                text = self._tokenizer.hf.apply_chat_template(
                    list(messages), chat_template=self.source, **own, **arguments
                )
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            raise invalid(
                f"the model's chat template refused the messages: {error}", param="messages"
            ) from error
        return str(text)
