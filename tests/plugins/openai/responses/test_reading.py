"""Bodies: what becomes of the input, the options and the fields of a request for a response."""

from __future__ import annotations

from typing import Any

import pytest
from tests.plugins.openai.responses.harness import Desk, said

from mlxkernel.errors import Fault, FaultKind, renamed
from mlxkernel.events import ChoiceFinished, Finished, FinishReason, ReasoningDelta, Started, TextDelta, Usage
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import (
    Conversation,
    JsonObject,
    JsonSchema,
    ReasoningWish,
    Sampling,
)
from mlxkernel_plugins.openai.responses import thoughts


@pytest.fixture
def desk() -> Desk:
    return Desk()


def messages(desk: Desk, input: Any, **fields: Any) -> tuple[Message, ...]:
    conversation = desk.read(input=input, **fields).input
    assert isinstance(conversation, Conversation)
    return conversation.messages


def test_a_string_is_what_the_user_says(desk: Desk) -> None:
    assert messages(desk, "hi") == (Message(Role.USER, (Text("hi"),)),)
    assert messages(desk, "hi", instructions="be kind") == (
        Message(Role.SYSTEM, (Text("be kind"),)),
        Message(Role.USER, (Text("hi"),)),
    )


def test_messages_in_their_short_and_long_forms(desk: Desk) -> None:
    given = [
        {"role": "system", "content": "a"},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "b"}]},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "c"}, {"type": "input_text", "text": "d"}],
        },
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "phase": "final_answer",
            "content": [
                {"type": "output_text", "text": "e", "annotations": [], "logprobs": [], "parsed": None},
                {"type": "refusal", "refusal": "f"},
            ],
        },
        {"role": "assistant", "content": "g"},
    ]
    assert messages(desk, given) == (
        Message(Role.SYSTEM, (Text("a"),)),
        Message(Role.SYSTEM, (Text("b"),)),
        Message(Role.USER, (Text("c"), Text("d"))),
        Message(Role.ASSISTANT, (Text("e"), Text("f"))),
        Message(Role.ASSISTANT, (Text("g"),)),
    )


def test_a_turn_of_the_assistant_is_one_message(desk: Desk) -> None:
    given = [
        {"role": "user", "content": "sum"},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "hm"}],
        },
        {"type": "message", "role": "assistant", "content": "I call."},
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "add",
            "arguments": '{"a": 1}',
            "status": "completed",
        },
        {"type": "function_call", "call_id": "c2", "name": "now", "arguments": " "},
        {"type": "function_call_output", "call_id": "c1", "output": "2", "id": "fco_1"},
        {
            "type": "function_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "noon"},
                {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
            ],
        },
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]},
        {"type": "function_call", "call_id": "c3", "name": "add", "arguments": "{}"},
        {"type": "reasoning", "summary": []},
    ]
    user, first, sum_, noon, second = messages(desk, given)
    assert user.role is Role.USER
    assert first == Message(
        Role.ASSISTANT,
        (Reasoning("hm"), Text("I call."), ToolCall("c1", "add", '{"a": 1}'), ToolCall("c2", "now", "{}")),
    )
    assert sum_ == Message(Role.TOOL, (ToolResult("c1", (Text("2"),), "add"),))
    [result] = noon.parts
    assert isinstance(result, ToolResult)
    assert (result.name, result.parts[0]) == ("now", Text("noon"))
    assert isinstance(result.parts[1], Image)
    assert (result.parts[1].data, result.parts[1].detail) == (b"hi", "low")
    assert second == Message(Role.ASSISTANT, (Reasoning("so"), ToolCall("c3", "add", "{}")))


def test_thoughts_come_back_from_where_they_are_whole(desk: Desk) -> None:
    seal = thoughts.sealed("whole")
    summary = [{"type": "summary_text", "text": "short"}]
    for item, thought in (
        (
            {"content": [{"type": "reasoning_text", "text": "in the clear"}], "encrypted_content": seal},
            "in the clear",
        ),
        ({"encrypted_content": seal}, "whole"),
        ({"encrypted_content": "gAAAAB"}, "short"),
        ({"encrypted_content": "mlxkernel-thought:%"}, "short"),
        ({"encrypted_content": None}, "short"),
    ):
        given = [
            {"role": "user", "content": "x"},
            {"type": "reasoning", "id": "rs", "summary": summary, **item},
        ]
        assert messages(desk, given)[1] == Message(Role.ASSISTANT, (Reasoning(thought),))


