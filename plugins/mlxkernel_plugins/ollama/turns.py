"""Messages and tools on the wire. Unknown keys are refused."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlxkernel.messages import Json


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class CalledFunction(_Wire, frozen=True):
    """Which function was called. `arguments` is an object, not a text; `index` counts the calls."""

    name: str
    arguments: dict[str, Json] | None = None
    index: int | None = None


class Call(_Wire, frozen=True):
    """A call that the assistant made in an earlier turn; most clients send no `id`."""

    function: CalledFunction
    id: str | None = None
    type: Literal["function"] | None = None


class Turn(_Wire, frozen=True):
    """One message. `images` are base64 without a prefix; `tool_name` is the tool that a result comes from."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[Call] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None
    name: str | None = None


class Definition(_Wire, frozen=True):
    """A function that may be called; `parameters` is a JSON Schema, none of them when it is absent."""

    name: str
    description: str | None = None
    parameters: dict[str, Json] | None = None
    strict: bool | None = None


class Tool(_Wire, frozen=True):
    """A tool; all of them are functions. `items` says nothing and is not read."""

    function: Definition
    type: Literal["function"] | None = None
    items: Json = None
