"""The official client against a running server whose engine plays scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.messages import Role, ToolResult
from mlxkernel.request import Conversation, Render, Request
from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import fake_plugin

MODEL = "org/echo:tiny"
LARGEST = 100_000


def caller(request: Request) -> Sequence[Event]:
    """Thinks, and calls each tool of the request with its own name as the argument."""
    events: list[Event] = [Started(5), ReasoningDelta(0, "hm", 2)]
    for number, tool in enumerate(request.tools):
        events.append(ToolCallStarted(0, number, f"call_{number}", tool.name))
        events.extend(ToolCallDelta(0, number, text) for text in ('{"to', f'ol": "{tool.name}"', "}"))
        events.append(ToolCallEnded(0, number))
    usage = Usage(prompt_tokens=5, completion_tokens=9)
    return [*events, ChoiceFinished(0, FinishReason.TOOL_CALLS), Finished(usage)]


def parrot(request: Request) -> Sequence[Event]:
    """Says the last message back; calls and fails where it is told to."""
    assert isinstance(request.input, Conversation)
    if request.task == Render():
        return [Started(5), Rendered(0, "hello", (1, 2, 3, 4, 5)), Finished(Usage(prompt_tokens=5))]
    last = request.input.messages[-1]
    if request.tools and last.role is Role.USER:
        return caller(request)
    part: Any = last.parts[0]
    word = part.parts[0].text if isinstance(part, ToolResult) else part.text
    if word == "full":
        fault = Fault(kind=FaultKind.OVERLOADED, message="The queue is full.", code="queue_full")
        return [Failed(fault)]
    events: list[Event] = [Started(5, 4), TextDelta(0, word)]
    if word == "crash":
        fault = Fault(kind=FaultKind.INTERNAL, message="The model's process ended.", code="crashed")
        return [*events, Failed(fault)]
    stop = request.stop[0] if request.stop else None
    usage = Usage(prompt_tokens=5, completion_tokens=1, cached_tokens=4)
    return [*events, ChoiceFinished(0, FinishReason.STOP, stop), Finished(usage)]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with one model that answers by `parrot`."""
    model = {"source": "none", "engine": "fake", "aliases": ["parrot"]}
    tables = {"models": {MODEL: model}, "auth": {"use": "open"}, "server": {"max_body": LARGEST}}
    with run_server(tables, {"fake": fake_plugin(parrot)}) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    """The official client."""
    with anthropic.Anthropic(base_url=server.url, api_key="any", max_retries=0) as made:
        yield made


def say(text: str) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}


def test_whole_and_streamed(client: Any) -> None:
    answer = client.messages.create(**{**say("hi"), "model": "parrot"}, stop_sequences=["END"])
    assert [block.text for block in answer.content] == ["hi"]
    assert (answer.model, answer.stop_reason, answer.stop_sequence) == (MODEL, "stop_sequence", "END")
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (1, 4)
    assert answer.id == f"msg_{answer._request_id.removeprefix('req_')}"
    with client.messages.stream(**say("hi"), stop_sequences=["END"]) as events:
        assert "".join(events.text_stream) == "hi"
        final = events.get_final_message()
        assert final.id == f"msg_{events.request_id.removeprefix('req_')}"
    assert final.usage == answer.usage
    assert (final.stop_reason, final.stop_sequence) == ("stop_sequence", "END")


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "input_schema": {"type": "object", "properties": {"tool": {"type": "string"}}}}


