"""Answers on the wire: lines, whole answers, calls, logprobs, counts and times, errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    Alternative,
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    Timing,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.request import Request, Sampling
from mlxkernel_plugins.ollama import Ollama
from mlxkernel_plugins.ollama.answers import Chat, Generate

Read = Callable[..., Request]

STAMP = "2023-11-14T22:13:20.250000Z"
HEAD = {"model": "m", "created_at": STAMP}
END = (Finished(Usage(5, 4, 3), Timing(waiting=0.25, prefill=0.5, decode=1.000_000_001)),)
COUNTS = {
    "total_duration": 1_750_000_001,
    "load_duration": 250_000_000,
    "prompt_eval_count": 5,
    "prompt_eval_duration": 500_000_000,
    "eval_count": 4,
    "eval_duration": 1_000_000_001,
}
STOP = ChoiceFinished(0, FinishReason.STOP)
CALLS = ChoiceFinished(0, FinishReason.TOOL_CALLS)
LENGTH = ChoiceFinished(0, FinishReason.LENGTH)


def lines(operation: Any, request: Request, *events: Event) -> list[dict[str, Any]]:
    """The lines of a stream, each without what all have in common."""
    encoder = operation.encoder(request)
    data = b"".join(encoder.feed(event) for event in (Started(5), *events)) + encoder.close()
    assert encoder.content_type == "application/x-ndjson"
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def whole(operation: Any, request: Request, *events: Event) -> dict[str, Any]:
    reply = operation.answer(request, fold((Started(5), *events)))
    assert (reply.status, reply.content_type) == (200, "application/json")
    body: dict[str, Any] = json.loads(reply.body)
    return body


def test_chat(chat: Any, read_chat: Read) -> None:
    events = (ReasoningDelta(0, "Hm."), TextDelta(0, "Hello"), TextDelta(0, "!"), STOP, *END)
    last = {**HEAD, "done": True, "done_reason": "stop", **COUNTS}
    role = {"role": "assistant"}
    assert lines(chat, read_chat(), *events) == [
        {**HEAD, "done": False, "message": {**role, "content": "", "thinking": "Hm."}},
        {**HEAD, "done": False, "message": {**role, "content": "Hello"}},
        {**HEAD, "done": False, "message": {**role, "content": "!"}},
        {**last, "message": {**role, "content": ""}},
    ]
    assert whole(chat, read_chat(), *events) == {
        **last,
        "message": {**role, "content": "Hello!", "thinking": "Hm."},
    }


def test_generate(generate: Any, read_generate: Read) -> None:
    events = (ReasoningDelta(0, "Hm."), TextDelta(0, "Hello"), LENGTH, *END)
    last = {**HEAD, "done": True, "done_reason": "length", **COUNTS}
    assert lines(generate, read_generate(), *events) == [
        {**HEAD, "done": False, "response": "", "thinking": "Hm."},
        {**HEAD, "done": False, "response": "Hello"},
        {**last, "response": ""},
    ]
    assert whole(generate, read_generate(), *events) == {**last, "response": "Hello", "thinking": "Hm."}


def test_a_load(routes: dict[str, Any], read: Read) -> None:
    loaded = (Rendered(0, "", ()), Finished(Usage(), Timing(0.5, 0.25, 0.25)))
    done = {**HEAD, "done": True, "done_reason": "load"}
    for path, expected in (
        ("/api/chat", {**done, "message": {"role": "assistant", "content": ""}}),
        ("/api/generate", {**done, "response": ""}),
        (
            "/api/embed",
            {
                "model": "m",
                "embeddings": [],
                "total_duration": 1_000_000_000,
                "load_duration": 500_000_000,
                "prompt_eval_count": 0,
            },
        ),
        ("/api/embeddings", {"embedding": []}),
    ):
        request = read(path, {"model": "m"})
        assert request.stream is False
        assert whole(routes[path], request, *loaded) == expected


# --- calls ------------------------------------------------------------------------------------------


def call(number: int, name: str, arguments: Sequence[str], ended: bool = True) -> list[Event]:
    end = [ToolCallEnded(0, number)] if ended else []
    deltas = [ToolCallDelta(0, number, piece) for piece in arguments]
    return [ToolCallStarted(0, number, f"call_{name}", name), *deltas, *end]


def wire(index: int, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"call_{name}", "function": {"index": index, "name": name, "arguments": arguments}}


def test_calls_come_whole(chat: Any, read_chat: Read) -> None:
    events = (
        TextDelta(0, "I look."),
        *call(0, "f", ['{"a"', ': [1.0, "x\\n"]}']),
        *call(1, "g", [""]),
        CALLS,
        *END,
    )
    first, second = wire(0, "f", {"a": [1.0, "x\n"]}), wire(1, "g", {})
    made = [line["message"] for line in lines(chat, read_chat(), *events)]
    assert [message.get("tool_calls") for message in made] == [None, [first], [second], None]
    assert [message["content"] for message in made] == ["I look.", "", "", ""]
    answer = whole(chat, read_chat(), *events)
    assert answer["message"] == {"role": "assistant", "content": "I look.", "tool_calls": [first, second]}
    assert answer["done_reason"] == "stop"


def test_a_call_that_nobody_ended_is_kept(chat: Any, read_chat: Read) -> None:
    events = (*call(0, "f", ['{"a": 1}'], ended=False), CALLS, *END)
    assert [line["message"].get("tool_calls") for line in lines(chat, read_chat(), *events)] == [
        [wire(0, "f", {"a": 1})],
        None,
    ]


@pytest.mark.parametrize("arguments", ['{"a": "x', "[1]", "5", '"{}"', "{'a': 1}", '{"a": ' * 3000])
def test_arguments_that_are_no_object_come_as_text(chat: Any, read_chat: Read, arguments: str) -> None:
    events = (TextDelta(0, "A "), *call(0, "f", [arguments]), *call(1, "g", ["{}"]), LENGTH, *END)
    answer = whole(chat, read_chat(), *events)["message"]
    assert answer["content"] == f'A {{"name": "f", "arguments": {arguments}'
    assert answer["tool_calls"] == [wire(0, "g", {})]
    streamed = [line["message"] for line in lines(chat, read_chat(), *events)]
    assert "".join(message["content"] for message in streamed) == answer["content"]
    assert [call for message in streamed for call in message.get("tool_calls", ())] == answer["tool_calls"]


def test_generate_tells_calls_too(generate: Any, read_generate: Read) -> None:
    events = (*call(0, "f", ["{}"]), CALLS, *END)
    assert whole(generate, read_generate(), *events)["tool_calls"] == [wire(0, "f", {})]


# --- logprobs ---------------------------------------------------------------------------------------


def test_logprobs(chat: Any, read_chat: Read) -> None:
    top = (Alternative(1, b"a", -0.5), Alternative(2, b"\xff", float("-inf")))
    token, bare = TokenLogprob(1, b"a", -0.5, top), TokenLogprob(2, "é".encode(), -1.5)
    events = (TextDelta(0, "", 1, (token,)), TextDelta(0, "aé", 1, (bare,)), STOP, *END)
    request = read_chat(logprobs=True, top_logprobs=2)
    first = {
        "token": "a",
        "logprob": -0.5,
        "bytes": [97],
        "top_logprobs": [
            {"token": "a", "logprob": -0.5, "bytes": [97]},
            {"token": "\ufffd", "logprob": -9999.0, "bytes": [255]},
        ],
    }
    second = {"token": "é", "logprob": -1.5, "bytes": [195, 169]}
    assert [line.get("logprobs") for line in lines(chat, request, *events)] == [[first], [second], None]
    assert whole(chat, request, *events)["logprobs"] == [first, second]
    for answer in (*lines(chat, read_chat(), *events), whole(chat, read_chat(), *events)):
        assert "logprobs" not in answer


# --- errors -----------------------------------------------------------------------------------------


def test_a_failure_is_the_last_line(chat: Any, read_chat: Read) -> None:
    fault = Fault(kind=FaultKind.INTERNAL, message="The model's process ended.", code="crashed")
    found = lines(chat, read_chat(), TextDelta(0, "so"), Failed(fault))
    assert found[1:] == [{"error": "The model's process ended."}]


def test_an_error_has_the_status_and_the_wait() -> None:
    fault = Fault(kind=FaultKind.OVERLOADED, message="Full.", retry_after=0.2)
    reply = Ollama().error(fault, "req_1")
    assert (reply.status, reply.headers, reply.body) == (503, {"retry-after": "1"}, b'{"error":"Full."}')


def test_an_engine_s_names_of_fields_are_told_in_those_of_the_route() -> None:
    for route in (Chat(lambda: 0.0), Generate(lambda: 0.0)):
        for name, own in (("max_tokens", "options.num_predict"), ("reasoning_effort", "think")):
            assert route.names[name] == own
            assert name in {*Request.__struct_fields__, *Sampling.__struct_fields__, "reasoning_effort"}
