"""From the items of a response to the kernel's conversation.

The items of one turn of the assistant (its thought, its words, its calls) become one message, as chat
templates expect it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel_plugins.openai import conversation
from mlxkernel_plugins.openai.responses import thoughts
from mlxkernel_plugins.openai.responses.items import (
    CallItem,
    Content,
    InputAudio,
    InputFile,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputItem,
    OutputText,
    ReasoningItem,
    Refusal,
)
from mlxkernel_plugins.openai.responses.tools import joined
from mlxkernel_plugins.openai.turns import ImagePart, ImageUrl


def messages(instructions: str | None, items: Iterable[tuple[str, Item]]) -> tuple[Message, ...]:
    """The messages of these items, each with its path, after the instructions. Raises `RequestFailed`."""
    reader = _Reader()
    if instructions:
        reader.said.append(Message(Role.SYSTEM, (Text(instructions),)))
    for path, item in items:
        reader.read(item, path)
    reader.end_turn()
    return tuple(reader.said)


class _Reader:
    """Reads items in order, gathers a turn of the assistant, and remembers what was called."""

    def __init__(self) -> None:
        self.said: list[Message] = []
        self._turn: list[Part] = []
        self._called: dict[str, str] = {}

    def read(self, item: Item, path: str) -> None:
        match item:
            case MessageItem(role="assistant"):
                self._begin_after(Text)
                self._turn.extend(_parts(item.content, f"{path}.content"))
            case MessageItem(role=role):
                self.end_turn()
                parts = tuple(_parts(item.content, f"{path}.content"))
                self.said.append(Message(Role.USER if role == "user" else Role.SYSTEM, parts))
            case ReasoningItem():
                self._begin_after(Text, ToolCall)
                if thought := thoughts.read(item):
                    self._turn.append(Reasoning(thought))
            case CallItem(call_id=id):
                self._called[id] = joined(item.name, item.namespace)
                where = f"{path}.arguments"
                self._turn.append(conversation.call(id, self._called[id], item.arguments, where))
            case OutputItem():
                self.end_turn()
                self.said.append(Message(Role.TOOL, (self._result(item, path),)))

    def end_turn(self) -> None:
        """The assistant's turn is over."""
        if self._turn:
            self.said.append(Message(Role.ASSISTANT, tuple(self._turn)))
            self._turn.clear()

    def _begin_after(self, *kinds: type[Part]) -> None:
        """A new turn, if the present one has such a part already."""
        if any(isinstance(part, kinds) for part in self._turn):
            self.end_turn()

    def _result(self, item: OutputItem, path: str) -> ToolResult:
        name = self._called.get(item.call_id)
        if name is None:
            message = f"No tool call found for function call output with call_id {item.call_id[:80]}."
            raise invalid(message, param=f"{path}.call_id", code="invalid_value")
        parts = tuple(
            part for part in _parts(item.output, f"{path}.output") if isinstance(part, (Text, Image))
        )
        return ToolResult(item.call_id, parts, name)


def _parts(content: str | Iterable[Content], path: str) -> Iterator[Part]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for place, part in enumerate(content):
        match part:
            case InputText(text=text) | OutputText(text=text) | Refusal(refusal=text):
                yield Text(text)
            case InputImage():
                yield _image(part, f"{path}[{place}]")
            case InputFile():
                raise unsupported(f"{path}[{place}].type", "files are not read; send their text")
            case InputAudio():
                raise unsupported(f"{path}[{place}].type", "the models do not hear; send text")


def _image(part: InputImage, path: str) -> Image:
    if part.file_id is not None:
        raise unsupported(f"{path}.file_id", "the server stores no files; send 'image_url'")
    if not part.image_url:
        message = f"Missing required parameter: '{path}.image_url'."
        raise invalid(message, param=f"{path}.image_url", code="missing_required_parameter")
    conversation.check_detail(part.detail, f"{path}.detail")
    url = ImageUrl(url=part.image_url, detail=part.detail)
    return conversation.image(ImagePart(image_url=url), f"{path}.image_url")
