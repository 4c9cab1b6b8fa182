"""Requests that end other servers, sent to one real server, which answers a good one after each."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from mlxkernel.testing import ServeProcess, serve_process

HELLO: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Hello!"}],
    "temperature": 0,
}

RAW: dict[str, Any] = {"model": "tiny", "prompt": "Hello", "max_tokens": 4, "temperature": 0}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("completions", {**RAW, "prompt": ""}, "prompt"),
    ("completions", {**RAW, "prompt": []}, "prompt"),
    ("completions", {**RAW, "prompt": [5, -1]}, "prompt"),
    ("completions", {**RAW, "prompt": [999999]}, "prompt"),
    ("completions", {**RAW, "suffix": "x"}, "suffix"),
    ("chat/completions", {**HELLO, "stop": [5]}, "stop"),
    ("chat/completions", {**HELLO, "stop": [""]}, "stop"),
    ("chat/completions", {**HELLO, "logit_bias": {"999999": 1}}, "logit_bias"),
    ("chat/completions", {**HELLO, "logit_bias": {"-1": 1}}, "logit_bias"),
    ("chat/completions", {**HELLO, "temperature": "hot"}, "temperature"),
    ("chat/completions", {**HELLO, "max_tokens": 0}, "max_tokens"),
    ("chat/completions", {**HELLO, "max_tokens": 10**30}, "max_tokens"),
    ("chat/completions", {**HELLO, "n": 0}, "n"),
    ("chat/completions", {**HELLO, "messages": []}, "messages"),
    ("chat/completions", {**HELLO, "stop_token_ids": [10**9]}, "stop_token_ids"),
    ("chat/completions", {**HELLO, "logits_processors": ["nope"]}, "logits_processors"),
    ("chat/completions", {**HELLO, "tempurature": 1}, "tempurature"),
    (
        "chat/completions",
        {
            **HELLO,
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}],
                }
            ],
        },
        "messages[0].content[0]",
    ),
]

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("completions", {**RAW, "prompt": ["Hello", "One, two"]}),
    ("completions", {**RAW, "prompt": [[50, 51], [52]], "n": 2}),
    ("completions", {**RAW, "stop": "o"}),
    ("chat/completions", {**HELLO, "stop": None, "user": "u", "store": False, "metadata": {"a": "b"}}),
    (
        "chat/completions",
        {**HELLO, "messages": [{"role": "developer", "content": "Be kind."}, *HELLO["messages"]]},
    ),
    (
        "chat/completions",
        {**HELLO, "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]},
    ),
    (
        "chat/completions",
        {
            **HELLO,
            "messages": [*HELLO["messages"], {"role": "assistant", "content": None}, *HELLO["messages"]],
        },
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


def _post(server: ServeProcess, route: str, body: dict[str, Any]) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{server.url}/v1/{route}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _greeting(server: ServeProcess) -> str:
    status, body = _post(server, "chat/completions", HELLO)
    assert status == 200, body
    return str(json.loads(body)["choices"][0]["message"]["content"])


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_wrong_is_refused_by_name_and_hurts_nobody(server: ServeProcess, stream: bool) -> None:
    expected = _greeting(server)
    for route, body, param in REFUSED:
        status, reply = _post(server, route, {**body, "stream": stream})
        assert status == 400, (body, reply)
        error = json.loads(reply)["error"]
        assert str(error["param"]).startswith(param), (body, error)
        assert error["type"] == "invalid_request_error", error
        assert _greeting(server) == expected
    assert server.health()["models"]["tiny"].get("restarts", 0) == 0


def test_what_is_right_is_accepted(server: ServeProcess) -> None:
    expected = _greeting(server)
    for route, body in ACCEPTED:
        status, reply = _post(server, route, body)
        assert status == 200, (body, reply)
        assert json.loads(reply)["choices"], body
    # An exact repeat leaves nothing but one token to process.
    assert [_greeting(server) for _ in range(3)] == [expected] * 3
