"""Tools through the official openai client: the bundled model's loop, and a random model that is forced."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import TOOLS_TEMPLATE, write_model
from tests.plugins.mlx_text.schemas import SCHEMAS

from mlxkernel.testing import ServeProcess, serve_process

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 24}},
    "required": ["city"],
}
TIME = {**WEATHER, "properties": {"city": {"enum": ["Paris", "Rome"]}}}

Call = tuple[str, Any]


def _tool(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": name, "description": f"Gives {name}", "parameters": parameters},
    }


TOOLS = [_tool("get_weather", WEATHER), _tool("get_time", TIME)]
QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    folder = tmp_path_factory.mktemp("forced")
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
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def _whole(client: openai.AsyncOpenAI, **options: Any) -> tuple[str, list[Call], str | None]:
    answer = await client.chat.completions.create(**options)
    choice = answer.choices[0]
    calls = choice.message.tool_calls or []
    assert len({call.id for call in calls}) == len(calls)
    found = [(call.function.name, call.function.arguments) for call in calls]
    return choice.message.content or "", found, choice.finish_reason


async def _streamed(client: openai.AsyncOpenAI, **options: Any) -> tuple[str, list[Call], str | None]:
    text, reason = "", None
    calls: dict[int, list[str]] = {}
    async for chunk in await client.chat.completions.create(stream=True, **options):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
            for part in choice.delta.tool_calls or ():
                if part.id is not None:
                    assert part.function is not None
                    calls[part.index] = [part.function.name or "", ""]
                calls[part.index][1] += (part.function and part.function.arguments) or ""
    return text, [(name, arguments) for name, arguments in calls.values()], reason


async def _both(client: openai.AsyncOpenAI, **options: Any) -> tuple[str, list[Call], str | None]:
    """The answer, which must be the same streamed and whole; arguments are the same to the character."""
    whole = await _whole(client, **options)
    assert await _streamed(client, **options) == whole
    return whole[0], [(name, json.loads(arguments)) for name, arguments in whole[1]], whole[2]


# --- the bundled model ----------------------------------------------------------------------------

NAMED = {"type": "function", "function": {"name": "get_time"}}


@pytest.mark.parametrize("choice", ["auto", "required", NAMED], ids=["auto", "required", "named"])
async def test_the_loop_from_question_to_answer(client: openai.AsyncOpenAI, choice: Any) -> None:
    text, calls, reason = await _both(
        client,
        model="tiny",
        messages=QUESTION,
        tools=TOOLS,
        tool_choice=choice,
        temperature=0,
        max_tokens=200,
    )
    assert not text and calls and reason == "tool_calls"
    name, arguments = calls[0]
    assert name == "get_time" if choice == NAMED else name in ("get_weather", "get_time")
    Draft202012Validator(TIME if name == "get_time" else WEATHER).validate(arguments)
    asked = [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(given)},
        }
        for number, (name, given) in enumerate(calls)
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny, 21 degrees"} for call in asked]
    messages = [*QUESTION, {"role": "assistant", "content": None, "tool_calls": asked}, *results]
    text, calls, reason = await _both(
        client, model="tiny", messages=messages, tools=TOOLS, temperature=0, max_tokens=200
    )
    assert text and not calls and reason == "stop"


async def test_without_tools_to_call_the_answer_is_text(client: openai.AsyncOpenAI) -> None:
    text, calls, _ = await _both(
        client,
        model="tiny",
        messages=QUESTION,
        tools=TOOLS,
        tool_choice="none",
        temperature=0,
        max_tokens=60,
    )
    assert text and not calls


# --- a model that knows nothing -------------------------------------------------------------------


@pytest.mark.parametrize("name", SCHEMAS)
async def test_a_random_model_that_must_call_calls(client: openai.AsyncOpenAI, name: str) -> None:
    seed = list(SCHEMAS).index(name)
    text, calls, reason = await _both(
        client,
        model="random",
        messages=QUESTION,
        tools=[_tool("wanted", SCHEMAS[name])],
        tool_choice="required",
        parallel_tool_calls=False,
        temperature=1,
        seed=seed,
        max_tokens=1500,
    )
    assert not text and reason == "tool_calls"
    ((called, arguments),) = calls
    assert called == "wanted"
    Draft202012Validator(SCHEMAS[name]).validate(arguments)


@pytest.mark.parametrize("parallel", [True, False])
async def test_calls_side_by_side_come_only_when_they_may(client: openai.AsyncOpenAI, parallel: bool) -> None:
    numbers = set()
    for seed in range(3):
        _, calls, reason = await _both(
            client,
            model="random",
            messages=QUESTION,
            tools=[_tool("one", SCHEMAS["enum"]), _tool("two", SCHEMAS["optional"])],
            tool_choice="required",
            parallel_tool_calls=parallel,
            temperature=1,
            seed=seed,
            max_tokens=1500,
        )
        assert reason == "tool_calls"
        numbers.add(len(calls))
        for name, arguments in calls:
            Draft202012Validator(SCHEMAS["enum" if name == "one" else "optional"]).validate(arguments)
    assert 1 < max(numbers) <= 8 if parallel else numbers == {1}


@pytest.mark.parametrize("name", SCHEMAS)
async def test_a_document_by_its_schema(client: openai.AsyncOpenAI, name: str) -> None:
    text, calls, reason = await _both(
        client,
        model="random",
        messages=QUESTION,
        response_format={"type": "json_schema", "json_schema": {"name": name, "schema": SCHEMAS[name]}},
        temperature=1,
        seed=list(SCHEMAS).index(name),
        max_tokens=1500,
    )
    assert reason == "stop" and not calls
    Draft202012Validator(SCHEMAS[name]).validate(json.loads(text))


async def test_a_schema_that_cannot_be_forced_is_refused(client: openai.AsyncOpenAI) -> None:
    endless = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(
            model="random", messages=QUESTION, tools=[_tool("deep", endless)], tool_choice="required"
        )
    assert refused.value.param == "tools"
    assert "the parameters of tool 'deep'" in str(refused.value) and "'$ref' to '#'" in str(refused.value)
