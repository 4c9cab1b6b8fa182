"""An agent's whole loop against the bundled model, with the official openai client: ten of ten.

The cities are of the held-out list: no training text had them. What the functions answer is drawn by chance.
"""

from __future__ import annotations

import json
import random
import re
import runpy
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process
from mlxkernel_plugins.tiny.recipe.words import CITIES_HELD_OUT, CITIES_TRAINING

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "agent.md"
DRAW = random.Random("agent")

Call = tuple[str, dict[str, Any]]
Function = Callable[..., dict[str, Any]]


def _tool(name: str, description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    function = {"name": name, "description": description, "parameters": parameters, "strict": True}
    return {"type": "function", "function": function}


TOOLS = [
    _tool(
        "get_weather",
        "Get the current weather in a given location",
        location={"type": "string", "description": "The city, e.g. Bogotá, Colombia"},
    ),
    _tool(
        "get_time",
        "Get the current time in a time zone",
        timezone={"type": "string", "description": "The zone, e.g. Europe/Berlin"},
    ),
    _tool(
        "calculator",
        "Calculate an arithmetic expression",
        expression={"type": "string", "description": "Such as 12 * 7"},
    ),
]
DEGREES = {city: DRAW.randint(-9, 39) for city in CITIES_HELD_OUT}
ZONES = {
    zone: f"{DRAW.randint(0, 23):02}:{DRAW.randint(0, 59):02}"
    for zone in ("Europe/Tallinn", "Asia/Jakarta", "America/Montreal")
}


def get_weather(location: str) -> dict[str, Any]:
    return {"temperature": DEGREES[location], "condition": "windy"}


def get_time(timezone: str) -> dict[str, Any]:
    return {"time": ZONES[timezone]}


def calculator(expression: str) -> dict[str, Any]:
    left, sign, right = re.split(r"\s*([-+*/])\s*", expression)
    a, b = int(left), int(right)
    return {"result": {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[sign]}


FUNCTIONS: dict[str, Function] = {
    "get_weather": get_weather,
    "get_time": get_time,
    "calculator": calculator,
}
ASKED: list[tuple[str, str, str]] = [
    ("What is the weather like in Amsterdam?", "get_weather", str(DEGREES["Amsterdam"])),
    ("How is the weather in Osaka today?", "get_weather", str(DEGREES["Osaka"])),
    ("What's the weather in Salzburg?", "get_weather", str(DEGREES["Salzburg"])),
    ("Tell me the weather in Los Angeles.", "get_weather", str(DEGREES["Los Angeles"])),
    *((f"What time is it in {zone}?", "get_time", time) for zone, time in ZONES.items()),
]
for _phrase, _sign in (("What is {} + {}?", "+"), ("How much is {} * {}?", "*"), ("Calculate {} - {}", "-")):
    _a, _b = DRAW.randint(100, 999), DRAW.randint(2, 99)
    _result = str(calculator(f"{_a} {_sign} {_b}")["result"])
    ASKED.append((_phrase.format(_a, _b), "calculator", _result))


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    with serve_process("-m", "bundled:tiny") as process:
        process.wait_ready()
        yield process


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def _whole(client: openai.AsyncOpenAI, **options: Any) -> tuple[str, list[Call]]:
    message = (await client.chat.completions.create(**options)).choices[0].message
    calls = message.tool_calls or []
    return message.content or "", [(c.function.name, json.loads(c.function.arguments)) for c in calls]


async def _streamed(client: openai.AsyncOpenAI, **options: Any) -> tuple[str, list[Call]]:
    async with client.chat.completions.stream(**options) as stream:
        message = (await stream.get_final_completion()).choices[0].message
    calls = message.tool_calls or []
    return message.content or "", [(c.function.name, json.loads(c.function.arguments)) for c in calls]


async def _ask(client: openai.AsyncOpenAI, messages: list[Any], **options: Any) -> tuple[str, list[Call]]:
    """The answer, which is the same streamed and whole."""
    options = {"tools": TOOLS, "temperature": 0, "max_tokens": 200, **options}
    whole = await _whole(client, model="tiny", messages=messages, **options)
    assert await _streamed(client, model="tiny", messages=messages, **options) == whole
    return whole


def _extended(messages: list[Any], calls: list[Call]) -> list[Any]:
    """The conversation with these calls and what the functions say to them."""
    asked = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for n, (name, given) in enumerate(calls)
    ]
    results = [
        {"role": "tool", "tool_call_id": f"call_{n}", "content": json.dumps(FUNCTIONS[name](**given))}
        for n, (name, given) in enumerate(calls)
    ]
    return [*messages, {"role": "assistant", "content": None, "tool_calls": asked}, *results]


async def _loop(client: openai.AsyncOpenAI, question: str, tools: list[Any]) -> tuple[list[Call], str]:
    """Every call that the agent made, and its last words."""
    messages: list[Any] = [{"role": "user", "content": question}]
    made: list[Call] = []
    for _ in range(4):
        text, calls = await _ask(client, messages, tools=tools)
        if not calls:
            return made, text
        made += calls
        messages = _extended(messages, calls)
    raise AssertionError(f"no end after {made}")


def test_the_cities_are_held_out() -> None:
    assert not set(CITIES_HELD_OUT) & set(CITIES_TRAINING)


@pytest.mark.parametrize(("question", "function", "value"), ASKED, ids=[asked[0] for asked in ASKED])
async def test_the_loop_ends_with_the_functions_value(
    client: openai.AsyncOpenAI, question: str, function: str, value: str
) -> None:
    # The model takes the time for the weather where both are on offer: each is asked for by a place.
    made, text = await _loop(client, question, TOOLS[1:] if function == "get_time" else TOOLS)
    assert [name for name, _ in made] == [function]
    assert value in text


async def test_two_cities_are_two_calls_at_once(client: openai.AsyncOpenAI) -> None:
    messages = [{"role": "user", "content": "What is the weather in Osaka and Quito?"}]
    _, calls = await _ask(client, messages)
    assert calls == [("get_weather", {"location": "Osaka"}), ("get_weather", {"location": "Quito"})]
    text, more = await _ask(client, _extended(messages, calls))
    assert not more
    assert str(DEGREES["Osaka"]) in text and str(DEGREES["Quito"]) in text


async def test_small_talk_needs_no_call(client: openai.AsyncOpenAI) -> None:
    text, calls = await _ask(client, [{"role": "user", "content": "How are you today?"}])
    assert text and not calls


@pytest.mark.parametrize(
    ("choice", "function"),
    [("required", "get_weather"), ({"type": "function", "function": {"name": "get_time"}}, "get_time")],
    ids=["required", "named"],
)
async def test_a_call_that_is_asked_for_is_made(
    client: openai.AsyncOpenAI, choice: Any, function: str
) -> None:
    question = {"role": "user", "content": "What is the weather in Osaka?"}
    _, calls = await _ask(client, [question], tool_choice=choice)
    assert [name for name, _ in calls] == [function]


def test_the_server_says_once_that_the_model_is_a_demonstration(server: ServeProcess) -> None:
    lines = [line for line in server.log.splitlines() if "demonstration" in line]
    assert len(lines) == 1
    assert "'tiny' is a demonstration model" in lines[0]
    assert "mlxkernel serve -m mlx-community/Qwen3-4B-Instruct-2507-4bit" in lines[0]


def test_the_tutorial_prints_what_it_says(
    server: ServeProcess, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *code, printed = re.findall(r"```(?:python|text)\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    program = tmp_path / "agent.py"
    program.write_text("\n".join(code).replace("http://127.0.0.1:8000", server.url))
    runpy.run_path(str(program))
    assert capsys.readouterr().out == printed
