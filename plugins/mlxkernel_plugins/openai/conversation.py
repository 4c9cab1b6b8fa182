"""From the messages on the wire to the kernel's conversation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxkernel import embedded
from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.bodies import ChatBody
from mlxkernel_plugins.openai.template_args import template_args
from mlxkernel_plugins.openai.turns import (
    AssistantTurn,
    AudioPart,
    CalledFunction,
    CustomCall,
    FilePart,
    FunctionTurn,
    ImagePart,
    RefusalPart,
    SystemTurn,
    TextContent,
    TextPart,
    ToolTurn,
    Turn,
    UserTurn,
)

_DATA_URL = re.compile(r"^data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)
_DETAILS = ("auto", "low", "high", "original")
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:")


def conversation(body: ChatBody) -> Conversation:
    """The messages and what the template gets. Raises `RequestFailed` with the path of what is wrong."""
    reader = _Reader()
    return Conversation(
        messages=tuple(reader.message(turn, i) for i, turn in enumerate(body.messages)),
        template_args=template_args(body.chat_template_kwargs or {}),
        continue_last=_continue_last(body),
    )


def _continue_last(body: ChatBody) -> bool:
    if not body.continue_final_message:
        if body.add_generation_prompt is False:
            why = "the model needs the beginning of its turn, unless 'continue_final_message' is true"
            raise unsupported("add_generation_prompt", why)
        return False
    if body.add_generation_prompt:
        message = "'add_generation_prompt' and 'continue_final_message' cannot both be true."
        raise invalid(message, param="continue_final_message", code="invalid_value")
    if not isinstance(body.messages[-1], AssistantTurn):
        message = "'continue_final_message' needs a last message of role 'assistant'."
        raise invalid(message, param="continue_final_message", code="invalid_value")
    return True


class _Reader:
    """Reads the turns in order and remembers the calls, so that a result finds the one it answers.

    An id may be used again in a later turn, as clients do that count from 0 in each: the latest counts.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._legacy_ids: dict[str, str] = {}

    def message(self, turn: Turn, index: int) -> Message:
        """The turn at this place. Raises `RequestFailed`."""
        path = f"messages[{index}]"
        match turn:
            case SystemTurn():
                return Message(Role.SYSTEM, _texts(turn.content), turn.name)
            case UserTurn():
                return Message(Role.USER, tuple(_user_parts(turn, f"{path}.content")), turn.name)
            case AssistantTurn():
                calls = tuple(self._calls(turn, index))
                return Message(Role.ASSISTANT, (*_assistant_parts(turn, path), *calls), turn.name)
            case ToolTurn(tool_call_id=id):
                name = turn.name or self._names.get(id)
                return Message(Role.TOOL, (ToolResult(id, _texts(turn.content), name),))
            case FunctionTurn(name=name):
                id = self._legacy_ids.get(name) or _legacy_id(index)
                return Message(Role.TOOL, (ToolResult(id, _texts(turn.content), name),))

    def _calls(self, turn: AssistantTurn, index: int) -> Iterator[ToolCall]:
        path = f"messages[{index}]"
        if turn.function_call is not None:
            if turn.tool_calls:
                message = f"'{path}' has both 'function_call' and 'tool_calls': send 'tool_calls'."
                raise invalid(message, param=f"{path}.function_call", code="invalid_value")
            self._legacy_ids[turn.function_call.name] = _legacy_id(index)
            yield _call(_legacy_id(index), turn.function_call, f"{path}.function_call")
        for i, made in enumerate(turn.tool_calls or ()):
            if isinstance(made, CustomCall):
                raise unsupported(f"{path}.tool_calls[{i}].type", "only calls of functions are understood")
            self._names[made.id] = made.function.name
            yield _call(made.id, made.function, f"{path}.tool_calls[{i}].function")


def _legacy_id(index: int) -> str:
    """An id for what has none in the legacy shape: the place of its message."""
    return f"call_{index}"


def _call(id: str, function: CalledFunction, path: str) -> ToolCall:
    return call(id, function.name, function.arguments, f"{path}.arguments")


def call(id: str, name: str, arguments: str, path: str) -> ToolCall:
    """A call of an earlier turn; `path` is where its arguments stand.

    Raises `RequestFailed` for arguments that no chat template could read again.
    """
    parsing.check_text(arguments, path)
    # Clients write no arguments as "", which is not the JSON that arguments are.
    return ToolCall(id, name, arguments if arguments.strip() else "{}")


def _texts(content: TextContent) -> tuple[Text, ...]:
    if content is None:
        return ()
    return (Text(content),) if isinstance(content, str) else tuple(Text(part.text) for part in content)


def _user_parts(turn: UserTurn, path: str) -> Iterator[Part]:
    if not isinstance(turn.content, list):
        yield from _texts(turn.content)
        return
    for i, part in enumerate(turn.content):
        match part:
            case TextPart():
                yield Text(part.text)
            case ImagePart():
                check_detail(part.image_url.detail, f"{path}[{i}].image_url.detail")
                yield image(part, f"{path}[{i}].image_url.url")
            case AudioPart():
                raise unsupported(f"{path}[{i}].type", "the models do not hear; send text")
            case FilePart():
                raise unsupported(f"{path}[{i}].type", "files are not read; send their text")


def check_detail(detail: str | None, path: str) -> None:
    """Raises `RequestFailed` for a word that no API of OpenAI's has for it."""
    if detail is not None and detail not in _DETAILS:
        message = f"Invalid value for '{path}': expected one of {', '.join(map(repr, _DETAILS))}."
        raise invalid(message, param=path, code="invalid_value")


def image(part: ImagePart, path: str) -> Image:
    """The picture of a part; `path` is where its URL stands. Raises `RequestFailed`."""
    url = part.image_url.url
    if url[:5].lower() != "data:":
        if not _SCHEME.match(url):
            message = f"Invalid value for '{path}': expected an absolute URL or a 'data:' URL."
            raise invalid(message, param=path, code="invalid_image_url")
        return Image(url=url, detail=part.image_url.detail, where=path)
    head = _DATA_URL.match(url)
    parameters = head["parameters"].lower().split(";") if head else []
    if head is None or not head["type"].lower().startswith("image/") or "base64" not in parameters:
        message = f"Invalid value for '{path}': expected 'data:image/<format>;base64,<data>'."
        raise invalid(message, param=path, code="invalid_image_url")
    try:
        data = embedded.decode(url[head.end() :])
    except ValueError:
        message = f"Invalid value for '{path}': the picture's data is not base64."
        raise invalid(message, param=path, code="invalid_base64") from None
    if not data:
        raise invalid(
            f"Invalid value for '{path}': the picture is empty.", param=path, code="invalid_image_url"
        )
    return Image(data=data, detail=part.image_url.detail, media_type=head["type"].lower(), where=path)


def _assistant_parts(turn: AssistantTurn, path: str) -> Iterator[Part]:
    if turn.audio is not None:
        raise unsupported(f"{path}.audio", "spoken answers are not kept; send their text")
    # Some clients send what the model thought under both names.
    if thought := turn.reasoning_content or turn.reasoning:
        yield Reasoning(thought)
    if isinstance(turn.content, str):
        if turn.content:
            yield Text(turn.content)
    else:
        for part in turn.content or ():
            yield Text(part.refusal if isinstance(part, RefusalPart) else part.text)
    if turn.refusal:
        yield Text(turn.refusal)
