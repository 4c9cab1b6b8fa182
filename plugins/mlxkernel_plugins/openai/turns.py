"""Messages on the wire: one Struct per role, one per kind of content.

Unknown keys are refused. Keys that client libraries send back with a turn although they mean
nothing here (``annotations``, ``provider_specific_fields`` …) are listed and not read.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class TextPart(_Wire, frozen=True, tag_field="type", tag="text"):
    """Words. `cache_control` comes from clients that also speak to other services."""

    text: str
    cache_control: Json = None
    prompt_cache_breakpoint: Json = None


class RefusalPart(_Wire, frozen=True, tag_field="type", tag="refusal"):
    """Words by which an assistant declined."""

    refusal: str


class ImageUrl(_Wire, frozen=True):
    """Where a picture is: a ``data:`` URL that holds it, or a URL to fetch."""

    url: Annotated[str, Meta(min_length=1)]
    detail: str | None = None


class ImagePart(_Wire, frozen=True, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl
    cache_control: Json = None
    prompt_cache_breakpoint: Json = None


class AudioPart(_Wire, frozen=True, tag_field="type", tag="input_audio"):
    """Sound; understood in order to be refused by name."""

    input_audio: Json


class FilePart(_Wire, frozen=True, tag_field="type", tag="file"):
    """A document; understood in order to be refused by name."""

    file: Json


TextContent: TypeAlias = str | Annotated[list[TextPart], Meta(min_length=1)] | None
UserContent: TypeAlias = (
    str | Annotated[list[TextPart | ImagePart | AudioPart | FilePart], Meta(min_length=1)] | None
)
AssistantContent: TypeAlias = str | Annotated[list[TextPart | RefusalPart], Meta(min_length=1)] | None


class CalledFunction(_Wire, frozen=True):
    """Which function was called; `arguments` is JSON text, and may be empty."""

    name: str
    arguments: str
    parsed_arguments: Json = None


class FunctionCall(_Wire, frozen=True, tag_field="type", tag="function"):
    """A call that the assistant made in an earlier turn."""

    id: str
    function: CalledFunction
    index: int | None = None
    provider_specific_fields: Json = None


class CustomCall(_Wire, frozen=True, tag_field="type", tag="custom"):
    """A call of a tool that takes free text; understood in order to be refused by name."""

    id: str
    custom: Json


class SystemTurn(_Wire, frozen=True, tag_field="role", tag="system"):
    """Instructions."""

    content: TextContent
    name: str | None = None


class DeveloperTurn(SystemTurn, frozen=True, tag="developer"):
    """Instructions, under the name that newer clients use."""


class UserTurn(_Wire, frozen=True, tag_field="role", tag="user"):
    """What a person says and shows."""

    content: UserContent
    name: str | None = None


class AssistantTurn(_Wire, frozen=True, tag_field="role", tag="assistant"):
    """What the model answered earlier, as client libraries send it back."""

    content: AssistantContent = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[FunctionCall | CustomCall] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    function_call: CalledFunction | None = None
    audio: Json = None
    annotations: Json = None
    parsed: Json = None
    reasoning_details: Json = None
    thinking_blocks: Json = None
    provider_specific_fields: Json = None


class ToolTurn(_Wire, frozen=True, tag_field="role", tag="tool"):
    """What a tool answered to a call."""

    content: TextContent
    tool_call_id: str
    name: str | None = None


class FunctionTurn(_Wire, frozen=True, tag_field="role", tag="function"):
    """The predecessor of `ToolTurn`: what the function of this name answered."""

    content: TextContent
    name: str


Turn: TypeAlias = SystemTurn | DeveloperTurn | UserTurn | AssistantTurn | ToolTurn | FunctionTurn
