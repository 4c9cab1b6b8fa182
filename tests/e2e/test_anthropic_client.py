"""The official anthropic client against a real server, real workers, the bundled model and a random one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_tool
from jsonschema import Draft202012Validator
from pydantic import BaseModel
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import TOOLS_TEMPLATE, write_model
from tests.plugins.mlx_text.schemas import SCHEMAS

from mlxkernel.testing import ServeProcess, serve_process, until

GREEDY = {"temperature": 0}
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 24}},
    "required": ["city"],
}
TIME = {**WEATHER, "properties": {"city": {"enum": ["Paris", "Rome"]}}}
TOOLS = [
    {"name": "get_weather", "description": "Gives the weather", "input_schema": WEATHER},
    {"name": "get_time", "description": "Gives the time", "input_schema": TIME},
]

SMALL = 200
"""Tokens of the context of the random model under its second name."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    folder = tmp_path_factory.mktemp("forced")
    shape = {**PLAIN, "num_hidden_layers": 1, "max_position_embeddings": 4096}
    write_model(folder / "random", shape, template=TOOLS_TEMPLATE)
    source = f'source = "{folder / "random"}"\npreload = true\n'
    config = folder / "mlx.toml"
    config.write_text(
        '[models.tiny]\nsource = "bundled:tiny"\npreload = true\n'
        f"[models.random]\n{source}"
        f'[models.small]\n{source}reasoning_format = "none"\nlimits = {{ context = {SMALL} }}\n'
        "[plugins.anthropic.system_lines]\n"
        '"x-anthropic-[a-z-]+:.*" = ""\n'
        "\"Current time: (....-..-..).*\" = 'Current date: \\1'\n"
    )
    with serve_process("-c", str(config)) as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[Any]:
    async with anthropic.AsyncAnthropic(base_url=server.url, api_key="any", max_retries=0) as client:
        yield client


def ask(text: Any, **options: Any) -> dict[str, Any]:
    """The arguments of a request."""
    base = {"model": "tiny", "max_tokens": 200, "extra_body": GREEDY}
    return {**base, "messages": [{"role": "user", "content": text}], **options}


def gist(message: Any) -> dict[str, Any]:
    """What must be the same whole and streamed: all but ids, and which of the prompt was cached."""
    content = [block.to_dict() for block in message.content]
    for block in content:
        if block["type"] == "tool_use":
            del block["id"]
    usage = message.usage
    return {
        "content": content,
        "end": (message.stop_reason, message.stop_sequence, message.model),
        "input": usage.input_tokens + usage.cache_read_input_tokens,
        "output": (usage.output_tokens, usage.output_tokens_details.thinking_tokens),
    }


async def both(client: Any, **options: Any) -> Any:
    """The answer, which must be the same whole and streamed."""
    whole = await client.messages.create(**options)
    async with client.messages.stream(**options) as stream:
        streamed = await stream.get_final_message()
    assert gist(streamed) == gist(whole)
    return whole


async def test_streams_side_by_side_and_one_that_is_left(server: ServeProcess, client: Any) -> None:
    alone = await both(client, **ask("Hello!"))
    assert alone.content[0].text and alone.stop_reason == "end_turn"

    async def left() -> None:
        async with client.messages.stream(**ask("Tell me a story.")) as stream:
            async for _ in stream.text_stream:
                return

    results = await asyncio.gather(left(), *(both(client, **ask("Hello!")) for _ in range(8)))
    assert all(gist(result) == gist(alone) for result in results[1:])
    until(lambda: server.health().get("requests", 0) == 0, "the row of the stream that was left")


async def test_the_ends_of_an_answer(client: Any) -> None:
    alone = (await both(client, **ask("Tell me a story."))).content[0].text
    assert (await both(client, **ask("Tell me a story.", max_tokens=3))).stop_reason == "max_tokens"
    word = alone.split()[3]
    stopped = await both(client, **ask("Tell me a story.", stop_sequences=["never said", word]))
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", word)
    assert stopped.content[0].text == alone[: alone.index(word)]


async def test_a_limit_beyond_the_context_ends_with_the_context(client: Any) -> None:
    answer = await both(client, **ask("Hello!", model="small", max_tokens=20_000))
    usage = answer.usage
    assert answer.stop_reason == "model_context_window_exceeded"
    assert usage.input_tokens + usage.cache_read_input_tokens + usage.output_tokens == SMALL


