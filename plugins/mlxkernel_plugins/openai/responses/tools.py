"""From the tools of a response, which are flat here, to the kernel's, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel.request import AutoTool, NoTool, RequiredTool, Tool, ToolChoice
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.definitions import FunctionDefinition
from mlxkernel_plugins.openai.responses.bodies import ResponseBody
from mlxkernel_plugins.openai.tools import check_known, defined, only_with

SEPARATOR = "__"
"""Between a namespace and the function in it, where a model sees one name."""

_BUILT_IN = {
    "apply_patch": "the server changes no files",
    "code_interpreter": "the server runs no code",
    "computer": "the server has no computer to use",
    "computer_use": "the server has no computer to use",
    "computer_use_preview": "the server has no computer to use",
    "custom": "only functions can be called",
    "file_search": "the server stores and searches no files",
    "image_generation": "the server makes no pictures",
    "local_shell": "the server runs no commands",
    "mcp": "the server calls no other server; call it yourself and send its tools as functions",
    "programmatic_tool_calling": "the server runs no code",
    "shell": "the server runs no commands",
    "tool_search": "the server searches no tools; send those that may be called",
    "web_search": "the server does not search the web",
    "web_search_preview": "the server does not search the web",
}
"""The tools that OpenAI runs itself, and why each is refused."""


class _Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class FunctionTool(_Wire, frozen=True, tag_field="type", tag="function"):
    """A function that may be called; `parameters` is a JSON Schema, none of them when it is absent.

    `output_schema` describes what the function answers and is not read.
    """

    name: str
    description: str | None = None
    parameters: dict[str, Json] | None = None
    strict: bool | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None
    output_schema: Json = None


class NamespaceTool(_Wire, frozen=True, kw_only=True, tag_field="type", tag="namespace"):
    """Functions under a common name, which calls of them bear too."""

    name: Annotated[str, Meta(min_length=1)]
    description: str | None = None
    tools: Annotated[list[dict[str, Json]], Meta(min_length=1)]


class WebSearchTool(Struct, frozen=True, tag_field="type", tag="web_search"):
    """Leave to search the web. It grants nothing here, whatever else it says."""


class NamedFunction(_Wire, frozen=True, tag_field="type", tag="function"):
    """A function by its name."""

    name: str
    namespace: str | None = None


class AllowedTools(_Wire, frozen=True, tag_field="type", tag="allowed_tools"):
    """Some of the request's tools, of which one may or must be called."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[dict[str, Json]], Meta(min_length=1)]


class CalledName(Struct, frozen=True):
    """What a call is called on the wire."""

    name: str
    namespace: str | None = None


class Toolbox(Struct, frozen=True):
    """What may be called and what must be. `names` says how each tool is called on the wire; `echo` are the
    tools in effect as the answer repeats them.
    """

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice = AutoTool()
    names: Mapping[str, CalledName] = {}
    echo: tuple[Json, ...] = ()


def joined(name: str, namespace: str | None) -> str:
    """The one name that a model sees."""
    return name if namespace is None else f"{namespace}{SEPARATOR}{name}"


def toolbox(body: ResponseBody) -> Toolbox:
    """The tools of the request and the choice among them. Raises `RequestFailed` with the path of what is
    wrong.
    """
    given = tuple(_given(body.tools or [], "tools"))
    functions = [(path, tool, space) for path, tool, space in given if isinstance(tool, FunctionTool)]
    if given and not functions:
        raise unsupported(f"{given[0][0]}.type", _BUILT_IN["web_search"])
    tools = defined((path, _definition(tool, space)) for path, tool, space in functions)
    names = {joined(tool.name, space): CalledName(tool.name, space) for _, tool, space in functions}
    echo = (tool for tool in body.tools or [] if tool.get("type") != "web_search")
    return _chosen(Toolbox(tools, AutoTool(), names, tuple(_echo(tool) for tool in echo)), body)


