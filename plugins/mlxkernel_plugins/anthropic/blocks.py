"""Messages on the wire: one Struct per role, one per kind of content block.

Unknown keys are refused. Keys that client libraries send back with a block although they mean nothing
here (``cache_control``, ``citations``) are listed and not read. Kinds of blocks that are not listed are
refused by `parsing`, with the reason where there is one to give.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from mlxkernel.messages import Json


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class TextBlock(_Wire, frozen=True, tag_field="type", tag="text"):
    """Words."""

    text: str
    cache_control: Json = None
    citations: Json = None


class Base64Source(_Wire, frozen=True, tag_field="type", tag="base64"):
    """A picture that the request holds."""

    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class UrlSource(_Wire, frozen=True, tag_field="type", tag="url"):
    """A picture to fetch."""

    url: Annotated[str, Meta(min_length=1)]


class ImageBlock(_Wire, frozen=True, tag_field="type", tag="image"):
    """A picture."""

    source: Base64Source | UrlSource
    cache_control: Json = None
    transformations: Json = None


class ThinkingBlock(_Wire, frozen=True, tag_field="type", tag="thinking"):
    """What the model thought in an earlier turn; its `signature` is not read."""

    thinking: str
    signature: str | None = None


class RedactedThinkingBlock(_Wire, frozen=True, tag_field="type", tag="redacted_thinking"):
    """Thoughts that only their maker can read."""

    data: str


class ToolUseBlock(_Wire, frozen=True, tag_field="type", tag="tool_use"):
    """A call that the model made in an earlier turn."""

    id: str
    name: str
    input: dict[str, Json]
    cache_control: Json = None
    caller: Json = None
    toolset_name: str | None = None


class ToolResultBlock(_Wire, frozen=True, tag_field="type", tag="tool_result"):
    """What a tool answered to a call."""

    tool_use_id: str
    content: str | list[TextBlock | ImageBlock] | None = None
    is_error: bool | None = None
    cache_control: Json = None
    toolset_name: str | None = None


SystemContent: TypeAlias = str | list[TextBlock]
UserBlock: TypeAlias = TextBlock | ImageBlock | ToolResultBlock
AssistantBlock: TypeAlias = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock


class SystemTurn(_Wire, frozen=True, tag_field="role", tag="system"):
    """Instructions in the middle of a conversation."""

    content: SystemContent


class UserTurn(_Wire, frozen=True, tag_field="role", tag="user"):
    """What a person says and shows, and what tools answer."""

    content: str | list[UserBlock]


class AssistantTurn(_Wire, frozen=True, tag_field="role", tag="assistant"):
    """What the model answered earlier; as the last turn, the beginning of its answer."""

    content: str | list[AssistantBlock]


Turn: TypeAlias = SystemTurn | UserTurn | AssistantTurn