async def test_the_model_goes_on_with_a_last_turn(client: Any) -> None:
    alone = (await both(client, **ask("Tell me a story."))).content[0].text
    # Cut between words: half a word is other tokens than the model wrote.
    begun = alone[: alone.index(" ", len(alone) // 2)]
    turns = [{"role": "user", "content": "Tell me a story."}, {"role": "assistant", "content": begun}]
    continued = await both(client, **ask("", messages=turns))
    assert begun + continued.content[0].text == alone


async def test_thinking(client: Any) -> None:
    thinking = {"type": "enabled", "budget_tokens": 100}
    answer = await both(client, **ask("What is 3 plus 4?", thinking=thinking))
    thought, said = answer.content
    assert (thought.type, said.type) == ("thinking", "text")
    assert thought.thinking and "7" in said.text
    assert 0 < answer.usage.output_tokens_details.thinking_tokens < answer.usage.output_tokens
    omitted = await both(client, **ask("What is 3 plus 4?", thinking={**thinking, "display": "omitted"}))
    assert omitted.content[0].thinking == "" and omitted.content[1].text == said.text
    turns = [
        {"role": "user", "content": "What is 3 plus 4?"},
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": "What is 2 plus 2?"},
    ]
    for kind in ({"type": "adaptive"}, {"type": "disabled"}, thinking):
        assert (await both(client, **ask("", messages=turns, thinking=kind))).stop_reason == "end_turn"


async def test_a_model_that_does_not_think_refuses_only_what_insists(client: Any) -> None:
    adaptive = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
    assert (await both(client, **ask("Hello!", model="small", max_tokens=5, **adaptive))).content
    with pytest.raises(anthropic.BadRequestError) as refused:
        await client.messages.create(
            **ask("Hello!", model="small", thinking={"type": "enabled", "budget_tokens": 5})
        )
    assert refused.value.api_message == (
        "'thinking' is not supported: model 'small' does not think before it answers"
    )


# --- tools ----------------------------------------------------------------------------------------

NAMED = {"type": "tool", "name": "get_time"}


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "any"}, NAMED], ids=["auto", "any", "named"])
async def test_the_loop_from_question_to_answer(client: Any, choice: dict[str, Any]) -> None:
    question = "What is the weather in Paris?"
    answer = await both(client, **ask(question, tools=TOOLS, tool_choice=choice))
    assert answer.stop_reason == "tool_use"
    call = answer.content[0]
    assert call.name == "get_time" if choice == NAMED else call.name in ("get_weather", "get_time")
    Draft202012Validator(TIME if call.name == "get_time" else WEATHER).validate(call.input)
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "sunny, 21 degrees"}
        for block in answer.content
    ]
    turns = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer.content},
        {"role": "user", "content": results},
    ]
    said = await both(client, **ask("", messages=turns, tools=TOOLS))
    assert (said.stop_reason, said.content[0].type) == ("end_turn", "text")
    failed = [{**result, "is_error": True} for result in results]
    counted = [
        await client.messages.count_tokens(model="tiny", tools=TOOLS, messages=[*turns[:2], last])
        for last in (turns[2], {"role": "user", "content": failed})
    ]
    assert counted[1].input_tokens > counted[0].input_tokens


async def test_thoughts_come_before_a_forced_call(client: Any) -> None:
    thinking = {"type": "enabled", "budget_tokens": 100}
    asked = ask("What is the weather in Paris?", tools=TOOLS, tool_choice={"type": "any"}, thinking=thinking)
    blocks = (await both(client, **asked)).content
    assert (blocks[0].type, blocks[-1].type) == ("thinking", "tool_use")


async def test_without_tools_to_call_the_answer_is_text(client: Any) -> None:
    asked = ask("What is the weather in Paris?", tools=TOOLS, tool_choice={"type": "none"}, max_tokens=60)
    assert [block.type for block in (await both(client, **asked)).content] == ["text"]


