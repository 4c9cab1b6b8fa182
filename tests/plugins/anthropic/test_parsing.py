"""Bodies that are wrong, and the words for it. Holds the wording of msgspec's sentences too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault, FaultKind

Refused = Callable[..., Fault]

USER = {"role": "user", "content": "hi"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "it is empty"),
        (b"{", "input data was truncated"),
        (b'{"model": }', "JSON is malformed: invalid character (byte 10)"),
        (b"\xff", "JSON is malformed: invalid character (byte 0)"),
        (b'{"model": "\xff"}', "it is not UTF-8"),
        (b'{"cache_control": ' + b"[" * 100_000, "it is nested too deeply"),
        (b'{"tools": [' + b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_no_json(refused_body: Callable[..., Fault], body: bytes, message: str) -> None:
    fault = refused_body(body)
    assert fault.message == f"The body of the request is not valid JSON: {message}"
    assert fault.code == "invalid_json"


@pytest.mark.parametrize("body", [[], 5, "text", None])
def test_what_is_no_object(refused_body: Callable[..., Fault], body: Any) -> None:
    message = refused_body(body).message
    assert message.startswith("The body of the request must be a JSON object: expected `object`")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (None, "The content type is none; send the header 'Content-Type: application/json'"),
        ("text/plain", "The content type is 'text/plain'; send the header 'Content-Type: application/json'"),
        ("application/json; charset=latin1", "The charset is 'latin1'; send the body as UTF-8"),
    ],
)
def test_other_content_types(refused_body: Callable[..., Fault], kind: str | None, message: str) -> None:
    fault = refused_body({}, kind)
    assert (fault.kind, fault.message) == (FaultKind.UNSUPPORTED_MEDIA_TYPE, message)


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"model": 5}, "model", "'model' must be a string, not an integer"),
        ({"messages": "hi"}, "messages", "'messages' must be an array, not a string"),
        ({"messages": [{"content": "a"}]}, "messages[0].role", "'messages[0].role' is missing"),
        ({"messages": [USER, {"role": "user"}]}, "messages[1].content", "'messages[1].content' is missing"),
        (
            {"messages": [{"role": "tool", "content": "a"}]},
            "messages[0].role",
            "'messages[0].role' is 'tool'; supported are 'user', 'assistant' and 'system'",
        ),
        (
            {"messages": [{"role": "user", "content": 5}]},
            "messages[0].content",
            "'messages[0].content' must be a string or an array, not an integer",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}]},
            "messages[0].content[0].x",
            "'messages[0].content[0].x' is not a field of this API",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
            "messages[0].content[0].type",
            "'messages[0].content[0].type' is 'video'; supported are 'text', 'image' and 'tool_result' of a "
            "user, 'text', 'thinking', 'redacted_thinking' and 'tool_use' of an assistant",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]},
            "messages[0].content[0].type",
            "'messages[0].content[0].type' is not supported: 'document': documents are not read; send their "
            "text in a block of type 'text'",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "server_tool_use"}]}]},
            "messages[0].content[0].type",
            "'messages[0].content[0].type' is not supported: 'server_tool_use': the server runs no tools",
        ),
        (
            {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f"}]}]},
            "messages[0].content[0].input",
            "'messages[0].content[0].input' is missing",
        ),
        (
            {"temprature": 1},
            "temprature",
            "'temprature' is not a field of this API; did you mean 'temperature'?",
        ),
        ({"zzz": 1}, "zzz", "'zzz' is not a field of this API"),
        (
            {"system": [{"type": "image"}]},
            "system[0].type",
            "'system[0].type' is 'image'; supported are 'text'",
        ),
        (
            {"tool_choice": {"type": "required"}},
            "tool_choice.type",
            "'tool_choice.type' is 'required'; supported are 'auto', 'any', 'tool' and 'none'",
        ),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name", "'tool_choice.name' is missing"),
        (
            {"thinking": {"type": "between_tools"}},
            "thinking.type",
            "'thinking.type' is not supported: 'between_tools': send 'enabled', 'adaptive' or 'disabled'",
        ),
        (
            {"output_config": {"effort": "some"}},
            "output_config.effort",
            "'output_config.effort' is 'some'; supported are 'low', 'medium', 'high', 'xhigh' and 'max'",
        ),
        ({"tools": [5]}, "tools[0]", "'tools[0]' must be an object, not an integer"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema", "'tools[0].input_schema' is missing"),
        (
            {"tools": [{"name": "f", "input_schema": {}, "strict": "yes"}]},
            "tools[0].strict",
            "'tools[0].strict' must be a boolean, not a string",
        ),
    ],
)
def test_where_and_what(refused: Refused, fields: dict[str, Any], param: str, message: str) -> None:
    fault = refused(**fields)
    assert (fault.param, fault.message) == (param, message)


def test_long_words_of_a_client_are_not_repeated(refused: Refused) -> None:
    for fields in ({"x" * 5000: 1}, {"messages": [{"role": "y" * 5000, "content": ""}]}):
        assert len(refused(**fields).message) < 300
