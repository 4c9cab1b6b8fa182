"""The tools of a response: flat functions, namespaces of them, and those that are refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from tests.plugins.openai.responses.harness import Desk

from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Started,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.messages import ToolCall
from mlxkernel.request import AutoTool, Conversation, NoTool, RequiredTool, Tool

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, **more}


def space(name: str, *tools: Any) -> dict[str, Any]:
    return {"type": "namespace", "name": name, "description": "d", "tools": list(tools)}


def test_who_calls_a_function_and_when_it_is_seen(desk: Desk) -> None:
    plain = desk.read(tools=[function("add", parameters=SCHEMA)]).tools
    more = {"allowed_callers": ["direct", "programmatic"], "defer_loading": False, "output_schema": {}}
    assert desk.read(tools=[function("add", parameters=SCHEMA, **more)]).tools == plain
    for field, value, why in (
        ("allowed_callers", ["programmatic"], "only the model calls, which is 'direct'"),
        ("defer_loading", True, "the model sees every tool at once; leave it out"),
    ):
        fault = desk.refused(tools=[function("add", **{field: value})])
        assert fault.message == f"'tools[0].{field}' is not supported: {why}"


def test_functions(desk: Desk) -> None:
    request = desk.read(
        tools=[
            function("add", description="Adds", parameters=SCHEMA, strict=True),
            function("now", parameters=None, description=None, strict=None),
        ],
        parallel_tool_calls=False,
    )
    assert request.tools == (Tool("add", "Adds", SCHEMA, True), Tool("now"))
    assert (request.tool_choice, request.parallel_tool_calls) == (AutoTool(), False)
    assert desk.read(tools=[]).tools == ()


TWO = [function("add"), function("sub")]


@pytest.mark.parametrize(
    ("choice", "expected", "tools"),
    [
        (None, AutoTool(), 2),
        ("auto", AutoTool(), 2),
        ("none", NoTool(), 2),
        ("required", RequiredTool(), 2),
        ({"type": "function", "name": "sub"}, RequiredTool(("sub",)), 2),
        ({"type": "allowed_tools", "mode": "auto", "tools": [function("sub")]}, AutoTool(), 1),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [function("sub")]},
            RequiredTool(("sub",)),
            2,
        ),
    ],
)
def test_the_choice_among_them(desk: Desk, choice: Any, expected: Any, tools: int) -> None:
    request = desk.read(tools=TWO, tool_choice=choice)
    assert (request.tool_choice, len(request.tools)) == (expected, tools)


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        (
            {"tool_choice": "sometimes"},
            "tool_choice",
            "Invalid value for 'tool_choice': 'sometimes'; supported values are 'none', 'auto', "
            "'required' and an "
            "object that names a function.",
        ),
        (
            {"tool_choice": {"name": "add"}},
            "tool_choice",
            "Invalid value for 'tool_choice': an object without 'type'; supported values are 'none', 'auto', "
            "'required' and an object that names a function.",
        ),
        (
            {"tool_choice": {"type": "function", "name": "mul"}},
            "tool_choice.name",
            "Invalid value for 'tool_choice.name': there is no function 'mul' in 'tools'.",
        ),
        (
            {"tool_choice": {"type": "any"}},
            "tool_choice.type",
            "Invalid value for 'tool_choice.type': 'any'; supported values are 'function' and "
            "'allowed_tools'.",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}},
            "tool_choice.tools[0].type",
            "'tool_choice.tools[0].type' is not supported: the server calls no other server; call it "
            "yourself "
            "and send its tools as functions",
        ),
        (
            {"tool_choice": {"type": "web_search_preview"}},
            "tool_choice.type",
            "'tool_choice.type' is not supported: the server does not search the web",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [function("mul")]}},
            "tool_choice.tools[0].name",
            "Invalid value for 'tool_choice.tools[0].name': there is no function 'mul' in 'tools'.",
        ),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "never", "tools": [function("add")]}},
            "tool_choice.mode",
            "Invalid value for 'tool_choice.mode': 'never'; supported values are 'auto' and 'required'.",
        ),
        (
            {"tools": [], "tool_choice": "required"},
            "tool_choice",
            "'tool_choice' is only allowed when 'tools' are specified.",
        ),
        (
            {"tools": [function("add"), function("add")]},
            "tools[1].name",
            "Invalid value for 'tools[1].name': there is a function 'add' before it.",
        ),
        (
            {"tools": [function("a b")]},
            "tools[0].name",
            "Invalid value for 'tools[0].name': 'a b' is not 1 to 128 letters, digits, '_', '-' and '.'.",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "add"}}]},
            "tools[0].function",
            "Unknown parameter: 'tools[0].function'.",
        ),
        (
            {"tools": [function("add", parameters={"type": "array"})]},
            "tools[0].parameters",
            "Invalid value for 'tools[0].parameters': arguments are an object, and the schema is of "
            "another 'type'.",
        ),
        ({"tools": [{"name": "add"}]}, "tools[0].type", "Missing required parameter: 'tools[0].type'."),
        (
            {"tools": [{"type": "oracle"}]},
            "tools[0].type",
            "Invalid value for 'tools[0].type': 'oracle'; supported values are 'function' and 'namespace'.",
        ),
        (
            {"tools": [space("a", space("b", function("add")))]},
            "tools[0].tools[0].type",
            "Invalid value for 'tools[0].tools[0].type': 'namespace'; supported values are 'function'.",
        ),
    ],
)
def test_tools_and_choices_that_are_wrong(desk: Desk, fields: Any, param: str, message: str) -> None:
    fault = desk.refused(**{"tools": TWO, **fields})
    assert (fault.param, fault.message) == (param, message)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("file_search", "the server stores and searches no files"),
        ("code_interpreter", "the server runs no code"),
        ("computer_use_preview", "the server has no computer to use"),
        ("image_generation", "the server makes no pictures"),
        ("local_shell", "the server runs no commands"),
        ("custom", "only functions can be called"),
        ("web_search_preview_2025_03_11", "the server does not search the web"),
        ("mcp", "the server calls no other server; call it yourself and send its tools as functions"),
    ],
)
def test_tools_that_the_server_would_have_to_run_are_refused(desk: Desk, kind: str, why: str) -> None:
    fault = desk.refused(tools=[function("add"), {"type": kind, "more": 1}])
    assert (fault.param, fault.message) == ("tools[1].type", f"'tools[1].type' is not supported: {why}")


def test_leave_to_search_the_web_is_worth_nothing_beside_functions_and_refused_alone(desk: Desk) -> None:
    searching = {"type": "web_search", "external_web_access": True}
    answer = desk.whole(tools=[searching, function("add")])
    assert [tool["name"] for tool in answer["tools"]] == ["add"]
    fault = desk.refused(tools=[searching])
    assert (fault.param, fault.message) == (
        "tools[0].type",
        "'tools[0].type' is not supported: the server does not search the web",
    )


def test_functions_in_a_namespace_are_called_by_both_names(desk: Desk) -> None:
    tools = [function("add"), space("maths", function("add", description="Adds", parameters=SCHEMA))]
    events: list[Event] = [
        Started(1),
        ToolCallStarted(0, 0, "c1", "maths__add"),
        ToolCallDelta(0, 0, "{}"),
        ToolCallEnded(0, 0),
        ToolCallStarted(0, 1, "c2", "add"),
        ToolCallDelta(0, 1, "{}"),
        ToolCallEnded(0, 1),
        ChoiceFinished(0, FinishReason.TOOL_CALLS),
        Finished(Usage()),
    ]
    request = desk.read(tools=tools, tool_choice={"type": "function", "name": "add", "namespace": "maths"})
    assert [tool.name for tool in request.tools] == ["add", "maths__add"]
    assert request.tool_choice == RequiredTool(("maths__add",))
    answer = desk.whole(events, tools=tools)
    assert answer["tools"][1]["tools"][0]["name"] == "add"
    first, second = answer["output"]
    assert (first["namespace"], first["name"], second["name"]) == ("maths", "add", "add")
    assert "namespace" not in second
    results = [{"type": "function_call_output", "call_id": id, "output": "1"} for id in ("c1", "c2")]
    again = desk.read(input=results, previous_response_id=answer["id"], tools=tools).input
    assert isinstance(again, Conversation)
    assert again.messages[1].parts == (ToolCall("c1", "maths__add", "{}"), ToolCall("c2", "add", "{}"))
