"""The official client's Responses API against a running server whose engine plays scripts."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

import httpx
import openai
import pytest
from tests.plugins.openai.test_server import MODEL, parrot

import mlxkernel
from mlxkernel.api import Authenticator, DirectEngine, EngineFactory, ModelSpec
from mlxkernel.events import ChoiceFinished, Event, Finished, FinishReason, Started, TextDelta, Usage
from mlxkernel.http import Principal
from mlxkernel.request import Request
from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import FakeEngine, fake_plugin
from mlxkernel.testing.process import until

SLOW = "slow"
"""A model that says one word, and the next when the test opens its gate."""

TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}}


class Gate:
    """What a `GatedEngine` waits for."""

    def __init__(self) -> None:
        self.open = threading.Event()


class GatedEngine(FakeEngine):
    """Says a word, waits for the gate or the end of its run, and says another."""

    gate = Gate()

    async def submit(self, request: Request) -> AsyncIterator[Event]:
        async for event in super().submit(request):
            yield event
            while isinstance(event, TextDelta) and not self.gate.open.is_set():
                if request.id not in self.live:
                    return
                await asyncio.sleep(0.005)


def two_words(request: Request) -> Sequence[Event]:
    events = [Started(3), TextDelta(0, "one "), TextDelta(0, "two")]
    return [*events, ChoiceFinished(0, FinishReason.STOP), Finished(Usage(3, 2))]


def gated_plugin(engines: list[FakeEngine]) -> ModuleType:
    async def connect(spec: ModelSpec) -> FakeEngine:
        engines.append(GatedEngine(spec, two_words))
        return engines[-1]

    def mlxkernel_register_engines() -> Sequence[EngineFactory]:
        return [DirectEngine(name="gated", connect=connect)]

    module = ModuleType("mlxkernel_gated_plugin")
    module.mlxkernel_register_engines = mlxkernel.hookimpl(mlxkernel_register_engines)  # type: ignore[attr-defined]
    return module


class ByName:
    """Everybody is who they say they are."""

    name = "by-name"
    protects = False

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        return Principal(headers.get("authorization", "Bearer anonymous").removeprefix("Bearer "))


def names_plugin() -> ModuleType:
    def mlxkernel_register_auth() -> Sequence[Authenticator]:
        return [ByName()]

    module = ModuleType("mlxkernel_names_plugin")
    module.mlxkernel_register_auth = mlxkernel.hookimpl(mlxkernel_register_auth)  # type: ignore[attr-defined]
    return module


@pytest.fixture(scope="module")
def engines() -> list[FakeEngine]:
    return []


@pytest.fixture(scope="module")
def server(engines: list[FakeEngine]) -> Iterator[RunningServer]:
    models = {
        MODEL: {"source": "none", "engine": "fake"},
        SLOW: {"source": "none", "engine": "gated"},
    }
    plugins = {"fake": fake_plugin(parrot), "gated": gated_plugin(engines), "names": names_plugin()}
    with run_server({"models": models, "auth": {"use": "by-name"}}, plugins) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="ada", max_retries=0) as made:
        yield made


@pytest.fixture
def gate() -> Iterator[Gate]:
    GatedEngine.gate = Gate()
    yield GatedEngine.gate
    GatedEngine.gate.open.set()


def test_whole_and_streamed(client: Any) -> None:
    answer = client.responses.create(model=MODEL, input="hi", instructions="be kind")
    assert (answer.output_text, answer.status, answer.model) == ("hi", "completed", MODEL)
    assert answer.usage.input_tokens_details.cached_tokens == 4
    with client.responses.stream(model=MODEL, input="hi", instructions="be kind") as events:
        final = events.get_final_response()
    assert final.output_text == "hi"
    assert final.usage == answer.usage


def test_a_kept_response_is_read_listed_and_deleted(client: Any) -> None:
    first = client.responses.create(model=MODEL, input="one", metadata={"k": "v"})
    second = client.responses.create(model=MODEL, input="two", previous_response_id=first.id)
    assert client.responses.retrieve(second.id) == second
    assert client.responses.retrieve(first.id).metadata == {"k": "v"}
    items = list(client.responses.input_items.list(second.id, order="asc", limit=2))
    assert [item.content[0].text for item in items] == ["one", "one", "two"]
    assert [item.role for item in items] == ["user", "assistant", "user"]
    newest = client.responses.input_items.list(second.id, limit=1)
    assert (newest.data[0].content[0].text, newest.has_more) == ("two", True)
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.retrieve(first.id)
    assert caught.value.code == "response_not_found"
    assert client.responses.create(model=MODEL, input="three", previous_response_id=second.id)


def test_a_tool_loop_by_previous_response(client: Any) -> None:
    asked = client.responses.create(model=MODEL, input="hi", tools=[TOOL])
    thought, call = asked.output
    assert (thought.type, thought.content[0].text) == ("reasoning", "hm")
    assert (call.type, call.name, call.call_id) == ("function_call", "f", "call_0")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "42"}
    answer = client.responses.create(model=MODEL, input=[result], previous_response_id=asked.id, tools=[TOOL])
    assert answer.output_text == "42"


def test_a_tool_loop_that_sends_everything_back(client: Any) -> None:
    question = {"role": "user", "content": "hi"}
    with client.responses.stream(model=MODEL, input=[question], tools=[TOOL], store=False) as events:
        asked = events.get_final_response()
    result = {"type": "function_call_output", "call_id": asked.output[1].call_id, "output": "42"}
    for output in (asked.output, [item.model_dump() for item in asked.output]):
        given = [question, *(_set(item) for item in output), result]
        answer = client.responses.create(model=MODEL, input=given, tools=[TOOL], store=False)
        assert answer.output_text == "42"


def _set(item: Any) -> Any:
    """A dump without the nulls of fields that this server never sent."""
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if value is not None}


def test_a_failure_in_the_middle_is_told_as_an_event(client: Any) -> None:
    events = list(client.responses.create(model=MODEL, input="crash", stream=True))
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.message == "The model's process ended."
    assert client.responses.retrieve(events[-1].response.id).status == "failed"
    with pytest.raises(openai.InternalServerError):
        client.responses.create(model=MODEL, input="crash")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_at_the_start_has_its_status(client: Any, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model=MODEL, input="full", stream=stream)
    assert (caught.value.status_code, caught.value.code) == (503, "queue_full")
    with pytest.raises(openai.NotFoundError) as missing:
        client.responses.create(model="nobody", input="hi", stream=stream)
    assert missing.value.code == "model_not_found"


def test_a_principal_s_responses_are_nobody_else_s(client: Any, gate: Gate) -> None:
    mine = client.responses.create(model=MODEL, input="secret")
    stream = client.responses.create(model=SLOW, input="x", stream=True)
    live = next(stream).response.id
    bob = client.with_options(api_key="bob")
    for id in (mine.id, live):
        for ask in (
            bob.responses.retrieve,
            bob.responses.delete,
            bob.responses.cancel,
            bob.responses.input_items.list,
        ):
            with pytest.raises(openai.NotFoundError):
                ask(id)
        with pytest.raises(openai.BadRequestError) as caught:
            bob.responses.create(model=MODEL, input="x", previous_response_id=id)
        assert caught.value.code == "previous_response_not_found"
    gate.open.set()
    assert list(stream)[-1].type == "response.completed"


def test_a_response_under_way_is_there_as_it_stands(client: Any, gate: Gate) -> None:
    stream = client.responses.create(model=SLOW, input="x", stream=True)
    id = next(event.response.id for event in stream)
    next(event for event in stream if event.type == "response.output_text.delta")
    now = client.responses.retrieve(id)
    assert (now.status, now.output_text, now.usage) == ("in_progress", "one ", None)
    assert now.output[0].status == "in_progress"
    assert client.responses.input_items.list(id).data[0].content[0].text == "x"
    for ask in (
        client.responses.delete,
        lambda id: client.responses.create(model=SLOW, previous_response_id=id),
    ):
        with pytest.raises(openai.BadRequestError) as caught:
            ask(id)
        assert caught.value.code == "response_in_progress"
    gate.open.set()
    assert list(stream)[-1].response == client.responses.retrieve(id)


def test_a_response_is_cancelled(client: Any, gate: Gate, engines: list[FakeEngine]) -> None:
    stream = client.responses.create(model=SLOW, input="x", stream=True)
    id = next(event.response.id for event in stream)
    next(event for event in stream if event.type == "response.output_text.delta")
    assert client.responses.cancel(id).status == "cancelled"
    *_, last = stream
    assert (last.type, last.response.status, last.response.output_text) == (
        "response.incomplete",
        "cancelled",
        "one ",
    )
    until(lambda: not engines[0].live, "the free row")
    for ask in (client.responses.retrieve, client.responses.cancel):
        assert ask(id).status == "cancelled"


def test_what_has_ended_cannot_be_cancelled(client: Any) -> None:
    answer = client.responses.create(model=MODEL, input="hi")
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.cancel(answer.id)
    assert caught.value.code == "response_not_in_progress"
    with pytest.raises(openai.NotFoundError):
        client.responses.cancel("resp_nobody")


def test_a_client_that_leaves_takes_its_response_along(
    client: Any, gate: Gate, engines: list[FakeEngine]
) -> None:
    stream = client.responses.create(model=SLOW, input="x", stream=True)
    id = next(event.response.id for event in stream)
    stream.close()

    def gone() -> bool:
        with contextlib.suppress(openai.NotFoundError):
            client.responses.retrieve(id)
            return False
        return True

    until(gone, "the end of the response")
    until(lambda: not engines[0].live, "the free row")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"order": "random"}, "order"),
        ({"after": "nobody"}, "after"),
    ],
)
def test_pages_that_there_are_not(
    client: Any, server: RunningServer, query: dict[str, str], param: str
) -> None:
    id = client.responses.create(model=MODEL, input="hi").id
    headers = {"authorization": "Bearer ada"}
    reply = httpx.get(f"{server.url}/v1/responses/{id}/input_items", params=query, headers=headers)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


def test_a_stream_is_sent_once(client: Any) -> None:
    id = client.responses.create(model=MODEL, input="hi").id
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.retrieve(id, stream=True)
    assert caught.value.param == "stream"


def test_the_tokens_of_an_input_are_counted(client: Any) -> None:
    counted = client.responses.input_tokens.count(model=MODEL, input="hi", tools=[TOOL])
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 5)
