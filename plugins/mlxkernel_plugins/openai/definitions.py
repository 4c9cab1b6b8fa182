"""Tools on the wire, the choice among them, and the format of the answer.

Unknown keys are refused; ``cache_control`` comes from clients that also speak to other services.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


# --- tools ----------------------------------------------------------------------------------------


class FunctionDefinition(_Wire, frozen=True):
    """A function that may be called; `parameters` is a JSON Schema, none of them when it is absent."""

    name: str
    description: str | None = None
    parameters: dict[str, Json] | None = None
    strict: bool | None = None
    cache_control: Json = None


class FunctionTool(_Wire, frozen=True, tag_field="type", tag="function"):
    """A tool that takes arguments in JSON."""

    function: FunctionDefinition
    cache_control: Json = None


class CustomTool(_Wire, frozen=True, tag_field="type", tag="custom"):
    """A tool that takes free text; understood in order to be refused by name."""

    custom: Json


AnyTool: TypeAlias = FunctionTool | CustomTool


# --- the choice among them ------------------------------------------------------------------------


class NamedFunction(_Wire, frozen=True):
    """A function by its name."""

    name: str


class FunctionChoice(_Wire, frozen=True, tag_field="type", tag="function"):
    """This function must be called."""

    function: NamedFunction


class CustomChoice(_Wire, frozen=True, tag_field="type", tag="custom"):
    """A custom tool must be called; understood in order to be refused by name."""

    custom: Json


class AllowedTools(_Wire, frozen=True):
    """Some of the request's tools, of which one may or must be called."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[AnyTool], Meta(min_length=1)]


class AllowedToolsChoice(_Wire, frozen=True, tag_field="type", tag="allowed_tools"):
    """Only these tools, although the request lists more."""

    allowed_tools: AllowedTools


AnyChoice: TypeAlias = (
    Literal["none", "auto", "required"] | FunctionChoice | CustomChoice | AllowedToolsChoice
)
LegacyChoice: TypeAlias = Literal["none", "auto"] | NamedFunction


# --- the format of the answer ---------------------------------------------------------------------


class TextFormat(_Wire, frozen=True, tag_field="type", tag="text"):
    """Any text: the same as no format."""


class JsonObjectFormat(_Wire, frozen=True, tag_field="type", tag="json_object"):
    """Some JSON object."""


class NamedSchema(_Wire, frozen=True):
    """A JSON Schema and what it is for."""

    schema: dict[str, Json]
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


class JsonSchemaFormat(_Wire, frozen=True, tag_field="type", tag="json_schema"):
    """A document that a JSON Schema accepts."""

    json_schema: NamedSchema


AnyFormat: TypeAlias = TextFormat | JsonObjectFormat | JsonSchemaFormat