@pytest.mark.parametrize(
    ("input", "param", "message"),
    [
        (None, "input", "Missing required parameter: 'input'."),
        ("", "input", "Invalid value for 'input': it is empty, and there is no 'previous_response_id'."),
        ([], "input", "Invalid value for 'input': it is empty, and there is no 'previous_response_id'."),
        (5, "input", "Invalid type for 'input': expected a string or an array, but got an integer instead."),
        (["x"], "input[0]", "Invalid type for 'input[0]': expected an object, but got a string instead."),
        (
            [{"type": "telegram"}],
            "input[0].type",
            "Invalid value for 'input[0].type': 'telegram'; supported values are 'message', 'function_call', "
            "'function_call_output', 'reasoning', 'item_reference'.",
        ),
        (
            [{"type": "web_search_call", "id": "ws"}],
            "input[0].type",
            "'input[0].type' is not supported: items of type 'web_search_call' come from tools that "
            "are not here",
        ),
        ([{"role": "user"}], "input[0].content", "Missing required parameter: 'input[0].content'."),
        (
            [{"role": "user", "content": "x", "zeal": 1}],
            "input[0].zeal",
            "Unknown parameter: 'input[0].zeal'.",
        ),
        (
            [{"role": "judge", "content": "x"}],
            "input[0].role",
            "Invalid value for 'input[0].role': 'judge'; supported values are 'user', 'assistant', "
            "'system' and "
            "'developer'.",
        ),
        (
            [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
            "input[0].content[0].type",
            "Invalid value for 'input[0].content[0].type': 'text'; supported values are 'input_text', "
            "'input_image', 'output_text' and 'refusal'.",
        ),
        (
            [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}],
            "input[0].content[0].type",
            "'input[0].content[0].type' is not supported: files are not read; send their text",
        ),
        (
            [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}],
            "input[0].content[0].type",
            "'input[0].content[0].type' is not supported: the models do not hear; send text",
        ),
        (
            [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}],
            "input[0].content[0].file_id",
            "'input[0].content[0].file_id' is not supported: the server stores no files; send 'image_url'",
        ),
        (
            [{"role": "user", "content": [{"type": "input_image"}]}],
            "input[0].content[0].image_url",
            "Missing required parameter: 'input[0].content[0].image_url'.",
        ),
        (
            [{"type": "function_call_output", "call_id": "c9", "output": "x"}],
            "input[0].call_id",
            "No tool call found for function call output with call_id c9.",
        ),
        (
            [{"type": "item_reference", "id": "msg_9_0"}],
            "input[0].id",
            "Item with id 'msg_9_0' not found: it is not in a response that is kept here.",
        ),
        (
            [{"id": "nonsense"}],
            "input[0].id",
            "Item with id 'nonsense' not found: it is not in a response that is kept here.",
        ),
    ],
)
def test_an_input_that_is_wrong(desk: Desk, input: Any, param: str, message: str) -> None:
    fault = desk.refused(input=input)
    assert (fault.param, fault.message) == (param, message)


# --- a response before it -------------------------------------------------------------------------


def test_a_response_goes_on_from_an_earlier_one_without_its_instructions(desk: Desk) -> None:
    first = desk.whole(input="one", instructions="be brief")
    second = desk.whole(input="two", previous_response_id=first["id"], instructions="be long")
    assert second["previous_response_id"] == first["id"]
    assert messages(desk, "three", previous_response_id=second["id"]) == (
        Message(Role.USER, (Text("one"),)),
        Message(Role.ASSISTANT, (Text("Hello"),)),
        Message(Role.USER, (Text("two"),)),
        Message(Role.ASSISTANT, (Text("Hello"),)),
        Message(Role.USER, (Text("three"),)),
    )
    assert len(messages(desk, None, previous_response_id=second["id"])) == 4


