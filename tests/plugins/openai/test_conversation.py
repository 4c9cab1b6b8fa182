"""Messages: every role and kind of content that clients send, and the paths of what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from mlxkernel.errors import Fault
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation, Request

Read = Callable[..., Request]
Refused = Callable[..., Fault]

CALL = {"id": "c1", "type": "function", "function": {"name": "get-weather", "arguments": ""}}
CALLED = Message(Role.ASSISTANT, (ToolCall("c1", "get-weather", "{}"),))
PNG = "data:image/png;base64,iVBORw0KGgo="


def messages(read: Read, *turns: dict[str, Any]) -> tuple[Message, ...]:
    given = read(messages=turns).input
    assert isinstance(given, Conversation)
    return given.messages


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"role": "system", "content": "s"}, Message(Role.SYSTEM, (Text("s"),))),
        ({"role": "system", "content": "s", "name": "n"}, Message(Role.SYSTEM, (Text("s"),), "n")),
        ({"role": "developer", "content": "d"}, Message(Role.SYSTEM, (Text("d"),))),
        ({"role": "user", "content": "u", "name": "ann"}, Message(Role.USER, (Text("u"),), "ann")),
        ({"role": "user", "content": None}, Message(Role.USER)),
        (
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            Message(Role.USER, (Text("a"), Text("b"))),
        ),
        ({"role": "assistant", "content": "a", "name": "bot"}, Message(Role.ASSISTANT, (Text("a"),), "bot")),
        ({"role": "assistant"}, Message(Role.ASSISTANT)),
        (
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}],
            },
            Message(Role.ASSISTANT, (Text("a"), Text("no"))),
        ),
        ({"role": "assistant", "content": None, "refusal": "no"}, Message(Role.ASSISTANT, (Text("no"),))),
        (
            {"role": "assistant", "content": "a", "reasoning_content": "hm", "reasoning": "hm"},
            Message(Role.ASSISTANT, (Reasoning("hm"), Text("a"))),
        ),
        (
            {"role": "assistant", "content": "a", "reasoning": "hm"},
            Message(Role.ASSISTANT, (Reasoning("hm"), Text("a"))),
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "content": "4"},
            Message(Role.TOOL, (ToolResult("c1", (Text("4"),)),)),
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "name": "f", "content": [{"type": "text", "text": "4"}]},
            Message(Role.TOOL, (ToolResult("c1", (Text("4"),), "f"),)),
        ),
    ],
)
def test_turns(read_chat: Read, turn: dict[str, Any], message: Message) -> None:
    assert messages(read_chat, turn) == (message,)


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": [CALL], "content": None},
        {"role": "assistant", "tool_calls": [CALL], "content": ""},
        {
            "role": "assistant",
            "tool_calls": [{**CALL, "index": 0}],
            "refusal": None,
            "annotations": [],
            "audio": None,
            "function_call": None,
            "parsed": None,
        },
        {"role": "assistant", "tool_calls": [CALL], "provider_specific_fields": {"a": 1}},
    ],
    ids=["content missing", "content null", "content empty", "openai dump", "litellm"],
)
def test_assistant_turns_with_calls_as_clients_send_them(read_chat: Read, turn: dict[str, Any]) -> None:
    assert messages(read_chat, turn) == (CALLED,)


def test_what_the_openai_client_dumps_can_be_sent_back(read_chat: Read) -> None:
    from openai.types.chat import ChatCompletionMessage

    dumped = ChatCompletionMessage.model_validate({"role": "assistant", "content": "a", "tool_calls": [CALL]})
    expected = Message(Role.ASSISTANT, (Text("a"), ToolCall("c1", "get-weather", "{}")))
    assert messages(read_chat, dumped.model_dump()) == (expected,)


CALL_F = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}


def test_a_result_answers_the_latest_call_of_its_id(read_chat: Read) -> None:
    result = {"role": "tool", "tool_call_id": "c1", "content": "4"}
    turns = (result, {"role": "assistant", "tool_calls": [CALL]}, result)
    later = ({"role": "assistant", "tool_calls": [CALL_F]}, result)
    read = messages(read_chat, *turns, *later)
    results = [part for message in read for part in message.parts if isinstance(part, ToolResult)]
    assert results == [
        ToolResult("c1", (Text("4"),)),
        ToolResult("c1", (Text("4"),), "get-weather"),
        ToolResult("c1", (Text("4"),), "f"),
    ]


def test_parallel_calls_and_their_results(read_chat: Read) -> None:
    calls = [{**CALL, "id": "a"}, {**CALL_F, "id": "b"}]
    read = messages(
        read_chat,
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "2"}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    )
    called = (ToolCall("a", "get-weather", "{}"), ToolCall("b", "f", '{"x": 1}'))
    assert read == (
        Message(Role.ASSISTANT, (Text("Let me see."), *called)),
        Message(Role.TOOL, (ToolResult("b", (Text("2"),), "f"),)),
        Message(Role.TOOL, (ToolResult("a", (Text("1"),), "get-weather"),)),
    )


@pytest.mark.parametrize(
    ("written", "read"), [("", "{}"), (" \n", "{}"), ("{}", "{}"), ('{"a":', '{"a":'), ("[1]", "[1]")]
)
def test_arguments_stay_as_they_were_written(read_chat: Read, written: str, read: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": written}}
    [message] = messages(read_chat, {"role": "assistant", "tool_calls": [call]})
    assert message == Message(Role.ASSISTANT, (ToolCall("c", "f", read),))


def test_legacy_calls_and_results_find_each_other(read_chat: Read) -> None:
    read = messages(
        read_chat,
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "function", "name": "g", "content": None},
    )
    assert read[1:] == (
        Message(Role.ASSISTANT, (ToolCall("call_1", "f", "{}"),)),
        Message(Role.TOOL, (ToolResult("call_1", (Text("1"),), "f"),)),
        Message(Role.TOOL, (ToolResult("call_3", (), "g"),)),
    )


def test_a_turn_with_calls_of_both_ages(refused_chat: Refused) -> None:
    turn = {
        "role": "assistant",
        "tool_calls": [CALL],
        "function_call": {"name": "f", "arguments": ""},
    }
    fault = refused_chat(messages=[turn])
    assert (fault.param, fault.message) == (
        "messages[0].function_call",
        "'messages[0]' has both 'function_call' and 'tool_calls': send 'tool_calls'.",
    )


def test_a_tool_result_gets_the_name_of_its_call(read_chat: Read) -> None:
    turns = (
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": None},
    )
    assert messages(read_chat, *turns)[1] == Message(Role.TOOL, (ToolResult("c1", (), "get-weather"),))


@pytest.mark.parametrize(
    ("url", "image"),
    [
        (PNG, Image(data=b"\x89PNG\r\n\x1a\n", detail="low", media_type="image/png")),
        ("https://example.org/cat.png", Image(url="https://example.org/cat.png", detail="low")),
    ],
)
def test_pictures(read_chat: Read, url: str, image: Image) -> None:
    part = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    turn = {"role": "user", "content": [{"type": "text", "text": "what?"}, part]}
    expected = replace(image, where="messages[0].content[1].image_url.url")
    assert messages(read_chat, turn) == (Message(Role.USER, (Text("what?"), expected)),)


def test_how_much_of_a_picture_is_to_be_seen(refused_chat: Refused) -> None:
    part = {"type": "image_url", "image_url": {"url": PNG, "detail": "all"}}
    fault = refused_chat(messages=[{"role": "user", "content": [part]}])
    path = "messages[0].content[0].image_url.detail"
    assert (fault.param, fault.message) == (
        path,
        f"Invalid value for '{path}': expected one of 'auto', 'low', 'high', 'original'.",
    )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("cat.png", "expected an absolute URL or a 'data:' URL."),
        ("data:image/png,abc", "expected 'data:image/<format>;base64,<data>'."),
        ("data:text/html;base64,YQ==", "expected 'data:image/<format>;base64,<data>'."),
        ("data:image/png;base64,%%%", "the picture's data is not base64."),
        ("data:image/png;base64,ä", "the picture's data is not base64."),
        ("data:image/png;base64,", "the picture is empty."),
    ],
)
def test_pictures_that_are_none(refused_chat: Refused, url: str, problem: str) -> None:
    fault = refused_chat(
        messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    )
    path = "messages[0].content[0].image_url.url"
    assert (fault.param, fault.message) == (path, f"Invalid value for '{path}': {problem}")


@pytest.mark.parametrize(
    ("turn", "param", "why"),
    [
        (
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
            },
            "messages[0].content[0].type",
            "the models do not hear; send text",
        ),
        (
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
            "messages[0].content[0].type",
            "files are not read; send their text",
        ),
        (
            {"role": "assistant", "audio": {"id": "a"}},
            "messages[0].audio",
            "spoken answers are not kept; send their text",
        ),
        (
            {"role": "assistant", "tool_calls": [CALL, {"type": "custom", "id": "c", "custom": {}}]},
            "messages[0].tool_calls[1].type",
            "only calls of functions are understood",
        ),
    ],
)
def test_what_is_refused_by_name(refused_chat: Refused, turn: dict[str, Any], param: str, why: str) -> None:
    fault = refused_chat(messages=[turn])
    assert (fault.param, fault.message) == (param, f"'{param}' is not supported: {why}")
    assert fault.code == "unsupported_parameter"


def test_template_arguments(read_chat: Read) -> None:
    given = read_chat(chat_template_kwargs={"enable_thinking": False}).input
    assert isinstance(given, Conversation)
    assert given.template_args == {"enable_thinking": False}


@pytest.mark.parametrize("name", ["chat_template", "messages", "add_generation_prompt", "tools"])
def test_the_template_itself_is_not_the_clients_to_choose(refused_chat: Refused, name: str) -> None:
    fault = refused_chat(chat_template_kwargs={name: "{{ 1 }}"})
    assert fault.param == f"chat_template_kwargs.{name}"
    assert fault.message.endswith("is not supported: this argument is the server's to set")


def test_template_arguments_that_no_frame_can_carry(refused_chat: Refused) -> None:
    fault = refused_chat(chat_template_kwargs={"a": [2**64]})
    assert fault.message == (
        "Invalid value for 'chat_template_kwargs.a': an integer in it does not fit into 64 bits."
    )
    deep: Any = 0
    for _ in range(40):
        deep = [deep]
    fault = refused_chat(chat_template_kwargs={"a": deep})
    assert fault.message == (
        "Invalid value for 'chat_template_kwargs.a': it is nested more than 32 levels deep."
    )


def test_going_on_with_the_last_message(read_chat: Read, refused_chat: Refused) -> None:
    turns = [{"role": "user", "content": "count"}, {"role": "assistant", "content": "1, 2,"}]
    for fields in ({}, {"add_generation_prompt": False}, {"add_generation_prompt": None}):
        given = read_chat(messages=turns, continue_final_message=True, **fields).input
        assert isinstance(given, Conversation) and given.continue_last
    given = read_chat(messages=turns, add_generation_prompt=True).input
    assert isinstance(given, Conversation) and not given.continue_last
    fault = refused_chat(messages=turns, continue_final_message=True, add_generation_prompt=True)
    assert fault.message == "'add_generation_prompt' and 'continue_final_message' cannot both be true."
    fault = refused_chat(continue_final_message=True)
    assert fault.message == "'continue_final_message' needs a last message of role 'assistant'."
    fault = refused_chat(add_generation_prompt=False)
    assert fault.param == "add_generation_prompt"
    assert fault.message == (
        "'add_generation_prompt' is not supported: the model needs the beginning of its turn, "
        "unless 'continue_final_message' is true"
    )


@pytest.mark.parametrize("depth", [200, 100_000])
def test_arguments_that_are_nested_too_deeply(refused_chat: Refused, depth: int) -> None:
    function = {"name": "f", "arguments": "[" * depth + "]" * depth}
    call = {"id": "c", "type": "function", "function": function}
    for turn, path in (
        ({"tool_calls": [call]}, "messages[0].tool_calls[0].function.arguments"),
        ({"function_call": function}, "messages[0].function_call.arguments"),
    ):
        fault = refused_chat(messages=[{"role": "assistant", **turn}])
        assert (fault.param, fault.message) == (
            path,
            f"Invalid value for '{path}': it is nested more than 128 levels deep.",
        )
