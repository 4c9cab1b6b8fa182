"""From the tools on the wire, and from their predecessors `functions`, to the kernel's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.request import AutoTool, NoTool, RequiredTool, Tool, ToolChoice
from mlxkernel.tools import declared
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.bodies import ChatBody
from mlxkernel_plugins.openai.definitions import (
    AllowedTools,
    AllowedToolsChoice,
    AnyTool,
    CustomChoice,
    CustomTool,
    FunctionChoice,
    FunctionDefinition,
    NamedFunction,
)


class Toolbox(Struct, frozen=True):
    """What may be called, what must be, and whether the answer calls it in the legacy shape."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = AutoTool()
    parallel: bool = True
    legacy: bool = False


def toolbox(body: ChatBody) -> Toolbox:
    """The tools of the request and the choice among them.

    Raises `RequestFailed` with the path of the definition or choice that is wrong.
    """
    if body.functions:
        return _legacy(body)
    if body.function_call is not None and (body.tools or isinstance(body.function_call, NamedFunction)):
        raise only_with("function_call", "functions")
    tools = defined(_functions(body.tools or (), "tools"))
    if not tools:
        if body.tool_choice in (None, "auto", "none"):
            return Toolbox()
        raise only_with("tool_choice", "tools")
    box = Toolbox(tools, parallel=body.parallel_tool_calls is not False)
    return _chosen(box, body)


def _legacy(body: ChatBody) -> Toolbox:
    if body.tools:
        message = "'functions' and 'tools' cannot be used together: send 'tools'."
        raise invalid(message, param="functions", code="invalid_value")
    if body.tool_choice is not None:
        raise only_with("tool_choice", "tools")
    tools = defined((f"functions[{i}]", definition) for i, definition in enumerate(body.functions or ()))
    choice: ToolChoice
    match body.function_call:
        case None | "auto":
            choice = AutoTool()
        case "none":
            choice = NoTool()
        case NamedFunction(name=name):
            check_known(name, tools, "function_call.name", "functions")
            choice = RequiredTool((name,))
    # The shape has room for one call.
    return Toolbox(tools, choice, parallel=False, legacy=True)


def _chosen(box: Toolbox, body: ChatBody) -> Toolbox:
    tools, parallel = box.tools, box.parallel
    match body.tool_choice:
        case None | "auto":
            return box
        case "none":
            return Toolbox(tools, NoTool(), parallel)
        case "required":
            return Toolbox(tools, RequiredTool(), parallel)
        case FunctionChoice(function=NamedFunction(name=name)):
            check_known(name, tools, "tool_choice.function.name", "tools")
            return Toolbox(tools, RequiredTool((name,)), parallel)
        case AllowedToolsChoice(allowed_tools=allowed):
            names = _allowed(allowed, tools)
            if allowed.mode == "required":
                return Toolbox(tools, RequiredTool(names), parallel)
            return Toolbox(tuple(tool for tool in tools if tool.name in names), AutoTool(), parallel)
        case CustomChoice():
            raise unsupported("tool_choice.type", "only functions can be called")


def _allowed(allowed: AllowedTools, tools: Sequence[Tool]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for path, function in _functions(allowed.tools, "tool_choice.allowed_tools.tools"):
        check_known(function.name, tools, f"{path}.name", "tools")
        names[function.name] = None
    return tuple(names)


def _functions(given: Iterable[AnyTool], path: str) -> Iterator[tuple[str, FunctionDefinition]]:
    for i, tool in enumerate(given):
        if isinstance(tool, CustomTool):
            raise unsupported(f"{path}[{i}].type", "only functions can be called")
        yield f"{path}[{i}].function", tool.function


def defined(definitions: Iterable[tuple[str, FunctionDefinition]]) -> tuple[Tool, ...]:
    """The tools of these definitions, each with its path. Raises `RequestFailed` for one that is wrong."""
    given = (
        (path, Tool(one.name, one.description or "", one.parameters or {}, bool(one.strict)))
        for path, one in definitions
    )
    return declared(given, parsing.words)


def check_known(name: str, tools: Sequence[Tool], path: str, listed: str) -> None:
    """Raises `RequestFailed` for a function that the field `listed` does not have."""
    if all(tool.name != name for tool in tools):
        message = f"Invalid value for '{path}': there is no function {name[:80]!r} in '{listed}'."
        raise invalid(message, param=path, code="invalid_value")


def only_with(field: str, needed: str) -> RequestFailed:
    """The error for a field that means nothing without another."""
    message = f"'{field}' is only allowed when '{needed}' are specified."
    return invalid(message, param=field, code="invalid_value")
