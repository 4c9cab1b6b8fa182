"""The official client against a running server whose engine plays scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import ollama
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
from mlxkernel.messages import Role, Text, ToolResult
from mlxkernel.request import Conversation, Generate, Prompts, Request
from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import Script, fake_plugin

MODEL = "org/echo"


def parrot(request: Request) -> Sequence[Event]:
    """Thinks when it is asked to, calls every tool it is given, and else says the last words back."""
    if not isinstance(request.task, Generate):
        return Script().events(request)
    events: list[Event] = [Started(5)]
    if request.reasoning.enabled:
        events.append(ReasoningDelta(0, "hm", 2))
    words, calls = _heard(request)
    if words == "full":
        full = Fault(kind=FaultKind.OVERLOADED, message="The queue is full.", retry_after=0.1)
        return [Failed(full)]
    for number, name in enumerate(calls):
        events.append(ToolCallStarted(0, number, f"call_{number}", name))
        events.extend(ToolCallDelta(0, number, text) for text in ('{"to', f'ol": "{name}"', "}"))
        events.append(ToolCallEnded(0, number))
    if not calls:
        logprobs = () if request.logprobs is None else (TokenLogprob(1, words.encode(), -0.5),)
        events.append(TextDelta(0, words, 1, logprobs))
    if words == "crash":
        return [*events, Failed(Fault(kind=FaultKind.INTERNAL, message="The model's process ended."))]
    reason = FinishReason.TOOL_CALLS if calls else FinishReason.STOP
    usage = Usage(prompt_tokens=5, completion_tokens=9, cached_tokens=4)
    return [*events, ChoiceFinished(0, reason), Finished(usage)]


def _heard(request: Request) -> tuple[str, Sequence[str]]:
    """The last words, and the tools to call."""
    if isinstance(request.input, Prompts):
        return str(request.input.items[0]), ()
    assert isinstance(request.input, Conversation)
    last = request.input.messages[-1]
    if request.tools and last.role is Role.USER:
        return "", [tool.name for tool in request.tools]
    [part] = last.parts
    if isinstance(part, ToolResult):
        [part] = part.parts
    assert isinstance(part, Text)
    return part.text, ()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server with a model that answers by `parrot`, and one that was never loaded."""
    fake = {"source": "none", "engine": "fake"}
    defaults = {"temperature": 0.5, "max_tokens": 100000}
    models = {MODEL: {**fake, "aliases": ["parrot", "parrot:7b"], "defaults": defaults}, "idle": fake}
    with run_server({"models": models, "auth": {"use": "open"}}, {"fake": fake_plugin(parrot)}) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[ollama.Client]:
    """The official client."""
    with ollama.Client(host=server.url) as made:
        yield made


def say(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


# --- chat and generate ------------------------------------------------------------------------------


def test_whole_and_streamed(client: Any) -> None:
    for options in ({}, {"think": True}, {"logprobs": True, "top_logprobs": 1}):
        answer = client.chat("parrot", messages=say("hi"), **options)
        assert (answer.message.role, answer.message.content) == ("assistant", "hi")
        assert (answer.model, answer.done, answer.done_reason) == (MODEL, True, "stop")
        assert (answer.prompt_eval_count, answer.eval_count) == (5, 9)
        assert answer.total_duration == (
            answer.load_duration + answer.prompt_eval_duration + answer.eval_duration
        )
        parts = list(client.chat("parrot", messages=say("hi"), stream=True, **options))
        assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
        assert "".join(part.message.content for part in parts) == "hi"
        thought = "".join(part.message.thinking or "" for part in parts)
        assert thought == (answer.message.thinking or "") == ("hm" if options.get("think") else "")
        tokens = [token for part in parts for token in part.logprobs or ()]
        assert tokens == list(answer.logprobs or ())
        assert len(tokens) == (1 if options.get("logprobs") else 0)


def test_generate(client: Any) -> None:
    assert client.generate("parrot", "hi", think=True).thinking == "hm"
    assert client.generate("parrot", "hi", raw=True).response == "hi"
    parts = list(client.generate("parrot", "hi", system="Be brief.", stream=True))
    assert "".join(part.response for part in parts) == "hi"
    assert (parts[-1].done_reason, parts[-1].eval_count) == ("stop", 9)


def test_line_ends_of_every_kind(client: Any) -> None:
    text = "a\u2028b\u2029c\x85d\r\ne\x00\x1c"
    parts = list(client.chat("parrot", messages=say(text), stream=True))
    assert "".join(part.message.content for part in parts) == text


def f(city: str) -> str:
    """Look at a city.

    Args:
      city: which
    """
    return city


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_loop(client: Any, stream: bool) -> None:
    asked = {"model": "parrot", "tools": [f, {"type": "function", "function": {"name": "plugin-g"}}]}
    answered = client.chat(messages=say("hi"), stream=stream, **asked)
    messages = [part.message for part in answered] if stream else [answered.message]
    calls = [call for message in messages for call in message.tool_calls or ()]
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("f", {"tool": "f"}),
        ("plugin-g", {"tool": "plugin-g"}),
    ]
    turns = [
        *say("hi"),
        *messages,
        *({"role": "tool", "tool_name": call.function.name, "content": "done"} for call in calls),
    ]
    assert client.chat(messages=turns, **asked).message.content == "done"


