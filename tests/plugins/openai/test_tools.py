"""Tools and the choice among them: what clients send, and the paths of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.request import AutoTool, NoTool, Request, RequiredTool, Tool, ToolChoice
from mlxkernel_plugins.openai import OpenAI, generation

Read = Callable[..., Request]
Refused = Callable[..., Fault]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def tool(name: str = "f", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def allowed(mode: str, *names: str) -> dict[str, Any]:
    tools = [named(name) for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


FG = [tool("f"), tool("g")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tool(), Tool("f")),
        (tool(description=None, parameters=None, strict=None), Tool("f")),
        (tool(description="d", parameters=CITY, strict=True), Tool("f", "d", CITY, True)),
        (tool("plugin-function_2.x"), Tool("plugin-function_2.x")),
        (tool("a" * 128), Tool("a" * 128)),
        (tool(parameters={}), Tool("f")),
        (
            tool(parameters={"$schema": "http://json-schema.org/draft-07/schema#", **CITY}),
            Tool("f", "", {"$schema": "http://json-schema.org/draft-07/schema#", **CITY}),
        ),
        (
            tool(parameters={"properties": {"unit": {"enum": ["c", "f"]}}}),
            Tool("f", "", {"properties": {"unit": {"enum": ["c", "f"]}}}),
        ),
        (
            tool(parameters={"$ref": "#/$defs/A", "$defs": {"A": CITY}}),
            Tool("f", "", {"$ref": "#/$defs/A", "$defs": {"A": CITY}}),
        ),
        ({**tool(cache_control={"type": "ephemeral"}), "cache_control": None}, Tool("f")),
    ],
    ids=["bare", "nulls", "full", "dashes", "long", "empty", "vercel", "enum alone", "refs", "cache marks"],
)
def test_tools_as_clients_send_them(read_chat: Read, given: dict[str, Any], expected: Tool) -> None:
    assert read_chat(tools=[given]).tools == (expected,)


def test_what_the_openai_client_makes_of_a_pydantic_model(read_chat: Read) -> None:
    class GetWeather(BaseModel):
        city: str

    [read] = read_chat(tools=[openai.pydantic_function_tool(GetWeather)]).tools
    assert (read.name, read.strict) == ("GetWeather", True)
    assert read.parameters["required"] == ["city"]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": []},
        {"tools": [], "tool_choice": "auto"},
        {"tools": None, "tool_choice": "none"},
        {"tools": [], "tool_choice": None, "functions": None},
        {"functions": [], "function_call": "auto"},
        {"tools": [], "parallel_tool_calls": False},
    ],
)
def test_no_tools_are_no_error(read_chat: Read, fields: dict[str, Any]) -> None:
    assert read_chat(**fields) == read_chat()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, AutoTool()),
        ("auto", AutoTool()),
        ("none", NoTool()),
        ("required", RequiredTool()),
        (named("g"), RequiredTool(("g",))),
        (allowed("required", "g", "g", "f"), RequiredTool(("g", "f"))),
    ],
)
def test_choices(read_chat: Read, choice: Any, expected: ToolChoice) -> None:
    request = read_chat(tools=FG, tool_choice=choice)
    assert request.tool_choice == expected
    assert request.tools == (Tool("f"), Tool("g"))


def test_tools_that_are_not_allowed_leave_the_request(read_chat: Read) -> None:
    request = read_chat(tools=FG, tool_choice=allowed("auto", "g"), parallel_tool_calls=False)
    assert (request.tools, request.tool_choice) == ((Tool("g"),), AutoTool())
    assert request.parallel_tool_calls is False


@pytest.mark.parametrize(("sent", "parallel"), [(None, True), (True, True), (False, False)])
def test_parallel_calls(read_chat: Read, sent: bool | None, parallel: bool) -> None:
    for choice in ("auto", "required", "none", named("f"), allowed("required", "f")):
        request = read_chat(tools=FG, tool_choice=choice, parallel_tool_calls=sent)
        assert request.parallel_tool_calls is parallel


def test_legacy_functions(read_chat: Read) -> None:
    functions = [{"name": "f", "description": "d", "parameters": CITY}, {"name": "g"}]
    request = read_chat(functions=functions, stream=True, stream_options={"include_usage": True})
    assert request.tools == (Tool("f", "d", CITY), Tool("g"))
    assert (request.tool_choice, request.parallel_tool_calls) == (AutoTool(), False)
    assert generation.legacy_calls(request) and generation.include_usage(request)
    assert read_chat(functions=functions, function_call="auto").tool_choice == AutoTool()
    assert read_chat(functions=functions, function_call="none").tool_choice == NoTool()
    assert read_chat(functions=functions, function_call={"name": "g"}).tool_choice == RequiredTool(("g",))
    assert not generation.legacy_calls(read_chat(tools=FG))


NO_TOOLS = "'tool_choice' is only allowed when 'tools' are specified."
NO_FUNCTIONS = "'function_call' is only allowed when 'functions' are specified."


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        (
            {"tools": [tool(), tool("f")]},
            "tools[1].function.name",
            "Invalid value for 'tools[1].function.name': there is a function 'f' before it.",
        ),
        (
            {"tools": [tool(), tool("no spaces")]},
            "tools[1].function.name",
            "Invalid value for 'tools[1].function.name': 'no spaces' is not 1 to 128 letters, digits, '_', "
            "'-' and '.'.",
        ),
        (
            {"tools": [tool("f\n")]},
            "tools[0].function.name",
            "Invalid value for 'tools[0].function.name': 'f\\n' is not 1 to 128 letters, digits, '_', '-' "
            "and '.'.",
        ),
        (
            {"tools": [tool(), tool(1)]},  # type: ignore[arg-type]
            "tools[1].function.name",
            "Invalid type for 'tools[1].function.name': expected a string, but got an integer instead.",
        ),
        (
            {"tools": [tool(), {"type": "function", "function": {}}]},
            "tools[1].function.name",
            "Missing required parameter: 'tools[1].function.name'.",
        ),
        (
            {"tools": [{"type": "function"}]},
            "tools[0].function",
            "Missing required parameter: 'tools[0].function'.",
        ),
        ({"tools": [{"function": {}}]}, "tools[0].type", "Missing required parameter: 'tools[0].type'."),
        (
            {"tools": [{"type": "web_search"}]},
            "tools[0].type",
            "Invalid value for 'tools[0].type': 'web_search'; supported values are 'function'.",
        ),
        (
            {"tools": [{"type": "custom", "custom": {"name": "f"}}]},
            "tools[0].type",
            "'tools[0].type' is not supported: only functions can be called",
        ),
        (
            {"tools": [tool(parametres={})]},
            "tools[0].function.parametres",
            "Unknown parameter: 'tools[0].function.parametres'.",
        ),
        (
            {"tools": [tool(parameters=[])]},
            "tools[0].function.parameters",
            "Invalid type for 'tools[0].function.parameters': expected an object, but got an array instead.",
        ),
        (
            {"tools": [tool(parameters={"type": "string"})]},
            "tools[0].function.parameters",
            "Invalid value for 'tools[0].function.parameters': arguments are an object, "
            "and the schema is of another 'type'.",
        ),
        (
            {"tools": [tool(parameters={"maximum": 2**64})]},
            "tools[0].function.parameters",
            "Invalid value for 'tools[0].function.parameters': an integer in it does not fit into 64 bits.",
        ),
        ({"tool_choice": "required"}, "tool_choice", NO_TOOLS),
        ({"tools": [], "tool_choice": named("f")}, "tool_choice", NO_TOOLS),
        ({"functions": [{"name": "f"}], "tool_choice": "none"}, "tool_choice", NO_TOOLS),
        (
            {"tools": FG, "tool_choice": "any"},
            "tool_choice",
            "Invalid value for 'tool_choice': 'any'; supported values are 'none', 'auto', 'required' and an "
            "object that names a function.",
        ),
        (
            {"tools": FG, "tool_choice": {"type": "tool"}},
            "tool_choice.type",
            "Invalid value for 'tool_choice.type': 'tool'; supported values are 'function' and "
            "'allowed_tools'.",
        ),
        (
            {"tools": FG, "tool_choice": {"type": "custom", "custom": {"name": "f"}}},
            "tool_choice.type",
            "'tool_choice.type' is not supported: only functions can be called",
        ),
        (
            {"tools": FG, "tool_choice": named("h")},
            "tool_choice.function.name",
            "Invalid value for 'tool_choice.function.name': there is no function 'h' in 'tools'.",
        ),
        (
            {"tools": FG, "tool_choice": allowed("auto", "f", "h")},
            "tool_choice.allowed_tools.tools[1].function.name",
            "Invalid value for 'tool_choice.allowed_tools.tools[1].function.name': "
            "there is no function 'h' in 'tools'.",
        ),
        (
            {"tools": FG, "tool_choice": allowed("auto")},
            "tool_choice.allowed_tools.tools",
            "Invalid value for 'tool_choice.allowed_tools.tools': expected an array of length >= 1.",
        ),
        (
            {"tools": FG, "tool_choice": allowed("any", "f")},
            "tool_choice.allowed_tools.mode",
            "Invalid value for 'tool_choice.allowed_tools.mode': 'any'; supported values are 'auto' and "
            "'required'.",
        ),
        (
            {"tools": FG, "functions": [{"name": "f"}]},
            "functions",
            "'functions' and 'tools' cannot be used together: send 'tools'.",
        ),
        ({"tools": FG, "function_call": "none"}, "function_call", NO_FUNCTIONS),
        ({"function_call": {"name": "f"}}, "function_call", NO_FUNCTIONS),
        (
            {"functions": [{"name": "f"}], "function_call": "required"},
            "function_call",
            "Invalid value for 'function_call': 'required'; supported values are 'none', 'auto' and an "
            "object that names a function.",
        ),
        (
            {"functions": [{"name": "f"}], "function_call": {"name": "h"}},
            "function_call.name",
            "Invalid value for 'function_call.name': there is no function 'h' in 'functions'.",
        ),
        (
            {"functions": [{"name": "f"}, {"name": "f"}]},
            "functions[1].name",
            "Invalid value for 'functions[1].name': there is a function 'f' before it.",
        ),
    ],
)
def test_wrong_tools_and_choices(
    refused_chat: Refused, fields: dict[str, Any], param: str, message: str
) -> None:
    fault = refused_chat(**fields)
    assert (fault.kind, fault.param, fault.message) == (FaultKind.INVALID, param, message)


def test_a_schema_may_be_deep_and_not_bottomless(read_chat: Read, refused_chat: Refused) -> None:
    def nested(levels: int) -> dict[str, Any]:
        schema: dict[str, Any] = {}
        for _ in range(levels - 1):
            schema = {"items": schema}
        return schema

    assert read_chat(tools=[tool(parameters=nested(128))]).tools[0].parameters
    fault = refused_chat(tools=[tool(parameters=nested(129))])
    assert fault.param == "tools[0].function.parameters"
    assert fault.message.endswith("it is nested more than 128 levels deep.")


words = st.sampled_from(["f", "g", "a b", "", "function", "custom", "auto", "required", "none", "object"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.sampled_from(["type"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def objects(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=parts) | values


definitions = objects(name=words, description=values, parameters=values, strict=values, other=values)
tools = objects(type=words, function=definitions)
choices = objects(
    type=st.sampled_from(["function", "allowed_tools", "custom", "x"]),
    function=objects(name=words),
    allowed_tools=objects(mode=words, tools=st.lists(tools, max_size=2) | values),
)


@settings(max_examples=150, deadline=None)
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "tools": st.lists(tools, max_size=3) | values,
            "tool_choice": choices,
            "parallel_tool_calls": values,
            "functions": st.lists(definitions, max_size=2) | values,
            "function_call": objects(name=words),
        },
    )
)
def test_no_tools_do_more_than_be_refused(fields: dict[str, Any]) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}
    http = HttpRequest(
        method="POST",
        path="/",
        headers={"content-type": "application/json"},
        body=msgspec.json.encode(body),
    )
    operation: Any = OpenAI().routes()[0]
    try:
        request = operation.read(http)
    except RequestFailed as failed:
        assert failed.fault.kind is FaultKind.INVALID
        assert failed.fault.param is not None
    else:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request) == request
        names = [tool.name for tool in request.tools]
        assert len(names) == len(set(names))
        if isinstance(request.tool_choice, RequiredTool):
            assert names and set(request.tool_choice.names) <= set(names)
