"""Tools on the wire, the choice among them, thinking, and the answer's format. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


# --- tools ----------------------------------------------------------------------------------------


class AnyTool(Struct, frozen=True):
    """Of a tool only its kind, by which it is refused or read on as a `ClientTool`."""

    type: str | None = None


class ClientTool(_Wire, frozen=True):
    """A tool that the client runs; `input_schema` is a JSON Schema.

    `eager_input_streaming` asks for what is done always: arguments stream as the model writes them.
    """

    name: str
    input_schema: dict[str, Json]
    type: Literal["custom"] | None = None
    description: str | None = None
    strict: bool | None = None
    input_examples: list[dict[str, Json]] | None = None
    cache_control: Json = None
    eager_input_streaming: bool | None = None
    defer_loading: bool | None = None
    allowed_callers: list[str] | None = None


# --- the choice among them ------------------------------------------------------------------------


class AutoChoice(_Wire, frozen=True, tag_field="type", tag="auto"):
    """The model calls or answers."""

    disable_parallel_tool_use: bool | None = None


class AnyChoice(_Wire, frozen=True, tag_field="type", tag="any"):
    """The model must call."""

    disable_parallel_tool_use: bool | None = None


class NamedChoice(_Wire, frozen=True, tag_field="type", tag="tool"):
    """The model must call this tool."""

    name: str
    disable_parallel_tool_use: bool | None = None


class NoChoice(_Wire, frozen=True, tag_field="type", tag="none"):
    """The model must not call."""


Choice: TypeAlias = AutoChoice | AnyChoice | NamedChoice | NoChoice


# --- thinking -------------------------------------------------------------------------------------

Display: TypeAlias = Literal["summarized", "omitted"]


class ThinkingEnabled(_Wire, frozen=True, tag_field="type", tag="enabled"):
    """The model thinks before it answers, up to so many tokens."""

    budget_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    display: Display | None = None


class ThinkingAdaptive(_Wire, frozen=True, tag_field="type", tag="adaptive"):
    """The model thinks as much as it is used to."""

    display: Display | None = None


class ThinkingDisabled(_Wire, frozen=True, tag_field="type", tag="disabled"):
    """The model answers at once."""


Thinking: TypeAlias = ThinkingEnabled | ThinkingAdaptive | ThinkingDisabled


# --- the answer -----------------------------------------------------------------------------------


class SchemaFormat(_Wire, frozen=True, tag_field="type", tag="json_schema"):
    """A document that a JSON Schema accepts."""

    schema: dict[str, Json]


class OutputConfig(_Wire, frozen=True):
    """How the answer is to be."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: SchemaFormat | None = None
    task_budget: Json = None


class Metadata(_Wire, frozen=True):
    """For the service's own records."""

    user_id: str | None = None


class ClearThinking(_Wire, frozen=True, tag_field="type", tag="clear_thinking_20251015"):
    """An edit that takes thoughts of earlier turns out of the conversation, or keeps ``"all"`` of them."""

    keep: Json = None


class ContextManagement(_Wire, frozen=True):
    """What the service is to do to the conversation before the model sees it."""

    edits: list[ClearThinking] | None = None
