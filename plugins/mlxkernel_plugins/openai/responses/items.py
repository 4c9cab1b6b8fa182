"""Items on the wire: what goes into a response, one Struct per type.

Unknown keys are refused. Keys that clients send back with an item although they mean nothing here
(``phase``, ``caller``, ``parsed`` …) are listed and not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel_plugins.openai import parsing

Status: TypeAlias = Literal["in_progress", "completed", "incomplete"]


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


# --- content --------------------------------------------------------------------------------------


class InputText(_Wire, frozen=True, tag_field="type", tag="input_text"):
    """Words of a user, of the system or of a tool."""

    text: str
    prompt_cache_breakpoint: Json = None


class InputImage(_Wire, frozen=True, tag_field="type", tag="input_image"):
    """A picture: a ``data:`` URL that holds it, or a URL to fetch."""

    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: Json = None


class InputFile(_Wire, frozen=True, tag_field="type", tag="input_file"):
    """A document; understood in order to be refused by name."""

    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: Json = None


class InputAudio(_Wire, frozen=True, tag_field="type", tag="input_audio"):
    """Sound; understood in order to be refused by name."""

    input_audio: Json


class OutputText(_Wire, frozen=True, tag_field="type", tag="output_text"):
    """Words of the assistant."""

    text: str
    annotations: Json = None
    logprobs: Json = None
    parsed: Json = None


class Refusal(_Wire, frozen=True, tag_field="type", tag="refusal"):
    """Words by which an assistant declined."""

    refusal: str


Content: TypeAlias = InputText | InputImage | InputFile | InputAudio | OutputText | Refusal


class SummaryText(_Wire, frozen=True, tag_field="type", tag="summary_text"):
    """A thought as it is shown."""

    text: str


class ReasoningText(_Wire, frozen=True, tag_field="type", tag="reasoning_text"):
    """A thought as it was thought."""

    text: str


# --- items ----------------------------------------------------------------------------------------


class MessageItem(_Wire, frozen=True, tag_field="type", tag="message"):
    """What somebody said."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]
    id: str | None = None
    status: Status | None = None
    phase: str | None = None


class CallItem(_Wire, frozen=True, tag_field="type", tag="function_call"):
    """A call that the assistant made."""

    call_id: Annotated[str, Meta(min_length=1)]
    name: str
    arguments: str
    namespace: str | None = None
    id: str | None = None
    status: Status | None = None
    caller: Json = None
    parsed_arguments: Json = None


class OutputItem(_Wire, frozen=True, tag_field="type", tag="function_call_output"):
    """What the function answered."""

    call_id: Annotated[str, Meta(min_length=1)]
    output: str | list[InputText | InputImage | InputFile]
    id: str | None = None
    status: Status | None = None
    name: str | None = None
    namespace: str | None = None
    caller: Json = None


class ReasoningItem(_Wire, frozen=True, tag_field="type", tag="reasoning"):
    """What the assistant thought."""

    summary: list[SummaryText] | None = None
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None
    id: str | None = None
    status: Status | None = None


class ReferenceItem(_Wire, frozen=True, tag_field="type", tag="item_reference"):
    """An item of a stored response, by its id."""

    id: Annotated[str, Meta(min_length=1)]


Item: TypeAlias = MessageItem | CallItem | OutputItem | ReasoningItem

_KINDS: dict[str, type[MessageItem | CallItem | OutputItem | ReasoningItem | ReferenceItem]] = {
    "message": MessageItem,
    "function_call": CallItem,
    "function_call_output": OutputItem,
    "reasoning": ReasoningItem,
    "item_reference": ReferenceItem,
}

_FOREIGN = (
    "apply_patch_",
    "code_interpreter_",
    "compaction",
    "computer_",
    "custom_tool_",
    "file_search_",
    "image_generation_",
    "local_shell_",
    "mcp_",
    "program",
    "shell_",
    "tool_search_",
    "web_search_",
)
"""How the types of OpenAI's own tools and services begin."""


def read(given: Sequence[Json]) -> Iterator[tuple[str, Item | ReferenceItem]]:
    """Each item of the field `input` with its path. Raises `RequestFailed` for one that is wrong."""
    for place, raw in enumerate(given):
        path = f"input[{place}]"
        yield path, parsing.part(raw, _kind(raw, path), path)


def _kind(raw: Json, path: str) -> type[MessageItem | CallItem | OutputItem | ReasoningItem | ReferenceItem]:
    kind = raw.get("type")
    if kind is None:
        # The short forms: a message, and a reference, may leave their type out.
        return ReferenceItem if "id" in raw and "role" not in raw else MessageItem
    if isinstance(kind, str):
        if kind in _KINDS:
            return _KINDS[kind]
        if kind.startswith(_FOREIGN):
            raise unsupported(
                f"{path}.type", f"items of type '{kind[:80]}' come from tools that are not here"
            )
    supported = ", ".join(f"'{name}'" for name in _KINDS)
    message = f"Invalid value for '{path}.type': {str(kind)[:80]!r}; supported values are {supported}."
    raise invalid(message, param=f"{path}.type", code="invalid_value")


def listed(item: Item, id: str) -> Item:
    """The item in its long form, as a list of items shows it; `id` is for one that has none."""
    whole: Item = replace(item, id=item.id or id, status=item.status or "completed")
    match whole:
        case MessageItem(content=str() as text):
            part = _said(text) if whole.role == "assistant" else InputText(text=text)
            return replace(whole, content=[part])
        case MessageItem():
            return replace(whole, content=[_long(part) for part in whole.content])
        case OutputItem(output=list() as parts):
            return replace(whole, output=[_long(part) for part in parts])
        case ReasoningItem(summary=None):
            return replace(whole, summary=[])
        case _:
            return whole


def _said(text: str) -> OutputText:
    return OutputText(text=text, annotations=[])


def _long(part: Content | str) -> Content | str:
    match part:
        case OutputText(annotations=None):
            return replace(part, annotations=[])
        case InputImage(detail=None):
            return replace(part, detail="auto")
        case _:
            return part
