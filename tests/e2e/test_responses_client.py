"""The official client's Responses API against a real server, a real worker and the bundled model."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import TOOLS_TEMPLATE, write_model

from mlxkernel.testing import ServeProcess, serve_process

THINK: dict[str, Any] = {"chat_template_kwargs": {"enable_thinking": True}}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Gives get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """The bundled model, and one of random weights, whose answers have no end but the context's."""
    folder = tmp_path_factory.mktemp("responses")
    shape = {**PLAIN, "num_hidden_layers": 1, "max_position_embeddings": 4096}
    write_model(folder / "random", shape, template=TOOLS_TEMPLATE)
    config = folder / "mlx.toml"
    config.write_text(
        '[models.tiny]\nsource = "bundled:tiny"\npreload = true\n'
        f'[models.random]\nsource = "{folder / "random"}"\npreload = true\n'
    )
    with serve_process("-c", str(config)) as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def _streamed(client: Any, **options: Any) -> Any:
    async with client.responses.stream(model="tiny", **options) as events:
        return await events.get_final_response()


def _said(response: Any) -> list[Any]:
    """The output without ids, which differ from one response to the next."""
    items = [item.to_dict() for item in response.output]
    for item in items:
        del item["id"]
        for part in item.get("content", ()):
            part.pop("parsed", None)
        item.pop("parsed_arguments", None)
        if "call_id" in item:
            item["call_id"] = "call"
    return items


async def test_whole_and_streamed_are_the_same(client: Any) -> None:
    for more in ({}, {"extra_body": THINK}, {"max_output_tokens": 20, "tools": [WEATHER]}):
        options = {"input": "What is 3 plus 4?", "temperature": 0, **more}
        whole = await client.responses.create(model="tiny", **options)
        streamed = await _streamed(client, **options)
        assert _said(whole) == _said(streamed)
        assert whole.status == streamed.status == "completed"
        assert whole.usage.output_tokens == streamed.usage.output_tokens > 0
    assert whole.output_text


async def test_a_conversation_by_previous_response(client: Any) -> None:
    first = await client.responses.create(model="tiny", input="My name is Ada.", temperature=0)
    second = await client.responses.create(
        model="tiny", input="What is my name?", previous_response_id=first.id, temperature=0
    )
    assert "Ada" in second.output_text
    assert second.usage.input_tokens_details.cached_tokens > 0
    assert await client.responses.retrieve(second.id) == second
    items = await client.responses.input_items.list(second.id, order="asc")
    assert [item.role for item in items.data] == ["user", "assistant", "user"]
    counted = await client.responses.input_tokens.count(
        model="tiny", input="What is my name?", previous_response_id=first.id
    )
    assert counted.input_tokens == second.usage.input_tokens
    await client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        await client.responses.retrieve(first.id)


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "name": "get_weather"}])
@pytest.mark.parametrize("stored", [True, False])
async def test_the_loop_from_question_to_answer(client: Any, choice: Any, stored: bool) -> None:
    question = {"role": "user", "content": "What is the weather in Paris?"}
    options: dict[str, Any] = {
        "tools": [WEATHER],
        "temperature": 0,
        "store": stored,
        "max_output_tokens": 200,
    }
    asked = await _streamed(client, input=[question], tool_choice=choice, **options)
    [call] = [item for item in asked.output if item.type == "function_call"]
    assert (call.name, json.loads(call.arguments), call.status) == (
        "get_weather",
        {"city": "Paris"},
        "completed",
    )
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 21 degrees"}
    if stored:
        answer = await _streamed(client, input=[result], previous_response_id=asked.id, **options)
    else:
        answer = await _streamed(client, input=[question, *asked.output, result], **options)
    assert "21" in answer.output_text


async def test_thoughts_in_the_output_and_back(client: Any) -> None:
    options = {"model": "tiny", "temperature": 0, "extra_body": THINK}
    question = {"role": "user", "content": "What is 3 plus 4?"}
    for reasoning in (None, {"summary": "auto"}):
        answer = await client.responses.create(input=[question], reasoning=reasoning, **options)
        thought, message = answer.output
        assert (thought.type, message.type) == ("reasoning", "message")
        shown = thought.content if reasoning is None else thought.summary
        assert shown[0].text
        assert answer.usage.output_tokens_details.reasoning_tokens > 0
        again = [question, *answer.output, {"role": "user", "content": "Hello!"}]
        assert (await client.responses.create(input=again, **options)).output_text


class Sum(BaseModel):
    sum: int
    sure: bool


async def test_parsed_answers(client: Any) -> None:
    answer = await client.responses.parse(
        model="tiny", input="What is 3 plus 4?", text_format=Sum, temperature=0, max_output_tokens=200
    )
    assert isinstance(answer.output_parsed, Sum)
    assert answer.text.format.type == "json_schema"


async def test_an_answer_at_its_limit(client: Any) -> None:
    answer = await client.responses.create(model="tiny", input="Tell me a story.", max_output_tokens=3)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert answer.usage.output_tokens == 3


async def test_logprobs(client: Any) -> None:
    answer = await client.responses.create(
        model="tiny",
        input="Hello!",
        temperature=0,
        include=["message.output_text.logprobs"],
        top_logprobs=2,
    )
    content = answer.output[0].content[0]
    assert b"".join(bytes(mark.bytes) for mark in content.logprobs).decode().startswith(content.text)
    assert all(len(mark.top_logprobs) == 2 for mark in content.logprobs)


async def test_a_cancelled_response_ends_its_run(client: Any) -> None:
    stream = await client.responses.create(
        model="random", input="Tell me a story.", stream=True, temperature=1
    )
    events = aiter(stream)
    id = (await anext(events)).response.id
    async for event in events:
        if event.type == "response.output_text.delta":
            break
    assert (await client.responses.retrieve(id)).status == "in_progress"
    assert (await client.responses.cancel(id)).status == "cancelled"
    last = [event async for event in events][-1]
    assert (last.type, last.response.status) == ("response.incomplete", "cancelled")
    assert (await client.responses.retrieve(id)).status == "cancelled"
    answer = await client.responses.create(model="random", input="Hello!", max_output_tokens=2)
    assert answer.usage.output_tokens == 2


async def test_errors_have_their_class_and_place(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="tiny", input="x", tools=[{"type": "code_interpreter"}])
    assert caught.value.param == "tools[0].type"
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="nobody", input="x")
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="tiny", input="word " * 5000)
    assert caught.value.code == "context_length_exceeded"
