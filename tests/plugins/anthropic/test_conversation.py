"""From messages on the wire to the kernel's conversation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Conversation, Request

Read = Callable[..., Request]
Refused = Callable[..., Fault]

MARK = {"cache_control": {"type": "ephemeral"}}
PICTURE = b"\x89PNG..."
BASE64 = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PICTURE).decode()}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def call(id: str = "toolu_1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "f", "input": {"b": 1.0, "a": "é"}, **more}


def result(id: str = "toolu_1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, **more}


def said(request: Request) -> tuple[Message, ...]:
    assert isinstance(request.input, Conversation)
    return request.input.messages


USER = Message(Role.USER, (Text("hi"),))
CALL = ToolCall("toolu_1", "f", '{"b":1.0,"a":"é"}')


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("Be brief.", ["Be brief."]),
        ([text("Be brief.", **MARK), text(""), text("Be kind.")], ["Be brief.", "\n\n", "Be kind."]),
        ([text("x-anthropic-billing-header: cch=1;"), text("Be brief.")], ["Be brief."]),
        ("x-anthropic-billing-header: cch=1;\nBe brief.", ["Be brief."]),
    ],
)
def test_the_system_text(read: Read, system: Any, words: list[str]) -> None:
    assert said(read(system=system)) == (Message(Role.SYSTEM, tuple(Text(word) for word in words)), USER)


@pytest.mark.parametrize("system", ["", [], None, "x-anthropic-billing-header: cch=1;"])
def test_no_system_text(read: Read, system: Any) -> None:
    assert said(read(system=system)) == (USER,)


def test_instructions_in_the_middle(read: Read) -> None:
    turns = [user("hi"), {"role": "system", "content": [text("Now be brief.")]}, user("go")]
    assert said(read(messages=turns)) == (
        USER,
        Message(Role.SYSTEM, (Text("Now be brief."),)),
        Message(Role.USER, (Text("go"),)),
    )


def test_blocks_of_a_user(read: Read) -> None:
    turn = user([text("a", **MARK), {"type": "image", "source": BASE64, **MARK}, text("b")])
    image = Image(data=PICTURE, media_type="image/png", where="messages[0].content[1].source.data")
    assert said(read(messages=[turn])) == (Message(Role.USER, (Text("a"), image, Text("b"))),)


def test_a_picture_to_fetch(read: Read) -> None:
    source = {"type": "url", "url": "https://pictures.example/a.png"}
    [message] = said(read(messages=[user([{"type": "image", "source": source}])]))
    assert message.parts == (Image(url=source["url"], where="messages[0].content[0].source.url"),)


def test_what_the_model_said_comes_back(read: Read) -> None:
    turn = assistant(
        [
            {"type": "thinking", "thinking": "hm", "signature": "mlxkernel"},
            {"type": "redacted_thinking", "data": "xyz"},
            text("Let me see.", citations=None),
            call(caller={"type": "direct"}, toolset_name=None, **MARK),
        ]
    )
    answer = Message(Role.ASSISTANT, (Reasoning("hm"), Text("Let me see."), CALL))
    tool = Message(Role.TOOL, (ToolResult("toolu_1", (Text("21 degrees"),), "f"),))
    given = read(messages=[user("hi"), turn, user([result(content="21 degrees", **MARK)])])
    assert said(given) == (USER, answer, tool)
    assert isinstance(given.input, Conversation) and not given.input.continue_last


@pytest.mark.parametrize(
    ("fields", "parts", "failed"),
    [
        ({}, (), False),
        ({"content": None, "is_error": None}, (), False),
        ({"content": ""}, (), False),
        ({"content": "no", "is_error": True}, (Text("no"),), True),
        ({"content": [text("a"), text("b")], "is_error": False}, (Text("a"), Text("b")), False),
        (
            {"content": [{"type": "image", "source": BASE64}]},
            (
                Image(
                    data=PICTURE,
                    media_type="image/png",
                    where="messages[2].content[0].content[0].source.data",
                ),
            ),
            False,
        ),
    ],
)
def test_results(read: Read, fields: dict[str, Any], parts: Any, failed: bool) -> None:
    turns = [user("hi"), assistant([call()]), user([result(**fields)])]
    assert said(read(messages=turns))[-1] == Message(Role.TOOL, (ToolResult("toolu_1", parts, "f", failed),))


def test_results_and_words_of_one_turn_keep_their_order(read: Read) -> None:
    turns = [
        user("hi"),
        assistant([call("a"), call("b")]),
        user([result("b", content="1"), result("a", content="2"), text("go on"), text("!")]),
    ]
    assert said(read(messages=turns))[2:] == (
        Message(Role.TOOL, (ToolResult("b", (Text("1"),), "f"),)),
        Message(Role.TOOL, (ToolResult("a", (Text("2"),), "f"),)),
        Message(Role.USER, (Text("go on"), Text("!"))),
    )


def test_a_result_without_its_call_keeps_its_id(read: Read) -> None:
    assert said(read(messages=[user([result("x", content="1")])])) == (
        Message(Role.TOOL, (ToolResult("x", (Text("1"),), None),)),
    )


def test_turns_of_one_role_are_combined(read: Read) -> None:
    turns = [user("a"), user([text("b")]), assistant("c"), assistant([call()]), user([result()]), user("d")]
    assert said(read(messages=turns)) == (
        Message(Role.USER, (Text("a"), Text("\n\n"), Text("b"))),
        Message(Role.ASSISTANT, (Text("c"), CALL)),
        Message(Role.TOOL, (ToolResult("toolu_1", (), "f"),)),
        Message(Role.USER, (Text("d"),)),
    )


@pytest.mark.parametrize("content", ["The answer is", [text("The answer is")]])
def test_a_last_turn_of_the_assistant_is_gone_on_with(read: Read, content: Any) -> None:
    given = read(messages=[user("hi"), assistant(content)])
    assert given.input == Conversation(
        (USER, Message(Role.ASSISTANT, (Text("The answer is"),))), continue_last=True
    )


@pytest.mark.parametrize("content", ["", [], [text("")], [{"type": "redacted_thinking", "data": "x"}]])
def test_one_that_says_nothing_is_left_out(read: Read, content: Any) -> None:
    assert read(messages=[user("hi"), assistant(content)]) == read()
    begun = [user("hi"), assistant("a")]
    assert read(messages=[*begun, assistant(content)]) == read(messages=begun)


@pytest.mark.parametrize(
    "content",
    [
        [text("a"), call()],
        [call(), text("")],
        [{"type": "thinking", "thinking": "hm", "signature": "mlxkernel"}],
    ],
)
def test_what_does_not_end_with_text_cannot_be_gone_on_with(refused: Refused, content: Any) -> None:
    assert refused(messages=[user("hi"), assistant(content)]).message == (
        "'messages[1].content' is not supported: a last turn of the assistant is the beginning of the "
        "answer, so it must end with text"
    )


def test_an_answer_that_has_begun_cannot_begin_with_thoughts(refused: Refused) -> None:
    thinking = {"type": "enabled", "budget_tokens": 5}
    assert refused(messages=[user("hi"), assistant("a")], thinking=thinking).message == (
        "'thinking' is not supported: the last message is the beginning of the answer, before which the "
        "model cannot think any more"
    )


@pytest.mark.parametrize(
    ("block", "param", "message"),
    [
        (
            {"type": "image", "source": {**BASE64, "data": "%"}},
            "source.data",
            "'{}.source.data' is not base64",
        ),
        ({"type": "image", "source": {**BASE64, "data": ""}}, "source.data", "'{}.source.data' is empty"),
        (
            {"type": "image", "source": {**BASE64, "media_type": "image/tiff"}},
            "source.media_type",
            "'{}.source.media_type' is 'image/tiff'; supported are 'image/jpeg', 'image/png', 'image/gif' "
            "and 'image/webp'",
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
            "source.type",
            "'{}.source.type' is not supported: 'file': there are no stored files; send the picture as "
            "'base64' or 'url'",
        ),
        (
            {"type": "image", "source": BASE64, "transformations": {"oversized_image": "error"}},
            "transformations",
            "'{}.transformations' is not supported: pictures are not resized on demand; leave it out",
        ),
        (
            result(toolset_name="t"),
            "toolset_name",
            "'{}.toolset_name' is not supported: there are no toolsets; leave it out",
        ),
        (
            result(content=[{"type": "tool_reference", "tool_name": "g"}]),
            "content[0].type",
            "'{}.content[0].type' is not supported: 'tool_reference': all tools are listed in 'tools'",
        ),
    ],
)
def test_blocks_that_are_refused(refused: Refused, block: Any, param: str, message: str) -> None:
    where = "messages[1].content[0]"
    fault = refused(messages=[user("hi"), user([block])])
    assert (fault.param, fault.message) == (f"{where}.{param}", message.format(where))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            call(caller={"type": "code_execution_20250825", "tool_id": "x"}),
            "'messages[1].content[0].caller' is not supported: only the model calls; leave it out or send "
            "{'type': 'direct'}",
        ),
        (
            call(input={"n": 2**64}),
            "'messages[1].content[0].input' holds an integer that does not fit into 64 bits",
        ),
        (
            call(toolset_name="t"),
            "'messages[1].content[0].toolset_name' is not supported: there are no toolsets; leave it out",
        ),
    ],
)
def test_calls_that_are_refused(refused: Refused, block: Any, message: str) -> None:
    assert refused(messages=[user("hi"), assistant([block]), user([result()])]).message == message
