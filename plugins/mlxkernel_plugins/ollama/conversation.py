"""From the messages on the wire to the kernel's conversation, and from its tools to the kernel's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mlxkernel import embedded
from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation, Tool
from mlxkernel.tools import declared
from mlxkernel_plugins.ollama import parsing, turns
from mlxkernel_plugins.ollama.turns import Turn


def conversation(said: Sequence[Turn]) -> Conversation:
    """The messages. An assistant's last words are the beginning of the answer, as Ollama has it.

    Raises `RequestFailed` with the path of what is wrong.
    """
    reader = _Reader()
    last = said[-1]
    return Conversation(
        messages=tuple(reader.message(turn, i) for i, turn in enumerate(said)),
        continue_last=last.role == "assistant" and bool(last.content) and not last.tool_calls,
    )


def question(prompt: str, system: str | None, pictures: Sequence[str]) -> Conversation:
    """The one question of ``/api/generate``. Raises `RequestFailed`."""
    asked = Message(Role.USER, (*images(pictures, "images"), Text(prompt)))
    return Conversation((Message(Role.SYSTEM, (Text(system),)), asked) if system else (asked,))


class _Reader:
    """Reads the turns in order and remembers which calls have no result yet.

    Clients of this dialect name the tool of a result, seldom the call: it answers the first open call of
    that tool, and without a name the first open one.
    """

    def __init__(self) -> None:
        self._open: list[ToolCall] = []

    def message(self, turn: Turn, index: int) -> Message:
        """The turn at this place. Raises `RequestFailed`."""
        path = f"messages[{index}]"
        for field in ("tool_calls", "thinking"):
            if getattr(turn, field) and turn.role != "assistant":
                message = f"'{path}.{field}' belongs to messages of the role 'assistant'"
                raise invalid(message, param=f"{path}.{field}")
        text = (Text(turn.content),) if turn.content else ()
        match turn.role:
            case "system":
                self._refuse_images(turn, path)
                return Message(Role.SYSTEM, text, turn.name)
            case "user":
                return Message(Role.USER, (*images(turn.images or (), f"{path}.images"), *text), turn.name)
            case "assistant":
                self._refuse_images(turn, path)
                thought = (Reasoning(turn.thinking),) if turn.thinking else ()
                calls = tuple(self._calls(turn, index))
                self._open = list(calls)
                return Message(Role.ASSISTANT, (*thought, *text, *calls), turn.name)
            case "tool":
                parts = (*text, *images(turn.images or (), f"{path}.images"))
                call = self._answered(turn)
                name = turn.tool_name or turn.name or (call.name if call else None)
                id = call.id if call else turn.tool_call_id or f"call_{index}"
                return Message(Role.TOOL, (ToolResult(id, parts, name),))

    def _calls(self, turn: Turn, index: int) -> Iterator[ToolCall]:
        for i, call in enumerate(turn.tool_calls or ()):
            arguments = call.function.arguments or {}
            parsing.check_value(arguments, f"messages[{index}].tool_calls[{i}].function.arguments")
            id = call.id or f"call_{index}_{i}"
            yield ToolCall(id, call.function.name, msgspec.json.encode(arguments).decode())

    def _answered(self, turn: Turn) -> ToolCall | None:
        name = turn.tool_name or turn.name
        for call in self._open:
            by_id = call.id == turn.tool_call_id
            if by_id if turn.tool_call_id else name in (None, call.name):
                self._open.remove(call)
                return call
        return None

    def _refuse_images(self, turn: Turn, path: str) -> None:
        if turn.images:
            raise unsupported(
                f"{path}.images", f"the role '{turn.role}' shows no pictures; let the user show them"
            )


def images(given: Sequence[str], path: str) -> tuple[Part, ...]:
    """The pictures. Raises `RequestFailed` for what is not base64."""
    return tuple(_image(text, f"{path}[{i}]") for i, text in enumerate(given))


def _image(text: str, path: str) -> Image:
    if text[:5].lower() == "data:":
        raise invalid(
            f"invalid value for '{path}': send the base64 alone, without 'data:…,' before it", param=path
        )
    # Ollama skips line ends, which command-line tools put into base64.
    try:
        data = embedded.decode(text.replace("\n", "").replace("\r", ""))
    except ValueError:
        raise invalid(f"invalid value for '{path}': the picture's data is not base64", param=path) from None
    if not data:
        raise invalid(f"invalid value for '{path}': the picture is empty", param=path)
    return Image(data=data, where=path)


def tools(given: Sequence[turns.Tool]) -> tuple[Tool, ...]:
    """The functions that may be called. Raises `RequestFailed` with the path of what is wrong."""
    functions = ((f"tools[{i}].function", tool.function) for i, tool in enumerate(given))
    return declared(
        (
            (path, Tool(one.name, one.description or "", one.parameters or {}, bool(one.strict)))
            for path, one in functions
        ),
        parsing.words,
    )
