"""From the tools on the wire, and the choice among them, to the kernel's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel.request import AutoTool, NoTool, RequiredTool, Tool, ToolChoice
from mlxkernel.tools import declared
from mlxkernel_plugins.anthropic import parsing
from mlxkernel_plugins.anthropic.bodies import PromptBody
from mlxkernel_plugins.anthropic.definitions import (
    AnyChoice,
    AnyTool,
    AutoChoice,
    ClientTool,
    NamedChoice,
    NoChoice,
)

_kind = msgspec.json.Decoder(AnyTool)
_tool = msgspec.json.Decoder(ClientTool)

_CLIENT_KINDS = ("bash_", "text_editor_", "computer_", "browser_", "memory_")
"""Tools that the client runs, and whose schema only Anthropic's own models know."""


class Toolbox(Struct, frozen=True):
    """What may be called, what must be, and whether several calls may stand side by side."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = AutoTool()
    parallel: bool = True


def toolbox(body: PromptBody) -> Toolbox:
    """The tools of the request and the choice among them.

    Raises `RequestFailed` with the path of the definition or choice that is wrong.
    """
    given = _described(_definitions(body.tools or ()))
    tools = declared(given, parsing.words, "input_schema")
    choice = body.tool_choice
    if choice is None:
        return Toolbox(tools)
    if isinstance(choice, NoChoice):
        return Toolbox(tools, NoTool())
    parallel = not choice.disable_parallel_tool_use
    if isinstance(choice, AutoChoice):
        return Toolbox(tools, AutoTool(), parallel)
    if not tools:
        message = "'tool_choice' forces a call, but 'tools' lists none"
        raise invalid(message, param="tool_choice", code="wrong_value")
    if isinstance(choice, AnyChoice):
        return Toolbox(tools, RequiredTool(), parallel)
    return Toolbox(tools, RequiredTool((_known(choice, tools),)), parallel)


def _known(choice: NamedChoice, tools: Sequence[Tool]) -> str:
    if all(tool.name != choice.name for tool in tools):
        message = f"'tool_choice.name' is {choice.name[:80]!r}, and 'tools' lists no tool of that name"
        raise invalid(message, param="tool_choice.name", code="wrong_value")
    return choice.name


def _definitions(given: Sequence[msgspec.Raw]) -> Iterator[tuple[str, ClientTool]]:
    for place, raw in enumerate(given):
        path = f"tools[{place}]"
        kind = parsing.decode(raw, _kind, path).type
        if kind not in (None, "custom"):
            raise _foreign(f"{path}.type", kind or "")
        yield path, parsing.decode(raw, _tool, path)


def _foreign(path: str, kind: str) -> RequestFailed:
    shown = kind[:80]
    if kind.startswith(_CLIENT_KINDS):
        return unsupported(
            path, f"only Anthropic's models know the schema of '{shown}'; describe the tool by 'input_schema'"
        )
    return unsupported(path, f"the server runs no tools, so no '{shown}'; leave it out")


def _described(listed: Iterator[tuple[str, ClientTool]]) -> Iterator[tuple[str, Tool]]:
    for path, tool in listed:
        _check_use(tool, path)
        yield path, Tool(tool.name, tool.description or "", _schema(tool), bool(tool.strict))


def _check_use(tool: ClientTool, path: str) -> None:
    if tool.defer_loading:
        raise unsupported(f"{path}.defer_loading", "the model sees every tool at once; leave it out")
    if tool.allowed_callers not in (None, ["direct"]):
        raise unsupported(f"{path}.allowed_callers", "only the model calls; leave it out or send ['direct']")


def _schema(tool: ClientTool) -> dict[str, Json]:
    """The schema of the arguments, with the examples in the place that JSON Schema has for them."""
    if not tool.input_examples:
        return tool.input_schema
    return {**tool.input_schema, "examples": tool.input_examples}
