"""The official ollama client against a real server, a real worker and the bundled model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import ollama
import pytest

from mlxkernel.testing import ServeProcess, serve_process

GREEDY = {"temperature": 0, "num_ctx": 4096}


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture
def client(server: ServeProcess) -> Iterator[ollama.Client]:
    with ollama.Client(host=server.url) as made:
        yield made


def ask(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_chat_whole_and_streamed(client: Any) -> None:
    answer = client.chat("tiny", messages=ask("Hello!"), options=GREEDY)
    assert answer.message.content
    assert (answer.done_reason, answer.prompt_eval_count > 0, answer.eval_count > 0) == ("stop", True, True)
    spans = (answer.load_duration, answer.prompt_eval_duration, answer.eval_duration)
    assert all(span > 0 for span in spans) and answer.total_duration == sum(spans)
    parts = list(client.chat("tiny:latest", messages=ask("Hello!"), stream=True, options=GREEDY))
    assert len(parts) > 3
    assert "".join(part.message.content for part in parts) == answer.message.content
    assert (parts[-1].eval_count, parts[-1].done_reason) == (answer.eval_count, "stop")


def test_generate_with_a_limit_a_seed_and_a_stop(client: Any) -> None:
    cut = client.generate("tiny", "Tell me a story.", options={**GREEDY, "num_predict": 5})
    assert (cut.done_reason, cut.eval_count) == ("length", 5)
    drawn = [
        client.generate("tiny", "Tell me a story.", options={"seed": 3, "num_predict": 20}).response
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    word = cut.response.split()[1]
    stopped = client.generate("tiny", "Tell me a story.", options={**GREEDY, "stop": [word]})
    assert word not in stopped.response
    # A limit beyond the context is one that is never met.
    assert client.generate("tiny", "Hello!", options={**GREEDY, "num_predict": 10**6}).done_reason == "stop"


def test_generate_raw_and_with_a_system_message(client: Any) -> None:
    raw = client.generate("tiny", "Once upon a", raw=True, options={**GREEDY, "num_predict": 4})
    framed = client.generate("tiny", "Once upon a", options={**GREEDY, "num_predict": 4})
    assert raw.prompt_eval_count < framed.prompt_eval_count
    system = client.generate("tiny", "Hello!", system="You are Max.", options={**GREEDY, "num_predict": 4})
    assert system.prompt_eval_count > framed.prompt_eval_count


def test_thinking(client: Any) -> None:
    answer = client.chat("tiny", messages=ask("What is 2 plus 3?"), think=True, options=GREEDY)
    assert answer.message.thinking
    assert "<think>" not in answer.message.content
    off = client.chat("tiny", messages=ask("What is 2 plus 3?"), think=False, options=GREEDY)
    assert not off.message.thinking


def test_a_format_is_followed(client: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"enum": ["Ann", "Ben"]}, "age": {"type": "integer", "maximum": 99}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    answer = client.chat("tiny", messages=ask("Describe Ann."), format=schema, options={"seed": 1})
    found = json.loads(answer.message.content)
    assert found["name"] in ("Ann", "Ben") and found["age"] <= 99
    free = client.generate("tiny", "Describe Ann.", format="json", options={"seed": 1, "num_predict": 300})
    if free.done_reason == "stop":
        assert isinstance(json.loads(free.response), dict)


def test_tools_and_their_results(client: Any) -> None:
    def get_weather(city: str) -> str:
        """Get the weather of a city.

        Args:
          city: The name of the city
        """
        return f"{city}: sunny, 21 degrees"

    messages: list[Any] = ask("What is the weather in Paris?")
    called = client.chat("tiny", messages=messages, tools=[get_weather], options=GREEDY)
    calls = [call.function for call in called.message.tool_calls]
    assert {call.name for call in calls} == {"get_weather"}
    results = [
        {"role": "tool", "tool_name": call.name, "content": get_weather(**call.arguments)} for call in calls
    ]
    messages += [called.message, *results]
    answer = client.chat("tiny", messages=messages, tools=[get_weather], options=GREEDY)
    assert answer.message.content and not answer.message.tool_calls
    assert answer.prompt_eval_count > called.prompt_eval_count


def test_embeddings(client: Any) -> None:
    one = client.embed("tiny", ["Hello!", "Hello!", "A dog."])
    assert one.embeddings[0] == one.embeddings[1] != one.embeddings[2]
    assert sum(value * value for value in one.embeddings[2]) == pytest.approx(1, abs=1e-3)
    short = client.embed("tiny", "Hello!", dimensions=8).embeddings[0]
    assert len(short) == 8
    assert client.embeddings("tiny", "Hello!").embedding == pytest.approx(one.embeddings[0])


def test_lists(client: Any) -> None:
    [listed], [running] = client.list().models, client.ps().models
    assert listed.model == running.model == "tiny:latest"
    assert listed.size == running.size > 0
    shown = client.show("tiny")
    assert {"completion", "tools", "thinking"} <= set(shown.capabilities)
    architecture = shown.modelinfo["general.architecture"]
    assert shown.modelinfo[f"{architecture}.context_length"] == running.context_length == 4096


def test_a_picture_for_a_model_that_does_not_see(client: Any) -> None:
    with pytest.raises(ollama.ResponseError, match=r"messages\[0\]\.images\[0\]") as caught:
        client.chat("tiny", messages=[{"role": "user", "content": "What is it?", "images": [b"\x89PNG"]}])
    assert caught.value.status_code == 400


async def test_eight_streams_at_once(server: ServeProcess) -> None:
    client: Any = ollama.AsyncClient(host=server.url)

    async def streamed() -> str:
        stream = await client.chat("tiny", messages=ask("Hello!"), stream=True, options=GREEDY)
        return "".join([part.message.content async for part in stream])

    try:
        answers = await asyncio.gather(*(streamed() for _ in range(8)))
        assert len(set(answers)) == 1 and answers[0]
    finally:
        await client._client.aclose()


def test_the_module_s_own_functions_find_the_server_by_its_variable(server: ServeProcess) -> None:
    program = "import ollama; print(ollama.generate('tiny', 'Hello!', options={'temperature': 0}).response)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"OLLAMA_HOST": server.url, "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and done.stdout.strip(), done.stderr
