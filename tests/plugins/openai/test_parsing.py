"""Bodies that are wrong: the status, the field's path, and the words, which are msgspec's turned round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlxkernel.api import HttpRequest, Operation
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.request import Request
from mlxkernel_plugins.openai import OpenAI
from mlxkernel_plugins.openai.bodies import ChatBody, CompletionBody

CHAT_FIELDS, COMPLETION_FIELDS = ChatBody.__struct_fields__, CompletionBody.__struct_fields__
HEADERS = {"content-type": "application/json"}
MESSAGE = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "We could not parse the JSON body of your request: it is empty."),
        (b"{", "We could not parse the JSON body of your request: input data was truncated."),
        (b"{]", "We could not parse the JSON body of your request: JSON is malformed: "),
        (
            b'{"model":"m","messages":[{"role":"user","content":"hi"}]}x',
            "We could not parse the JSON body of your request: JSON is malformed: ",
        ),
        (b'{"model":"\xff"}', "We could not parse the JSON body of your request: it is not UTF-8."),
        (b'{"\xff":1}', "We could not parse the JSON body of your request: it is not UTF-8."),
        (b'{"model":"\\ud800"}', "We could not parse the JSON body of your request: "),
        (b'{"temperature":NaN}', "We could not parse the JSON body of your request: JSON is malformed: "),
        (
            b'{"temperature":Infinity}',
            "We could not parse the JSON body of your request: JSON is malformed: ",
        ),
        (
            b'{"model":"m","prediction":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "We could not parse the JSON body of your request: it is nested too deeply.",
        ),
    ],
)
def test_what_is_not_json(refused_body: Callable[..., Fault], body: bytes, message: str) -> None:
    fault = refused_body(body)
    assert fault.kind is FaultKind.INVALID
    assert fault.message.startswith(message)
    assert len(fault.message) < 160
    assert (fault.param, fault.code) == (None, "invalid_json")


@pytest.mark.parametrize(
    ("body", "got"), [(b"[]", "array"), (b'"x"', "str"), (b"null", "null"), (b"1", "int")]
)
def test_a_body_that_is_not_an_object(refused_body: Callable[..., Fault], body: bytes, got: str) -> None:
    fault = refused_body(body)
    assert fault.message == (
        f"The body of the request must be a JSON object: expected `object`, got `{got}`."
    )


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        (
            {"temperature": "1"},
            "temperature",
            "Invalid type for 'temperature': expected a number, but got a string instead.",
        ),
        (
            {"temperature": True},
            "temperature",
            "Invalid type for 'temperature': expected a number, but got a boolean instead.",
        ),
        ({"temperature": 2.5}, "temperature", "Invalid value for 'temperature': expected a number <= 2.0."),
        ({"temperature": -1}, "temperature", "Invalid value for 'temperature': expected a number >= 0.0."),
        ({"top_p": 0}, "top_p", "Invalid value for 'top_p': expected a number > 0.0."),
        ({"n": 0}, "n", "Invalid value for 'n': expected an integer >= 1."),
        ({"n": 129}, "n", "Invalid value for 'n': expected an integer <= 128."),
        ({"n": True}, "n", "Invalid type for 'n': expected an integer, but got a boolean instead."),
        ({"n": 1.5}, "n", "Invalid type for 'n': expected an integer, but got a number instead."),
        ({"max_tokens": 0}, "max_tokens", "Invalid value for 'max_tokens': expected an integer >= 1."),
        ({"seed": 2**63}, "seed", "Invalid value for 'seed': expected an integer <= 9223372036854775807."),
        (
            {"seed": -(2**63) - 1},
            "seed",
            "Invalid value for 'seed': expected an integer >= -9223372036854775808.",
        ),
        (
            {"presence_penalty": -2.1},
            "presence_penalty",
            "Invalid value for 'presence_penalty': expected a number >= -2.0.",
        ),
        (
            {"frequency_penalty": 2.1},
            "frequency_penalty",
            "Invalid value for 'frequency_penalty': expected a number <= 2.0.",
        ),
        (
            {"logit_bias": {"1": "a"}},
            "logit_bias",
            "Invalid type for 'logit_bias': expected a number, but got a string instead.",
        ),
        (
            {"top_logprobs": 21},
            "top_logprobs",
            "Invalid value for 'top_logprobs': expected an integer <= 20.",
        ),
        (
            {"stop": [5]},
            "stop[0]",
            "Invalid type for 'stop[0]': expected a string, but got an integer instead.",
        ),
        ({"stop": ""}, "stop", "Invalid value for 'stop': expected a string of length >= 1."),
        ({"stop": ["a", ""]}, "stop[1]", "Invalid value for 'stop[1]': expected a string of length >= 1."),
        ({"stop": ["a"] * 17}, "stop", "Invalid value for 'stop': expected an array of length <= 16."),
        (
            {"stream": "yes"},
            "stream",
            "Invalid type for 'stream': expected a boolean, but got a string instead.",
        ),
        (
            {"stream_options": {"usage": True}},
            "stream_options.usage",
            "Unknown parameter: 'stream_options.usage'.",
        ),
        ({"model": ""}, "model", "Invalid value for 'model': expected a string of length >= 1."),
        ({"model": None}, "model", "Invalid type for 'model': expected a string, but got null instead."),
        ({"messages": []}, "messages", "Invalid value for 'messages': expected an array of length >= 1."),
        (
            {"messages": None},
            "messages",
            "Invalid type for 'messages': expected an array, but got null instead.",
        ),
        ({"messages": [{}]}, "messages[0].role", "Missing required parameter: 'messages[0].role'."),
        (
            {"messages": [MESSAGE, {"role": "robot"}]},
            "messages[1].role",
            "Invalid value for 'messages[1].role': 'robot'; supported values are 'system', 'developer', "
            "'user', 'assistant', 'tool' and 'function'.",
        ),
        (
            {"messages": [{"role": 1}]},
            "messages[0].role",
            "Invalid type for 'messages[0].role': expected a string.",
        ),
        (
            {"messages": [{"role": "user"}]},
            "messages[0].content",
            "Missing required parameter: 'messages[0].content'.",
        ),
        (
            {"messages": [{"role": "user", "content": 5}]},
            "messages[0].content",
            "Invalid type for 'messages[0].content': "
            "expected a string or an array, but got an integer instead.",
        ),
        (
            {"messages": [MESSAGE, MESSAGE, {"role": "user", "content": [{"type": "smell"}]}]},
            "messages[2].content[0].type",
            "Invalid value for 'messages[2].content[0].type': 'smell'.",
        ),
        (
            {"messages": [{**MESSAGE, "mood": "good"}]},
            "messages[0].mood",
            "Unknown parameter: 'messages[0].mood'.",
        ),
        (
            {"tempurature": 1},
            "tempurature",
            "Unrecognized request argument supplied: tempurature; did you mean 'temperature'?",
        ),
        ({"zzz": 1}, "zzz", "Unrecognized request argument supplied: zzz"),
    ],
)
def test_wrong_fields(
    refused_chat: Callable[..., Fault], fields: dict[str, Any], param: str, message: str
) -> None:
    fault = refused_chat(**fields)
    assert (fault.kind, fault.param, fault.message) == (FaultKind.INVALID, param, message)


def test_a_number_too_large_for_a_float(refused_body: Callable[..., Fault]) -> None:
    fault = refused_body(b'{"model":"m","temperature":1e999}')
    assert (fault.param, fault.message) == (
        "temperature",
        "Invalid value for 'temperature': number out of range.",
    )


def test_a_missing_model(refused_body: Callable[..., Fault]) -> None:
    fault = refused_body({"messages": [MESSAGE]})
    assert (fault.param, fault.message) == ("model", "Missing required parameter: 'model'.")


def test_a_long_word_of_the_client_is_not_repeated_in_full(refused_body: Callable[..., Fault]) -> None:
    assert len(refused_body({"x" * 5000: 1}).message) < 200


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_is_accepted(chat: Operation, content_type: str) -> None:
    body = msgspec.json.encode({"model": "m", "messages": [MESSAGE]})
    http = HttpRequest(method="POST", path="/", headers={"content-type": content_type}, body=body)
    assert chat.read(http).model == "m"


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (
            "text/plain",
            "Unsupported content type: 'text/plain'. Send the header 'Content-Type: application/json'.",
        ),
        (None, "Unsupported content type: none. Send the header 'Content-Type: application/json'."),
        ("application/json; charset=latin-1", "Unsupported charset: 'latin-1'. Send the body as UTF-8."),
    ],
)
def test_other_content_types_are_415(
    refused_body: Callable[..., Fault], content_type: str | None, message: str
) -> None:
    fault = refused_body({}, content_type)
    assert (fault.kind.status, fault.message) == (415, message)


def test_null_is_the_same_as_absent(
    read_chat: Callable[..., Request], read_completion: Callable[..., Request]
) -> None:
    optional = {name: None for name in CHAT_FIELDS if name not in ("model", "messages")}
    assert read_chat(**optional) == read_chat()
    optional = {name: None for name in COMPLETION_FIELDS if name not in ("model", "prompt")}
    assert read_completion(**optional) == read_completion()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["user", "assistant", "tool", "text", "image_url", "auto", "data:image/png;base64,AA"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text", "url", "1"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fields=st.dictionaries(st.sampled_from([*CHAT_FIELDS, *COMPLETION_FIELDS, "x"]), json_values))
def test_no_json_object_does_more_than_be_refused(fields: dict[str, Any]) -> None:
    chat, completions, *_ = OpenAI().routes()
    base = {"model": "m", "messages": [MESSAGE]}
    for operation, body in (
        (chat, {**base, **fields}),
        (completions, {"model": "m", "prompt": "p", **fields}),
    ):
        http = HttpRequest(method="POST", path="/", headers=HEADERS, body=msgspec.json.encode(body))
        _read_or_refused(operation, http)


@settings(max_examples=80, deadline=None)
@given(body=st.binary(max_size=60) | json_values.map(msgspec.json.encode))
def test_no_body_does_more_than_be_refused(body: bytes) -> None:
    for operation in OpenAI().routes()[:2]:
        _read_or_refused(operation, HttpRequest(method="POST", path="/", headers=HEADERS, body=body))


def _read_or_refused(operation: Any, http: HttpRequest) -> None:
    try:
        request = operation.read(http)
    except RequestFailed as failed:
        assert failed.fault.kind is FaultKind.INVALID
        assert failed.fault.message
    else:
        # What was accepted must also reach the worker.
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request) == request