def test_no_tools_are_an_empty_list(client: Any) -> None:
    assert client.chat("parrot", messages=say("hi"), tools=[]).message.content == "hi"


def test_a_script_with_curl(server: RunningServer) -> None:
    body = json.dumps({"model": "parrot", "messages": say("hi"), "stream": False})
    form = {"content-type": "application/x-www-form-urlencoded"}
    reply = httpx.post(f"{server.url}/api/chat", content=body, headers=form)
    assert reply.json()["message"]["content"] == "hi"


# --- embeddings -------------------------------------------------------------------------------------


def test_embeddings(client: Any) -> None:
    answer = client.embed("parrot", ["a", "b"], options={"num_ctx": 8})
    assert (answer.model, answer.embeddings) == (MODEL, [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert (answer.prompt_eval_count, answer.total_duration > 0) == (7, True)
    assert client.embed("parrot", "a").embeddings == [[1.0, 0.0, 0.0]]
    assert client.embed("parrot", "").embeddings == []
    assert client.embeddings("parrot", "a").embedding == [1.0, 0.0, 0.0]
    assert client.embeddings("parrot", "").embedding == []


# --- loading ----------------------------------------------------------------------------------------


def test_an_empty_request_loads(client: Any) -> None:
    assert client.generate("parrot", keep_alive=-1).done_reason == "load"
    [line] = client.chat("parrot", messages=[], stream=True)
    assert (line.done, line.done_reason, line.message.content) == (True, "load", "")
    with pytest.raises(ollama.ResponseError, match="'keep_alive' is not supported: models are not unloaded"):
        client.generate("parrot", keep_alive=0)


# --- names and lists --------------------------------------------------------------------------------


def test_every_name_is_listed_with_a_tag(client: Any) -> None:
    client.generate("parrot")
    listed = {model.model: model for model in client.list().models}
    assert list(listed) == [f"{MODEL}:latest", "parrot:latest", "parrot:7b", "idle:latest"]
    for name in (*listed, MODEL, "parrot", "idle"):
        assert client.chat(name, messages=say("hi")).message.content == "hi"
    one, other = listed["parrot:latest"], listed[f"{MODEL}:latest"]
    assert (one.digest, len(one.digest)) == (other.digest, 64)
    assert one.details.family == "fake"
    assert one.modified_at.tzinfo is not None


def test_what_is_known_before_and_after_the_load() -> None:
    tables = {"models": {"m": {"source": "none", "engine": "fake"}}, "auth": {"use": "open"}}
    with run_server(tables, {"fake": fake_plugin()}) as fresh, ollama.Client(host=fresh.url) as client:
        assert client.ps().models == []
        before = client.show("m")
        assert (before.modelinfo, before.capabilities, before.details.family) == ({}, ["completion"], "")
        assert client.list().models[0].size == 0
        client.generate("m")
        after = client.show("m:latest")
        assert after.modelinfo == {
            "general.architecture": "fake",
            "general.parameter_count": 0,
            "fake.context_length": 4096,
            "fake.vocab_size": 256,
        }
        [running] = client.ps().models
        assert (running.model, running.context_length, running.size_vram) == ("m:latest", 4096, 0)
        assert running.expires_at.year == 9999


def test_show(client: Any, server: RunningServer) -> None:
    shown = client.show("parrot:7b")
    assert shown.parameters == "temperature 0.5\nnum_predict 100000"
    assert shown.modelfile == f"FROM {MODEL}\nPARAMETER temperature 0.5\nPARAMETER num_predict 100000"
    # Ollama's own client sends every field; older ones say `name`.
    body = {"model": "", "name": "parrot", "system": "", "template": "", "verbose": True, "options": None}
    assert httpx.post(f"{server.url}/api/show", json=body).json()["capabilities"] == ["completion"]
    for wrong, message in (
        ({}, "'model' is required"),
        (
            {"model": "parrot", "system": "x"},
            "'system' is not supported: the description of a model is not made to order; leave it out",
        ),
        ({"model": "parrot", "nmae": "x"}, "unknown field 'nmae'; did you mean 'name'?"),
    ):
        reply = httpx.post(f"{server.url}/api/show", json=wrong)
        assert (reply.status_code, reply.json()) == (400, {"error": message})


def test_who_is_there(server: RunningServer) -> None:
    for path, text in (("/", "mlxkernel is running"), ("/api/version", '{"version":"0.12.11"}')):
        assert httpx.get(server.url + path).text == text
        head = httpx.head(server.url + path)
        assert (head.status_code, head.content) == (200, b"")
    assert httpx.head(f"{server.url}/api/tags").status_code == 200


def test_the_version_is_the_operator_s_to_set() -> None:
    model = {"m": {"source": "none", "engine": "fake"}}
    tables = {"models": model, "auth": {"use": "open"}, "plugins": {"ollama": {"api_version": "9.9.9"}}}
    with run_server(tables, {"fake": fake_plugin()}) as server:
        assert httpx.get(f"{server.url}/api/version").json() == {"version": "9.9.9"}


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_at_the_start_has_its_status(client: Any, server: RunningServer, stream: bool) -> None:
    for name, messages, status, error in (
        ("parrot", say("full"), 503, "The queue is full."),
        ("nobody", say("hi"), 404, "The model 'nobody' does not exist on this server; known: "),
        ("nobody:latest", [], 404, "The model 'nobody:latest' does not exist on this server; known: "),
    ):
        with pytest.raises(ollama.ResponseError) as caught:
            list(client.chat(name, messages=messages, stream=stream))
        assert (caught.value.status_code, caught.value.error[: len(error)]) == (status, error)
    body = {"model": "parrot", "messages": say("full"), "stream": stream}
    assert httpx.post(f"{server.url}/api/chat", json=body).headers["retry-after"] == "1"


def test_a_failure_in_the_middle_is_raised_after_what_came_before(client: Any) -> None:
    said = ""
    with pytest.raises(ollama.ResponseError, match=r"The model's process ended\."):
        for part in client.chat("parrot", messages=say("crash"), stream=True):
            said += part.message.content
    assert said == "crash"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("POST", "/api/push"),
        ("DELETE", "/api/delete"),
        ("POST", "/api/blobs/sha256:29fd"),
    ],
)
def test_models_are_not_managed_from_outside(server: RunningServer, method: str, path: str) -> None:
    reply = httpx.request(method, server.url + path, json={"model": "m"})
    assert (reply.status_code, reply.json()) == (
        400,
        {"error": f"'{path}' is not supported: which models there are is set in mlx.toml by the operator"},
    )


def test_routes_and_methods_that_there_are_not(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/api/nothing").json() == {"error": "There is no route GET /api/nothing"}
    wrong = httpx.get(f"{server.url}/api/chat")
    assert (wrong.status_code, wrong.json()) == (405, {"error": "/api/chat does not take GET"})
