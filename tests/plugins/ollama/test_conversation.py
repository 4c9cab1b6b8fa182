"""Messages, tools and pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.messages import Image, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation, Request, Tool

Read = Callable[..., Request]
Refused = Callable[..., Fault]

HI = {"role": "user", "content": "hi"}


def conversation(read_chat: Read, *messages: dict[str, Any]) -> Conversation:
    given = read_chat(messages=list(messages)).input
    assert isinstance(given, Conversation)
    return given


def said(read_chat: Read, *messages: dict[str, Any]) -> tuple[Message, ...]:
    return conversation(read_chat, *messages).messages


def call(name: str, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": {}}, **more}


def test_roles(read_chat: Read) -> None:
    system = {"role": "system", "content": "Be brief.", "name": "ops"}
    assistant = {"role": "assistant", "content": "Yes?", "thinking": "Hm."}
    assert said(read_chat, system, HI, assistant, HI) == (
        Message(Role.SYSTEM, (Text("Be brief."),), "ops"),
        Message(Role.USER, (Text("hi"),)),
        Message(Role.ASSISTANT, (Reasoning("Hm."), Text("Yes?"))),
        Message(Role.USER, (Text("hi"),)),
    )


def test_a_message_without_words(read_chat: Read) -> None:
    for empty in ({"content": ""}, {"content": None}, {}):
        assert said(read_chat, {"role": "user", **empty}) == (Message(Role.USER),)


def test_the_assistant_s_last_words_are_gone_on_with(read_chat: Read) -> None:
    begun = {"role": "assistant", "content": "It is"}
    assert conversation(read_chat, HI, begun).continue_last
    assert not conversation(read_chat, HI, begun, HI).continue_last
    assert not conversation(read_chat, HI, {"role": "assistant", "content": ""}).continue_last
    assert not conversation(read_chat, HI, {**begun, "tool_calls": [call("f")]}).continue_last


def test_pictures(read_chat: Read, read_generate: Read, refused_chat: Refused) -> None:
    shown: tuple[Part, ...] = (Image(data=b"hi", where="messages[0].images[0]"), Text("hi"))
    assert said(read_chat, {**HI, "images": ["aGk="]}) == (Message(Role.USER, shown),)
    prompt = read_generate(images=["aGk=", "aGk="]).input
    assert isinstance(prompt, Conversation)
    assert prompt.messages[0].parts == (
        Image(data=b"hi", where="images[0]"),
        Image(data=b"hi", where="images[1]"),
        Text("hi"),
    )
    assert said(read_chat, {**HI, "images": ["a\r\nGk=\n"]}) == (Message(Role.USER, shown),)
    for picture, problem in (
        ("data:image/png;base64,aGk=", "send the base64 alone, without 'data:…,' before it"),
        ("http://x", "the picture's data is not base64"),
        ("é", "the picture's data is not base64"),
        ("", "the picture is empty"),
    ):
        fault = refused_chat(messages=[{**HI, "images": ["aGk=", picture]}])
        assert fault.param == "messages[0].images[1]"
        assert fault.message == f"invalid value for 'messages[0].images[1]': {problem}"
    for role in ("system", "assistant"):
        fault = refused_chat(messages=[{"role": role, "content": "x", "images": ["aGk="]}])
        assert fault.message == (
            f"'messages[0].images' is not supported: the role '{role}' shows no pictures; "
            "let the user show them"
        )


def test_a_tool_may_show_a_picture(read_chat: Read) -> None:
    asked = {"role": "assistant", "tool_calls": [call("look")]}
    [*_, result] = said(read_chat, HI, asked, {"role": "tool", "content": "", "images": ["aGk="]})
    image = Image(data=b"hi", where="messages[2].images[0]")
    assert result.parts == (ToolResult("call_1_0", (image,), "look"),)


def test_calls_and_their_results(read_chat: Read) -> None:
    arguments = {"city": "Burgos", "n": [1, 2.5, None]}
    asked = {
        "role": "assistant",
        "tool_calls": [
            {"function": {"name": "f", "arguments": arguments, "index": 0}},
            {"id": "mine", "type": "function", "function": {"name": "g"}},
        ],
    }
    results = [
        {"role": "tool", "content": "of g", "tool_name": "g"},
        {"role": "tool", "content": "of f", "tool_name": "f"},
    ]
    found = said(read_chat, HI, asked, *results)
    assert found[1].parts == (
        ToolCall("call_1_0", "f", '{"city":"Burgos","n":[1,2.5,null]}'),
        ToolCall("mine", "g", "{}"),
    )
    assert found[2].parts == (ToolResult("mine", (Text("of g"),), "g"),)
    assert found[3].parts == (ToolResult("call_1_0", (Text("of f"),), "f"),)


@pytest.mark.parametrize(
    ("results", "answered"),
    [
        # Two calls of one tool are answered in their order, by whatever name the tool goes.
        ([{"tool_name": "f"}, {"tool_name": "f"}], [("call_1_0", "f"), ("call_1_1", "f")]),
        ([{"name": "f"}, {"name": "f"}], [("call_1_0", "f"), ("call_1_1", "f")]),
        ([{}, {}], [("call_1_0", "f"), ("call_1_1", "f")]),
        # An id decides.
        ([{"tool_call_id": "call_1_1"}, {}], [("call_1_1", "f"), ("call_1_0", "f")]),
        # What answers nothing keeps what it says of itself.
        ([{"tool_call_id": "other", "tool_name": "g"}], [("other", "g")]),
        ([{"tool_name": "g"}], [("call_2", "g")]),
        ([{}, {}, {}], [("call_1_0", "f"), ("call_1_1", "f"), ("call_4", None)]),
    ],
)
def test_which_call_a_result_answers(
    read_chat: Read, results: list[dict[str, Any]], answered: list[tuple[str, str | None]]
) -> None:
    asked = {"role": "assistant", "content": "", "tool_calls": [call("f"), call("f")]}
    turns = said(read_chat, HI, asked, *({"role": "tool", "content": "x", **result} for result in results))
    parts: list[Any] = [turn.parts[0] for turn in turns[2:]]
    assert [(part.id, part.name) for part in parts] == answered


def test_an_id_that_was_used_before_means_the_latest_call(read_chat: Read) -> None:
    asked = {"role": "assistant", "tool_calls": [call("f")]}
    result = {"role": "tool", "content": "x", "tool_name": "f"}
    turns = said(read_chat, HI, asked, HI, asked, result)
    part: Any = turns[-1].parts[0]
    assert part.id == "call_3_0"


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "tool_calls": [call("f")]}, "messages[0].tool_calls"),
        ({"role": "tool", "thinking": "x"}, "messages[0].thinking"),
        ({"role": "developer", "content": "x"}, "messages[0].role"),
        ({"content": "x"}, "messages[0].role"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content"),
        ({"role": "user", "content": "x", "audio": "y"}, "messages[0].audio"),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"n": 2**80}}}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_messages_that_are_wrong(refused_chat: Refused, message: dict[str, Any], param: str) -> None:
    fault = refused_chat(messages=[message])
    assert fault.param == param
    assert f"'{param}'" in fault.message


def function(name: str = "f", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def test_tools(read_chat: Read) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    given = [
        function("f", description="does f", parameters=schema, strict=True),
        {"function": {"name": "mcp-x.y_z"}, "items": None},
    ]
    assert read_chat(tools=given).tools == (Tool("f", "does f", schema, True), Tool("mcp-x.y_z"))
    for none in ([], None):
        assert read_chat(tools=none).tools == ()


@pytest.mark.parametrize(
    ("tools", "param", "message"),
    [
        ([function("no name")], "tools[0].function.name", "'no name' is not 1 to 128 letters, digits, "),
        ([function(), function()], "tools[1].function.name", "there is a function 'f' before it"),
        (
            [function(parameters={"type": "string"})],
            "tools[0].function.parameters",
            "arguments are an object, and the schema is of another 'type'",
        ),
        ([{"type": "custom", "function": {"name": "f"}}], "tools[0].type", "'custom'; it may be 'function'"),
    ],
)
def test_tools_that_are_wrong(refused_chat: Refused, tools: Any, param: str, message: str) -> None:
    fault = refused_chat(tools=tools)
    assert fault.param == param
    assert fault.message.startswith(f"invalid value for '{param}': {message}")