@pytest.mark.parametrize("names", [("f",), ("f", "mcp-g")])
def test_a_tool_loop_streamed_and_whole(client: Any, names: tuple[str, ...]) -> None:
    asked = {**say("hi"), "tools": [tool(name) for name in names]}
    answer = client.messages.create(**asked)
    assert answer.stop_reason == "tool_use"
    assert [block.type for block in answer.content] == ["thinking", *("tool_use" for _ in names)]
    assert [block.input for block in answer.content[1:]] == [{"tool": name} for name in names]
    with client.messages.stream(**asked) as events:
        final = events.get_final_message()
    assert [block.to_dict() for block in final.content] == [block.to_dict() for block in answer.content]
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": f"of {block.id}"}
        for block in answer.content[1:]
    ]
    for content in (answer.content, final.content, [block.model_dump() for block in final.content]):
        turns = [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
        said = client.messages.create(**{**asked, "messages": [*asked["messages"], *turns]})
        assert (said.stop_reason, said.content[0].text) == ("end_turn", f"of {answer.content[-1].id}")


def test_the_count(client: Any) -> None:
    asked = say("hi")
    del asked["max_tokens"]
    assert client.messages.count_tokens(**asked, tools=[tool("f")], system="Be brief.").input_tokens == 5
    assert client.beta.messages.count_tokens(**asked).input_tokens == 5


def test_the_beta_route_is_the_same(client: Any) -> None:
    said = client.beta.messages.create(**say("hi"), betas=["context-1m-2025-08-07"])
    assert said.content[0].text == "hi"


def test_a_failure_in_the_middle_is_raised_after_what_came_before(client: Any) -> None:
    said = ""
    with (
        pytest.raises(anthropic.APIStatusError, match=r"The model's process ended\.") as caught,
        client.messages.stream(**say("crash")) as events,
    ):
        for text in events.text_stream:
            said += text
    assert said == "crash"
    assert (caught.value.type, caught.value.error_code) == ("api_error", "crashed")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_at_the_start_has_its_status(client: Any, stream: bool) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(**say("full"), stream=stream)
    assert (caught.value.status_code, caught.value.type) == (503, "overloaded_error")
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.request_id == caught.value.body["request_id"]
    with pytest.raises(anthropic.NotFoundError) as missing:
        client.messages.create(**{**say("hi"), "model": "nobody"}, stream=stream)
    assert (missing.value.type, missing.value.error_code) == ("not_found_error", "model_not_found")


def test_a_thread_is_refused_so_that_clients_send_all(client: Any) -> None:
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.beta.messages.create(**say("hi"), thread={"type": "create"})
    assert caught.value.error_code == "thread_unsupported_request"


def test_what_never_reaches_a_route_is_answered_in_this_shape_too(server: RunningServer) -> None:
    url = f"{server.url}/v1/messages"
    for reply, status, kind in (
        (httpx.get(url), 405, "invalid_request_error"),
        (httpx.post(f"{url}/batches", json={}), 404, "not_found_error"),
        (httpx.post(url, content=b"{}"), 415, "invalid_request_error"),
        (
            httpx.post(url, json={"model": MODEL}, headers={"anthropic-version": "1"}),
            400,
            "invalid_request_error",
        ),
        (httpx.post(url, content=b" " * (LARGEST + 1)), 413, "request_too_large"),
        (httpx.get(url, headers={"Host": "evil.example"}), 403, "permission_error"),
    ):
        body = reply.json()
        assert (reply.status_code, body["type"], body["error"]["type"]) == (status, "error", kind)
        assert body["request_id"] == reply.headers["request-id"] == reply.headers["x-request-id"]
    assert "request-id" not in httpx.get(f"{server.url}/v1/models").headers
    assert httpx.post(f"{url}/", json=say("hi")).status_code == 200


def test_a_stream_names_its_request(server: RunningServer) -> None:
    reply = httpx.post(f"{server.url}/v1/messages", json={**say("hi"), "stream": True})
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["request-id"] == reply.headers["x-request-id"]
    assert reply.text.startswith("event: message_start\n")
    assert reply.text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')


def test_keys_of_either_kind(tmp_path: Path) -> None:
    key = "mk-secret"
    entry = {"name": "laptop", "hash": f"sha256:{sha256(key.encode()).hexdigest()}"}
    tables = {
        "models": {MODEL: {"source": "none", "engine": "fake"}},
        "auth": {"use": "keys"},
        "plugins": {"auth-keys": {"file": str(tmp_path / "keys.toml"), "keys": [entry]}},
    }
    with run_server(tables, {"fake": fake_plugin(parrot)}) as running:
        url = f"{running.url}/v1/messages"
        for headers in ({"x-api-key": key}, {"authorization": f"Bearer {key}"}):
            assert httpx.post(url, json=say("hi"), headers=headers).status_code == 200
        for headers in ({}, {"x-api-key": "other"}):
            for path in (url, f"{url}/count_tokens", f"{url}/nothing"):
                reply = httpx.post(path, json=say("hi"), headers=headers)
                assert (reply.status_code, reply.json()["error"]["type"]) == (401, "authentication_error")
                assert reply.json()["request_id"] == reply.headers["request-id"]