def test_an_item_may_be_named_in_place_of_being_sent(desk: Desk) -> None:
    events = [
        Started(1),
        ReasoningDelta(0, "hm"),
        TextDelta(0, "yes"),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(Usage()),
    ]
    thought, said_ = desk.whole(events)["output"]
    given = [
        {"role": "user", "content": "x"},
        {"type": "item_reference", "id": thought["id"]},
        {"id": said_["id"]},
        {"role": "user", "content": "y"},
    ]
    assert messages(desk, given)[1] == Message(Role.ASSISTANT, (Reasoning("hm"), Text("yes")))


def test_another_principal_s_response_is_not_there(desk: Desk) -> None:
    mine = desk.whole(principal="ada")
    assert desk.read(principal="ada", previous_response_id=mine["id"])
    fault = desk.refused(principal="bob", previous_response_id=mine["id"])
    assert (fault.code, fault.param) == ("previous_response_not_found", "previous_response_id")
    assert fault.message == f"Previous response with id '{mine['id']}' not found."
    given = [{"type": "item_reference", "id": mine["output"][0]["id"]}]
    assert desk.refused(principal="bob", input=given).code == "item_not_found"


def test_what_is_not_to_be_stored_is_not(desk: Desk) -> None:
    answer = desk.whole(store=False)
    assert answer["store"] is False
    assert desk.refused(previous_response_id=answer["id"]).code == "previous_response_not_found"


def test_a_server_that_keeps_nothing_says_so() -> None:
    desk = Desk(count=0)
    answer = desk.whole()
    assert answer["store"] is False
    assert desk.refused(previous_response_id=answer["id"]).message == (
        f"Previous response with id '{answer['id']}' not found. This server keeps no responses: send "
        f"the whole "
        "conversation as 'input'."
    )
    fault = desk.refused(store=True)
    assert (fault.param, fault.message) == (
        "store",
        "'store' is not supported: this server keeps no responses ([plugins.openai] "
        "stored_responses); send false",
    )


def test_a_response_under_way_cannot_be_gone_on_from(desk: Desk) -> None:
    encoder = desk.operation.encoder(desk.read(stream=True))
    encoder.feed(Started(1))
    fault = desk.refused(previous_response_id="resp_0")
    assert (fault.code, fault.param) == ("response_in_progress", "previous_response_id")
    for event in said("x")[1:]:
        encoder.feed(event)
    assert desk.read(previous_response_id="resp_0")


# --- options --------------------------------------------------------------------------------------


def test_the_defaults_leave_everything_to_the_model(desk: Desk) -> None:
    request = desk.read()
    assert (request.sampling, request.reasoning) == (Sampling(), ReasoningWish())
    assert (request.max_tokens, request.stop, request.logprobs) == (None, (), None)
    assert (request.response_format, request.stream, request.n) == (None, False, 1)


def test_sampling_limits_and_stops(desk: Desk) -> None:
    request = desk.read(
        temperature=0,
        top_p=0.5,
        top_k=-1,
        min_p=0.1,
        repetition_penalty=1.1,
        presence_penalty=-2,
        frequency_penalty=2,
        seed=7,
        max_output_tokens=9,
        stop="END",
        chat_template_kwargs={"enable_thinking": True},
    )
    assert request.sampling == Sampling(
        temperature=0,
        top_p=0.5,
        top_k=0,
        min_p=0.1,
        repetition_penalty=1.1,
        presence_penalty=-2,
        frequency_penalty=2,
        seed=7,
    )
    assert (request.max_tokens, request.stop) == (9, ("END",))
    assert isinstance(request.input, Conversation)
    assert request.input.template_args == {"enable_thinking": True}


