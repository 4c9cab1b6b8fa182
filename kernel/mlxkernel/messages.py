"""Messages: what was said, by whom, as values without identity.

Ids, storage and transport belong elsewhere. `extra` carries what one dialect must hand back
unchanged (a signature, a cache mark); nothing but that dialect reads it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeAlias

from msgspec import Struct

Json: TypeAlias = Any
"""A JSON value that passes through unread: a schema, template arguments, opaque extras."""


class Role(Enum):
    """Who speaks. Dialects map their own names (``developer``) onto these."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Text(Struct, frozen=True, tag="text", omit_defaults=True):
    """Words."""

    text: str
    extra: Json = None


class Image(Struct, frozen=True, tag="image", omit_defaults=True):
    """A picture: the encoded file's bytes, or a URL that the media policy has yet to fetch.

    A dialect makes it of one or the other. `media_type` is what the client declared (``image/png``), None if
    nothing; `where` is the path of the field that holds the picture in the client's body, which a fault
    names. An engine gets `data` only: a whole picture of an allowed format and size, with `media_type` as
    it was found to be.
    """

    data: bytes | None = None
    url: str | None = None
    detail: str | None = None
    extra: Json = None
    media_type: str | None = None
    where: str | None = None


class Audio(Struct, frozen=True, tag="audio", omit_defaults=True):
    """Sound: the encoded file's bytes and the name of its format (``wav``, ``mp3``)."""

    data: bytes
    format: str
    extra: Json = None


class Reasoning(Struct, frozen=True, tag="reasoning", omit_defaults=True):
    """What the model thought before it answered."""

    text: str
    extra: Json = None


class ToolCall(Struct, frozen=True, tag="tool_call", omit_defaults=True):
    """A call that the model made; `arguments` is the JSON text as it was written."""

    id: str
    name: str
    arguments: str
    extra: Json = None


class ToolResult(Struct, frozen=True, tag="tool_result", omit_defaults=True):
    """What a tool answered to the call with this id."""

    id: str
    parts: tuple[Text | Image, ...] = ()
    name: str | None = None
    is_error: bool = False
    extra: Json = None


Part: TypeAlias = Text | Image | Audio | Reasoning | ToolCall | ToolResult


class Message(Struct, frozen=True, omit_defaults=True):
    """One turn: a role and its parts in order. `name` tells speakers of one role apart."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str | None = None
