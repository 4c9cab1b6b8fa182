"""Tools and the choice among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.request import AutoTool, NoTool, Request, RequiredTool, Tool

Read = Callable[..., Request]
Refused = Callable[..., Fault]

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def tool(name: str = "f", **more: Any) -> dict[str, Any]:
    return {"name": name, "input_schema": SCHEMA, **more}


def test_a_tool_in_full(read: Read) -> None:
    given = read(
        tools=[
            tool(
                type="custom",
                description="Does f.",
                strict=True,
                cache_control={"type": "ephemeral"},
                eager_input_streaming=True,
                defer_loading=False,
                allowed_callers=["direct"],
            ),
            {"name": "mcp.g-1", "input_schema": {"$schema": "x"}},
        ]
    )
    assert given.tools == (Tool("f", "Does f.", SCHEMA, True), Tool("mcp.g-1", "", {"$schema": "x"}))
    assert (given.tool_choice, given.parallel_tool_calls) == (AutoTool(), True)


def test_no_tools_is_no_tools(read: Read) -> None:
    assert read(tools=[]) == read()
    assert read(tools=[], tool_choice={"type": "auto"}) == read()


def test_examples_stand_where_json_schema_has_them(read: Read) -> None:
    given = read(tools=[tool(input_examples=[{"city": "Rome"}])])
    assert given.tools[0].parameters == {**SCHEMA, "examples": [{"city": "Rome"}]}
    assert read(tools=[tool(input_examples=[])]) == read(tools=[tool()])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, AutoTool()),
        ({"type": "any"}, RequiredTool()),
        ({"type": "tool", "name": "g"}, RequiredTool(("g",))),
        ({"type": "none"}, NoTool()),
    ],
)
def test_choices(read: Read, choice: dict[str, Any], expected: Any) -> None:
    given = read(tools=[tool(), tool("g")], tool_choice=choice)
    assert (given.tool_choice, given.parallel_tool_calls) == (expected, True)
    if choice["type"] != "none":
        alone = read(tools=[tool(), tool("g")], tool_choice={**choice, "disable_parallel_tool_use": True})
        assert (alone.tool_choice, alone.parallel_tool_calls) == (expected, False)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tool_choice": {"type": "any"}}, "'tool_choice' forces a call, but 'tools' lists none"),
        (
            {"tools": [tool()], "tool_choice": {"type": "tool", "name": "g"}},
            "'tool_choice.name' is 'g', and 'tools' lists no tool of that name",
        ),
        (
            {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}]},
            "'tools[0].type' is not supported: the server runs no tools, so no 'web_search_20250305'; leave "
            "it out",
        ),
        (
            {"tools": [tool(), {"type": "bash_20250124", "name": "bash"}]},
            "'tools[1].type' is not supported: only Anthropic's models know the schema of 'bash_20250124'; "
            "describe the tool by 'input_schema'",
        ),
        (
            {"tools": [tool("a b")]},
            "'tools[0].name' is 'a b'; it must be 1 to 128 letters, digits, '_', '-' and '.'",
        ),
        ({"tools": [tool(), tool()]}, "'tools[1].name' is 'f', as is that of a tool before it"),
        (
            {"tools": [tool(defer_loading=True)]},
            "'tools[0].defer_loading' is not supported: the model sees every tool at once; leave it out",
        ),
        (
            {"tools": [tool(allowed_callers=["code_execution_20250825"])]},
            "'tools[0].allowed_callers' is not supported: only the model calls; leave it out or "
            "send ['direct']",
        ),
        (
            {"tools": [{"name": "f", "input_schema": {"type": "array"}}]},
            "'tools[0].input_schema.type' must be 'object': a call's arguments are one",
        ),
        (
            {"tools": [{"name": "f", "input_schema": {"maximum": 2**64}}]},
            "'tools[0].input_schema' holds an integer that does not fit into 64 bits",
        ),
    ],
)
def test_what_cannot_be_called(refused: Refused, fields: dict[str, Any], message: str) -> None:
    assert refused(**fields).message == message
