"""The events of a stream, each with the name under which it is sent and its place in the order."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from mlxkernel_plugins.openai.replies import TokenLogprob
from mlxkernel_plugins.openai.responses.objects import (
    Output,
    OutputText,
    ReasoningText,
    Response,
    SummaryText,
)


class _Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """`sequence_number` counts the events of a stream from 0."""

    sequence_number: int


class _ResponseEvent(_Event, frozen=True, kw_only=True):
    response: Response


class Created(_ResponseEvent, frozen=True, kw_only=True, tag="response.created"):
    """The engine has taken the request."""


class InProgress(_ResponseEvent, frozen=True, kw_only=True, tag="response.in_progress"):
    """It works on it."""


class Completed(_ResponseEvent, frozen=True, kw_only=True, tag="response.completed"):
    """The answer is whole."""


class Incomplete(_ResponseEvent, frozen=True, kw_only=True, tag="response.incomplete"):
    """The answer was cut short: by its limit, or because it was cancelled."""


class Failed(_ResponseEvent, frozen=True, kw_only=True, tag="response.failed"):
    """There will be no more of the answer."""


class Error(_Event, frozen=True, kw_only=True, tag="error"):
    """The request failed before there was a response."""

    code: str | None
    message: str
    param: str | None


class _ItemEvent(_Event, frozen=True, kw_only=True):
    output_index: int
    item: Output


class ItemAdded(_ItemEvent, frozen=True, kw_only=True, tag="response.output_item.added"):
    """An item begins."""


class ItemDone(_ItemEvent, frozen=True, kw_only=True, tag="response.output_item.done"):
    """An item is whole, or ends as it is."""


class _PlacedEvent(_Event, frozen=True, kw_only=True):
    item_id: str
    output_index: int


class _ContentEvent(_PlacedEvent, frozen=True, kw_only=True):
    content_index: int = 0


class _PartEvent(_ContentEvent, frozen=True, kw_only=True):
    part: OutputText | ReasoningText


class PartAdded(_PartEvent, frozen=True, kw_only=True, tag="response.content_part.added"):
    """A part of a message or of a thought begins."""


class PartDone(_PartEvent, frozen=True, kw_only=True, tag="response.content_part.done"):
    """It ends."""


class TextAdded(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.delta"):
    """More words."""

    delta: str
    logprobs: list[TokenLogprob] = []


class TextDone(_ContentEvent, frozen=True, kw_only=True, tag="response.output_text.done"):
    """All of them."""

    text: str
    logprobs: list[TokenLogprob] = []


class ThoughtAdded(_ContentEvent, frozen=True, kw_only=True, tag="response.reasoning_text.delta"):
    """More of a thought."""

    delta: str


class ThoughtDone(_ContentEvent, frozen=True, kw_only=True, tag="response.reasoning_text.done"):
    """All of it."""

    text: str


class _SummaryEvent(_PlacedEvent, frozen=True, kw_only=True):
    summary_index: int = 0


class SummaryPartAdded(_SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_part.added"):
    """A summary begins."""

    part: SummaryText


class SummaryPartDone(_SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_part.done"):
    """It ends."""

    part: SummaryText


class SummaryAdded(_SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_text.delta"):
    """More of a thought, for who asked for a summary."""

    delta: str


class SummaryDone(_SummaryEvent, frozen=True, kw_only=True, tag="response.reasoning_summary_text.done"):
    """All of it."""

    text: str


class ArgumentsAdded(_PlacedEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"):
    """More of a call's arguments."""

    delta: str


class ArgumentsDone(_PlacedEvent, frozen=True, kw_only=True, tag="response.function_call_arguments.done"):
    """All of them."""

    name: str
    arguments: str


StreamEvent: TypeAlias = (
    Created
    | InProgress
    | Completed
    | Incomplete
    | Failed
    | Error
    | ItemAdded
    | ItemDone
    | PartAdded
    | PartDone
    | TextAdded
    | TextDone
    | ThoughtAdded
    | ThoughtDone
    | SummaryPartAdded
    | SummaryPartDone
    | SummaryAdded
    | SummaryDone
    | ArgumentsAdded
    | ArgumentsDone
)


def name(event: StreamEvent) -> str:
    """The event's name, which is its ``type`` too."""
    return str(type(event).__struct_config__.tag)