def test_the_format_of_the_text(desk: Desk) -> None:
    schema = {"type": "object"}
    for given, expected in (
        (None, None),
        ({}, None),
        ({"format": {"type": "text"}, "verbosity": "medium"}, None),
        ({"format": {"type": "json_object"}}, JsonObject("text.format")),
        (
            {
                "format": {
                    "type": "json_schema",
                    "name": "n",
                    "schema": schema,
                    "strict": True,
                    "description": "d",
                }
            },
            JsonSchema({"description": "d", "type": "object"}, "n", True, "text.format.schema"),
        ),
    ):
        assert desk.read(text=given).response_format == expected
    assert desk.refused(text={"verbosity": "low"}).param == "text.verbosity"
    assert desk.refused(text={"format": {"type": "xml"}}).message == (
        "Invalid value for 'text.format.type': 'xml'; supported values are 'text', 'json_object' and "
        "'json_schema'."
    )


def test_thinking(desk: Desk) -> None:
    assert desk.read(reasoning={"effort": "high", "summary": "auto"}).reasoning == ReasoningWish(None, "high")
    assert desk.read(reasoning={"effort": "none"}).reasoning == ReasoningWish(False, "none")
    for field, value, param in (
        ("summary", "concise", "reasoning.summary"),
        ("generate_summary", "concise", "reasoning.generate_summary"),
        ("context", "all_turns", "reasoning.context"),
        ("mode", "pro", "reasoning.mode"),
        ("effort", "utmost", "reasoning.effort"),
    ):
        assert desk.refused(reasoning={field: value}).param == param


def test_logprobs_are_included_on_request(desk: Desk) -> None:
    include = ["message.output_text.logprobs", "message.input_image.image_url"]
    assert desk.read(include=include).logprobs == 0
    assert desk.read(include=include, top_logprobs=3).logprobs == 3
    assert desk.refused(top_logprobs=3).message == (
        "'top_logprobs' is only allowed when 'include' has 'message.output_text.logprobs'."
    )
    fault = desk.refused(include=["reasoning.encrypted_content", "file_search_call.results"])
    assert (fault.param, fault.message) == (
        "include[1]",
        "'include[1]' is not supported: there is no 'file_search_call.results' in the items of this server",
    )


def test_stream_options_belong_to_streams(desk: Desk) -> None:
    assert desk.read(stream=True, stream_options={"include_obfuscation": False}).stream
    assert desk.refused(stream_options={}).message == (
        "The 'stream_options' parameter is only allowed when 'stream' is enabled."
    )
    fault = desk.refused(stream=True, stream_options={"include_obfuscation": True})
    assert fault.param == "stream_options.include_obfuscation"


def test_metadata_has_bounds(desk: Desk) -> None:
    assert desk.read(metadata={"a": "b"})
    assert desk.refused(metadata={str(n): "x" for n in range(17)}).param == "metadata"
    assert desk.refused(metadata={"a": "x" * 513}).param == "metadata"
    assert desk.refused(metadata={"a": 1}).param == "metadata"


# --- what no template and no engine could take ------------------------------------------------------


def test_arguments_that_are_nested_too_deeply(desk: Desk) -> None:
    call = {
        "type": "function_call",
        "call_id": "c",
        "name": "f",
        "arguments": '{"a":' * 5000 + "1" + "}" * 5000,
    }
    fault = desk.refused(input=[call])
    assert (fault.param, fault.message) == (
        "input[0].arguments",
        "Invalid value for 'input[0].arguments': it is nested more than 128 levels deep.",
    )


def test_how_much_of_a_picture_is_to_be_seen(desk: Desk) -> None:
    part = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "all"}
    fault = desk.refused(input=[{"role": "user", "content": [part]}])
    path = "input[0].content[0].detail"
    assert (fault.param, fault.message) == (
        path,
        f"Invalid value for '{path}': expected one of 'auto', 'low', 'high', 'original'.",
    )


def test_an_engine_s_names_of_fields_are_told_in_those_of_the_route(desk: Desk) -> None:
    fault = Fault(kind=FaultKind.INVALID, message="'messages' is empty", param="messages")
    assert renamed(fault, desk.operation.names).param == "input"
    assert desk.operation.names["reasoning_effort"] == "reasoning.effort"
