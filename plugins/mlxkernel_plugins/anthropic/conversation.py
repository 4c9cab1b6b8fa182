"""From the system text and the messages on the wire to the kernel's conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from mlxkernel import embedded
from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation
from mlxkernel_plugins.anthropic import parsing
from mlxkernel_plugins.anthropic.blocks import (
    AssistantBlock,
    AssistantTurn,
    Base64Source,
    ImageBlock,
    RedactedThinkingBlock,
    SystemContent,
    SystemTurn,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
    UserTurn,
)
from mlxkernel_plugins.anthropic.bodies import PromptBody
from mlxkernel_plugins.anthropic.definitions import ThinkingEnabled
from mlxkernel_plugins.anthropic.system_lines import SystemLines

_BREAK = "\n\n"
"""Between two blocks of the system text, and between two turns that are combined."""

_json = msgspec.json.Encoder()


def conversation(body: PromptBody, lines: SystemLines) -> Conversation:
    """The messages. Raises `RequestFailed` with the path of what is wrong.

    A last turn of the assistant that says something is the beginning of the answer.
    """
    reader = _Reader(lines)
    read = [*reader.system(body.system or "")]
    for place, turn in enumerate(body.messages):
        read.extend(reader.turn(turn, f"messages[{place}].content"))
    messages = tuple(_combined(read))
    begun = bool(messages) and messages[-1].role is Role.ASSISTANT
    if begun:
        _check_beginning(messages[-1], body)
    return Conversation(messages=messages, continue_last=begun)


def _check_beginning(message: Message, body: PromptBody) -> None:
    """Raises `RequestFailed` where the model cannot go on with its own turn."""
    if not isinstance(message.parts[-1], Text):
        why = "a last turn of the assistant is the beginning of the answer, so it must end with text"
        raise unsupported(f"messages[{len(body.messages) - 1}].content", why)
    if isinstance(body.thinking, ThinkingEnabled):
        why = "the last message is the beginning of the answer, before which the model cannot think any more"
        raise unsupported("thinking", why)


def _combined(messages: Sequence[Message]) -> Iterator[Message]:
    """The messages, with neighbours of one role put together; empty ones are left out.

    Anthropic's API takes turns that do not alternate, and many chat templates do not.
    """
    for role, neighbours in groupby((m for m in messages if m.parts), key=lambda message: message.role):
        if role is Role.TOOL:
            yield from neighbours
            continue
        parts: list[Part] = []
        for message in neighbours:
            if parts and isinstance(parts[-1], Text) and isinstance(message.parts[0], Text):
                parts.append(Text(_BREAK))
            parts.extend(message.parts)
        yield Message(role, tuple(parts))


class _Reader:
    """Reads the turns in order and remembers the calls, so that a result finds the one it answers."""

    def __init__(self, lines: SystemLines) -> None:
        self._lines = lines
        self._names: dict[str, str] = {}

    def system(self, content: SystemContent) -> Iterator[Message]:
        """One message per block, without the lines that change."""
        texts = [content] if isinstance(content, str) else [block.text for block in content]
        for text in texts:
            if steady := self._lines.steady(text):
                yield Message(Role.SYSTEM, (Text(steady),))

    def turn(self, turn: Turn, path: str) -> Iterator[Message]:
        """The messages of this turn: results of tools are each their own. Raises `RequestFailed`."""
        match turn:
            case SystemTurn(content=content):
                yield from self.system(content)
            case UserTurn(content=str(text)):
                yield Message(Role.USER, _text(text))
            case AssistantTurn(content=str(text)):
                yield Message(Role.ASSISTANT, _text(text))
            case UserTurn():
                yield from self._user(turn, path)
            case AssistantTurn(content=list(blocks)):
                parts = (self._said(block, f"{path}[{place}]") for place, block in enumerate(blocks))
                yield Message(Role.ASSISTANT, tuple(part for part in parts if part is not None))

    def _user(self, turn: UserTurn, path: str) -> Iterator[Message]:
        said: list[Part] = []
        for place, block in enumerate(turn.content):
            match block:
                case TextBlock(text=text):
                    said.extend(_text(text))
                case ImageBlock():
                    said.append(_image(block, f"{path}[{place}]"))
                case ToolResultBlock():
                    yield Message(Role.USER, tuple(said))
                    said = []
                    yield Message(Role.TOOL, (self._result(block, f"{path}[{place}]"),))
        yield Message(Role.USER, tuple(said))

    def _said(self, block: AssistantBlock, path: str) -> Part | None:
        match block:
            case TextBlock(text=text):
                return Text(text) if text else None
            case ThinkingBlock(thinking=thought):
                return Reasoning(thought) if thought else None
            case RedactedThinkingBlock():
                return None
            case ToolUseBlock(id=id, name=name):
                _check_use(block, path)
                self._names[id] = name
                return ToolCall(id, name, _json.encode(block.input).decode())

    def _result(self, block: ToolResultBlock, path: str) -> ToolResult:
        _check_toolset(block, path)
        parts: tuple[Text | Image, ...]
        if isinstance(block.content, str):
            parts = _text(block.content)
        else:
            parts = tuple(
                Text(inner.text)
                if isinstance(inner, TextBlock)
                else _image(inner, f"{path}.content[{place}]")
                for place, inner in enumerate(block.content or ())
            )
        id = block.tool_use_id
        return ToolResult(id, parts, self._names.get(id), bool(block.is_error))


def _text(text: str) -> tuple[Text, ...]:
    return (Text(text),) if text else ()


def _check_toolset(block: ToolUseBlock | ToolResultBlock, path: str) -> None:
    if block.toolset_name is not None:
        raise unsupported(f"{path}.toolset_name", "there are no toolsets; leave it out")


def _check_use(block: ToolUseBlock, path: str) -> None:
    _check_toolset(block, path)
    parsing.check_value(block.input, f"{path}.input")
    if block.caller not in (None, {"type": "direct"}):
        raise unsupported(f"{path}.caller", "only the model calls; leave it out or send {'type': 'direct'}")


def _image(block: ImageBlock, path: str) -> Image:
    if block.transformations is not None:
        raise unsupported(f"{path}.transformations", "pictures are not resized on demand; leave it out")
    source = block.source
    if not isinstance(source, Base64Source):
        return Image(url=source.url, where=f"{path}.source.url")
    where = f"{path}.source.data"
    try:
        data = embedded.decode(source.data)
    except ValueError:
        raise invalid(f"'{where}' is not base64", param=where, code="invalid_base64") from None
    if not data:
        raise invalid(f"'{where}' is empty", param=where, code="invalid_image")
    return Image(data=data, media_type=source.media_type, where=where)
