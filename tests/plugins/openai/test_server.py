"""The official client against a running server whose engine plays scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import openai
import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.messages import Role, ToolResult
from mlxkernel.request import Conversation, Prompts, Request
from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import fake_plugin

MODEL = "org/echo:tiny"


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
    """Says the last message, or each raw prompt, back; calls and fails where it is told to."""
    match request.input:
        case Conversation(messages=messages):
            if request.tools and messages[-1].role is Role.USER:
                return caller(request)
            last: Any = messages[-1].parts[0]
            if isinstance(last, ToolResult):
                last = last.parts[0]
            words = [last.text] * request.n
        case Prompts(items=items):
            words = [str(item) for item in items for _ in range(request.n)]
    if words[0] == "full":
        fault = Fault(
            kind=FaultKind.OVERLOADED, message="The queue is full.", code="queue_full", retry_after=0.1
        )
        return [Failed(fault)]
    events: list[Event] = [Started(5)]
    for index, text in enumerate(words):
        logprobs = () if request.logprobs is None else (TokenLogprob(1, text.encode(), -0.5),)
        events.append(TextDelta(index, text, 1, logprobs))
        if text == "crash":
            fault = Fault(kind=FaultKind.INTERNAL, message="The model's process ended.", code="crashed")
            return [*events, Failed(fault)]
        events.append(ChoiceFinished(index, FinishReason.STOP))
    return [*events, Finished(Usage(prompt_tokens=5, completion_tokens=len(words), cached_tokens=4))]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with one model that answers by `parrot`."""
    model = {"source": "none", "engine": "fake", "aliases": ["parrot"]}
    tables = {"models": {MODEL: model}, "auth": {"use": "open"}}
    with run_server(tables, {"fake": fake_plugin(parrot)}) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """The official client."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as made:
        yield made


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_models(client: Any) -> None:
    listed = list(client.models.list())
    assert [model.id for model in listed] == [MODEL, "parrot"]
    assert all(model.object == "model" and model.owned_by == "mlxkernel" for model in listed)
    assert client.models.retrieve(MODEL).id == MODEL
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("no/such:model")
    assert caught.value.code == "model_not_found"


def test_a_percent_encoded_id(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/v1/models/org%2Fecho%3Atiny").json()["id"] == MODEL


def test_whole_and_streamed(client: Any) -> None:
    answer = client.chat.completions.create(model="parrot", messages=say("hi"), n=2, logprobs=True)
    assert [choice.message.content for choice in answer.choices] == ["hi", "hi"]
    assert answer.model == MODEL
    assert answer.choices[1].logprobs.content[0].logprob == -0.5
    assert answer.usage.prompt_tokens_details.cached_tokens == 4
    options = {"include_usage": True}
    with client.chat.completions.stream(
        model=MODEL,
        messages=say("hi"),
        n=2,
        logprobs=True,
        stream_options=options,
    ) as events:
        final = events.get_final_completion()
    assert [choice.message.content for choice in final.choices] == ["hi", "hi"]
    assert final.usage == answer.usage
    assert final.choices[0].logprobs == answer.choices[0].logprobs


def function(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"tool": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


@pytest.mark.parametrize("names", [("f",), ("f", "plugin-g")])
def test_a_tool_loop_streamed_and_whole(client: Any, names: tuple[str, ...]) -> None:
    asked = {"model": MODEL, "messages": say("hi"), "tools": [function(name) for name in names]}
    answer = client.chat.completions.create(**asked)
    [choice] = answer.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.reasoning_content == choice.message.reasoning == "hm"
    assert answer.usage.completion_tokens_details.reasoning_tokens == 2
    calls = choice.message.tool_calls
    assert [call.function.name for call in calls] == list(names)
    with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
        final = events.get_final_completion()
    assert final.usage == answer.usage
    streamed = final.choices[0].message
    assert [(c.id, c.function.name, c.function.arguments) for c in streamed.tool_calls] == [
        (c.id, c.function.name, c.function.arguments) for c in calls
    ]
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"of {call.id}"} for call in calls]
    for message in (choice.message, choice.message.model_dump(), streamed.model_dump()):
        turns = [*asked["messages"], message, *results]
        said = client.chat.completions.create(**{**asked, "messages": turns}).choices[0]
        assert (said.finish_reason, said.message.content) == ("stop", f"of {calls[-1].id}")


def test_legacy_functions(client: Any) -> None:
    asked = {"model": MODEL, "messages": say("hi"), "functions": [{"name": "f"}]}
    [choice] = client.chat.completions.create(**asked).choices
    assert choice.finish_reason == "function_call"
    assert (choice.message.function_call.name, choice.message.tool_calls) == ("f", None)
    turns = [*say("hi"), choice.message, {"role": "function", "name": "f", "content": "done"}]
    said = client.chat.completions.create(**{**asked, "messages": turns}).choices[0]
    assert said.message.content == "done"


def test_raw_completions(client: Any) -> None:
    answer = client.completions.create(model=MODEL, prompt=["a", "b"], n=2, logprobs=0)
    assert [choice.text for choice in answer.choices] == ["a", "a", "b", "b"]
    assert answer.choices[0].logprobs.tokens == ["a"]
    chunks = list(client.completions.create(model=MODEL, prompt=[[1, 2]], stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "(1, 2)"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, "stop"]


def test_a_failure_in_the_middle_is_raised_after_what_came_before(client: Any) -> None:
    said = ""
    with pytest.raises(openai.APIError, match=r"The model's process ended\.") as caught:
        for chunk in client.chat.completions.create(model=MODEL, messages=say("crash"), stream=True):
            said += chunk.choices[0].delta.content or ""
    assert said == "crash"
    assert (caught.value.code, caught.value.type) == ("crashed", "server_error")


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_at_the_start_has_its_status(client: Any, stream: bool) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model=MODEL, messages=say("full"), stream=stream)
    assert caught.value.status_code == 503
    assert (caught.value.code, caught.value.type) == ("queue_full", "service_unavailable")
    assert caught.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="nobody", messages=say("hi"), stream=stream)
    assert missing.value.code == "model_not_found"


def test_a_bad_field_names_its_path(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=[*say("a"), {"role": "user", "content": 5}])
    assert caught.value.param == "messages[1].content"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=say("a"), extra_body={"tempurature": 1})
    assert "did you mean 'temperature'?" in caught.value.message


def test_what_has_no_route_is_answered_in_this_shape_too(server: RunningServer) -> None:
    for reply, status in (
        (httpx.get(f"{server.url}/v1/nothing"), 404),
        (httpx.delete(f"{server.url}/v1/models"), 405),
        (httpx.post(f"{server.url}/v1/chat/completions", content=b"{}"), 415),
    ):
        assert reply.status_code == status
        assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
