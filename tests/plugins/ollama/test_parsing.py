"""Bodies that are no requests, and the words that they are refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.request import Request

Read = Callable[..., Request]
Refused = Callable[..., Fault]

GOOD = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "missing request body"),
        (b"{", "the body is not JSON: input data was truncated"),
        (b"model=m", "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
        (b'{"model": "\xff"}', "the body is not UTF-8"),
        (b"[" * 5000, "the body must be a JSON object: expected `object`, got `array`"),
        (b'{"messages": ' + b"[" * 5000, "invalid value for 'messages[0]': expected an object, got an array"),
        (b'{"format": ' + b'{"a":' * 5000, "the body is nested too deeply"),
        (b"[]", "the body must be a JSON object: expected `object`, got `array`"),
        ({}, "'model' is required"),
        ({"model": ""}, "invalid value for 'model': expected a string of length >= 1"),
        ({"model": 5}, "invalid value for 'model': expected a string, got an integer"),
        ({**GOOD, "temprature": 1}, "unknown field 'temprature'"),
        ({**GOOD, "fromat": "json"}, "unknown field 'fromat'; did you mean 'format'?"),
        (
            {**GOOD, "options": {"temprature": 1}},
            "unknown field 'options.temprature'; did you mean 'temperature'?",
        ),
        ({**GOOD, "options": {"num_ctx": "4"}}, "invalid value for 'options.num_ctx': expected an integer, "),
        ({**GOOD, "options": {"top_p": 2}}, "invalid value for 'options.top_p': expected a number <= 1.0"),
        ({**GOOD, "messages": [{"role": "x"}]}, "invalid value for 'messages[0].role': 'x'; it may be "),
        ({**GOOD, "stream": "yes"}, "invalid value for 'stream': expected a boolean, got a string"),
        ({**GOOD, "format": 5}, "invalid value for 'format': expected "),
    ],
)
def test_what_is_wrong_is_said(refused: Refused, body: Any, message: str) -> None:
    fault = refused("/api/chat", body)
    assert fault.kind is FaultKind.INVALID
    assert fault.message.startswith(message)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
def test_the_content_type_does_not_matter(read: Read, kind: str | None) -> None:
    # Whether a web page may send such a body is the kernel's to say (`mlxkernel.origins`).
    headers = {"content-type": kind} if kind else {}
    assert read("/api/chat", GOOD, **headers).model == "m"