async def test_the_tool_runner_works_without_threads(client: Any) -> None:
    """It opens a conversation that the server keeps, is told that there is none, and sends all itself."""
    asked: list[str] = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Gives the weather

        Args:
            city: the city
        """
        asked.append(city)
        return "sunny, 21 degrees"

    sync = anthropic.Anthropic(base_url=str(client.base_url), api_key="any", max_retries=0)

    def run() -> Any:
        with sync:
            return sync.beta.messages.tool_runner(
                **ask("What is the weather in Paris?", tools=[get_weather])
            ).until_done()

    final = await asyncio.to_thread(run)
    assert asked == ["Paris"]
    assert (final.stop_reason, final.content[0].type) == ("end_turn", "text")


@pytest.mark.parametrize("name", ["flat", "nested", "array-of-objects", "unicode", "nothing"])
async def test_a_random_model_that_must_call_calls(client: Any, name: str) -> None:
    examples = [{"city": "Rome"}] if name == "flat" else []
    tool = {"name": "wanted", "input_schema": SCHEMAS[name], "input_examples": examples}
    choice = {"type": "any", "disable_parallel_tool_use": True}
    for temperature in (0, 1):
        asked = ask(
            "Go.",
            model="random",
            tools=[tool],
            tool_choice=choice,
            max_tokens=1500,
            extra_body={"temperature": temperature},
        )
        answer = await (both(client, **asked) if temperature == 0 else client.messages.create(**asked))
        [call] = answer.content
        assert (answer.stop_reason, call.name) == ("tool_use", "wanted")
        Draft202012Validator(SCHEMAS[name]).validate(call.input)


class Sum(BaseModel):
    """What the answer must hold."""

    total: int
    sure: bool


async def test_a_document_by_its_schema(client: Any) -> None:
    parsed = await client.messages.parse(**ask("What is 3 plus 4?", output_format=Sum))
    assert isinstance(parsed.parsed_output, Sum)
    wanted = {"format": {"type": "json_schema", "schema": SCHEMAS["ref"]}}
    answer = await both(client, **ask("Go.", model="random", max_tokens=1500, output_config=wanted))
    Draft202012Validator(SCHEMAS["ref"]).validate(json.loads(answer.content[0].text))


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
"""A red point as PNG."""


async def test_a_picture_for_a_model_that_does_not_see(client: Any) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    with pytest.raises(anthropic.BadRequestError) as refused:
        await client.messages.create(**ask(content))
    assert "messages[0].content[1].source.data" in refused.value.api_message


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"system": [{"type": "text", "text": "Your name is Bob."}, {"type": "text", "text": "Be brief."}]},
        {"tools": TOOLS, "tool_choice": {"type": "auto"}},
        {"thinking": {"type": "enabled", "budget_tokens": 100}},
    ],
    ids=["plain", "system", "tools", "thinking"],
)
async def test_the_count_is_that_of_the_prompt(client: Any, more: dict[str, Any]) -> None:
    counted = await client.messages.count_tokens(
        model="tiny", messages=[{"role": "user", "content": "Hello!"}], **more
    )
    usage = (await client.messages.create(**ask("Hello!", **more))).usage
    assert counted.input_tokens == usage.input_tokens + usage.cache_read_input_tokens


async def test_a_prompt_that_is_too_long_is_counted_and_refused(client: Any) -> None:
    long = "word " * 9000
    counted = await client.messages.count_tokens(model="tiny", messages=[{"role": "user", "content": long}])
    assert counted.input_tokens > 9000
    for stream in (False, True):
        with pytest.raises(anthropic.BadRequestError) as refused:
            await client.messages.create(**ask(long), stream=stream)
        assert refused.value.error_code == "context_length_exceeded"
        assert refused.value.request_id == refused.value.body["request_id"]


async def test_lines_that_change_each_turn_cost_no_prefix(client: Any) -> None:
    """The second turn reuses the first if the changed line is left out or made steady, and only then."""
    instructions = "Your name is Bob. You are kind and brief, and you know a lot about animals."

    async def cached(line: str) -> tuple[int, int]:
        """How much of the second turn's prompt is cached, and how long the first turn's prompt is."""
        talk: list[Any] = [{"role": "user", "content": "My name is Alice."}]

        def asked(turn: int) -> dict[str, Any]:
            return ask("", messages=talk, system=f"{line.format(turn)}\n{instructions}", max_tokens=30)

        first = await client.messages.create(**asked(1))
        talk += [
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": "What is my name?"},
        ]
        second = await client.messages.create(**asked(2))
        return second.usage.cache_read_input_tokens, (
            first.usage.input_tokens + first.usage.cache_read_input_tokens
        )

    for steady in ("x-anthropic-billing-header: cch={};", "Current time: 2026-11-21 09:3{}:00"):
        reused, prompt = await cached(steady)
        assert reused >= prompt - 8
    reused, prompt = await cached("Step {} of your work.")
    assert reused < prompt - 20