def _given(
    tools: list[dict[str, Json]], path: str, space: str | None = None
) -> Iterator[tuple[str, FunctionTool | WebSearchTool, str | None]]:
    for place, raw in enumerate(tools):
        here = f"{path}[{place}]"
        match raw.get("type"):
            case "function":
                function = parsing.part(raw, FunctionTool, here)
                _check_use(function, here)
                yield here, function, space
            case "namespace" if space is None:
                namespace = parsing.part(raw, NamespaceTool, here)
                yield from _given(namespace.tools, f"{here}.tools", namespace.name)
            case "web_search" if space is None:
                # Agents offer it beside their functions and can do without; see `toolbox` for one alone.
                yield here, WebSearchTool(), None
            case kind:
                raise _refused(kind, here, "function", *(() if space else ("namespace",)))


def _check_use(tool: FunctionTool, path: str) -> None:
    if tool.defer_loading:
        raise unsupported(f"{path}.defer_loading", "the model sees every tool at once; leave it out")
    if tool.allowed_callers is not None and "direct" not in tool.allowed_callers:
        raise unsupported(f"{path}.allowed_callers", "only the model calls, which is 'direct'")


def _refused(kind: Json, path: str, *supported: str) -> RequestFailed:
    # Their names sometimes end with a date.
    for name, why in _BUILT_IN.items():
        if isinstance(kind, str) and (kind == name or kind.startswith(f"{name}_20")):
            return unsupported(f"{path}.type", why)
    param = f"{path}.type"
    if kind is None:
        message = f"Missing required parameter: '{param}'."
        return invalid(message, param=param, code="missing_required_parameter")
    values = " and ".join(f"'{name}'" for name in supported)
    message = f"Invalid value for '{param}': {str(kind)[:80]!r}; supported values are {values}."
    return invalid(message, param=param, code="invalid_value")


def _definition(tool: FunctionTool, space: str | None) -> FunctionDefinition:
    return FunctionDefinition(
        name=joined(tool.name, space),
        description=tool.description,
        parameters=tool.parameters,
        strict=tool.strict,
    )


def _echo(tool: dict[str, Json]) -> Json:
    if tool["type"] == "namespace":
        return {**tool, "tools": [_echo(inner) for inner in tool["tools"]]}
    return {"description": None, "parameters": None, "strict": False, **tool}


def _chosen(box: Toolbox, body: ResponseBody) -> Toolbox:
    choice = body.tool_choice
    if not box.tools and choice not in (None, "auto", "none"):
        raise only_with("tool_choice", "tools")
    match choice:
        case None | "auto":
            return box
        case "none":
            return replace(box, choice=NoTool())
        case "required":
            return replace(box, choice=RequiredTool())
        case {"type": "function"}:
            named = parsing.part(choice, NamedFunction, "tool_choice")
            name = joined(named.name, named.namespace)
            check_known(name, box.tools, "tool_choice.name", "tools")
            return replace(box, choice=RequiredTool((name,)))
        case {"type": "allowed_tools"}:
            return _allowed(box, parsing.part(choice, AllowedTools, "tool_choice"))
        case {"type": kind}:
            raise _refused(kind, "tool_choice", "function", "allowed_tools")
        case _:
            shown = repr(choice[:80]) if isinstance(choice, str) else "an object without 'type'"
            message = (
                f"Invalid value for 'tool_choice': {shown}; supported values are 'none', 'auto', 'required' "
                "and an object that names a function."
            )
            raise invalid(message, param="tool_choice", code="invalid_value")


def _allowed(box: Toolbox, allowed: AllowedTools) -> Toolbox:
    names: dict[str, None] = {}
    for place, raw in enumerate(allowed.tools):
        path = f"tool_choice.tools[{place}]"
        if raw.get("type") != "function":
            raise _refused(raw.get("type"), path, "function")
        named = parsing.part(raw, NamedFunction, path)
        name = joined(named.name, named.namespace)
        check_known(name, box.tools, f"{path}.name", "tools")
        names[name] = None
    if allowed.mode == "required":
        return replace(box, choice=RequiredTool(tuple(names)))
    return replace(box, tools=tuple(tool for tool in box.tools if tool.name in names))
