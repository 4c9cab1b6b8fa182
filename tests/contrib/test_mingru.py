"""A model family from outside: pip install, a model's path, and the official client gets its answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from mlxkernel.testing import ServeProcess, serve_process

QUESTIONS = (
    "Hello!",
    "What colour is the sky, and what colour is grass, and what colour is snow, and is there any more?",
    "Say hello in Greek.",
    "Count to three.",
)
"""Of different lengths, and one with an answer whose characters are several tokens each."""


def ask(text: str) -> list[dict[str, str]]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]


@pytest.fixture
async def client(server: ServeProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def greedy(client: openai.AsyncOpenAI, messages: list[dict[str, str]]) -> Any:
    """The whole greedy answer to a conversation."""
    return await client.chat.completions.create(
        model="small-mingru", messages=messages, temperature=0, max_tokens=64
    )


def test_the_distributions_own_tests_pass(mingru: Any) -> None:
    tree = Path(__file__).resolve().parents[2] / "contrib" / "mlxkernel-mingru"
    done = mingru.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tree)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_typed(mingru: Any) -> None:
    program = "import mlxkernel_mingru, pathlib; print(pathlib.Path(mlxkernel_mingru.__file__).parent)"
    package = Path(mingru.run("-c", program).stdout.strip())
    assert package.is_relative_to(mingru.folder)
    assert (package / "py.typed").is_file()


def test_the_plugin_is_listed(mingru: Any) -> None:
    done = mingru.run("-m", "mlxkernel", "plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = (row for row in json.loads(done.stdout) if row["name"] == "mingru")
    assert row["distribution"] == "mlxkernel-mingru"
    assert row["version"] == "0.1.0"
    assert row["state"] == "loaded"
    assert row["brings"] == ["family mingru", "chat template mingru", "sampler top-n-sigma"]


async def test_it_answers_as_a_plain_loop_does(client: openai.AsyncOpenAI, plain: Any) -> None:
    for question, expected in zip(QUESTIONS, plain([ask(q) for q in QUESTIONS]), strict=True):
        answer = await greedy(client, ask(question))
        assert answer.model == "small-mingru"
        assert answer.choices[0].message.content == expected["text"]
        assert answer.usage.prompt_tokens == expected["prompt_tokens"]
        assert answer.usage.completion_tokens == expected["tokens"]


async def test_four_at_once_get_what_each_gets_alone(client: openai.AsyncOpenAI, plain: Any) -> None:
    answers = await asyncio.gather(*(greedy(client, ask(question)) for question in QUESTIONS))
    expected = plain([ask(question) for question in QUESTIONS])
    assert [answer.choices[0].message.content for answer in answers] == [one["text"] for one in expected]
    assert len({one["text"] for one in expected}) == len(QUESTIONS)


async def test_a_second_turn_goes_on_where_the_first_ended(client: openai.AsyncOpenAI, plain: Any) -> None:
    first = await greedy(client, ask("Who are you?"))
    turns = [
        *ask("Who are you?"),
        {"role": "assistant", "content": first.choices[0].message.content},
        *ask("What does a cow say?"),
    ]
    second = await greedy(client, turns)
    (expected,) = plain([turns])
    assert second.choices[0].message.content == expected["text"]
    assert second.usage.prompt_tokens_details.cached_tokens > 0


async def test_the_templates_refusal_is_a_400(client: openai.AsyncOpenAI) -> None:
    turns = [
        *ask("Hello!"),
        {
            "role": "assistant",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]
    with pytest.raises(openai.BadRequestError, match="a minGRU model has no role 'tool'"):
        await greedy(client, turns)


def test_the_sampler_and_its_setting_reach_the_model(mingru: Any, model: Path, plain: Any) -> None:
    """With almost no σ top-nσ admits the best token only, however hot the draw."""
    (best,) = plain([ask("Who are you?")])
    setting = {"MLXKERNEL_PLUGINS__MINGRU__SIGMAS": "1e-6"}
    with serve_process("-m", str(model), environment=setting, python=mingru.python) as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
            texts = [
                client.chat.completions.create(
                    model="small-mingru",
                    messages=ask("Who are you?"),
                    temperature=2,
                    seed=1,
                    max_tokens=64,
                    extra_body=extra,
                )
                .choices[0]
                .message.content
                for extra in ({"logits_processors": ["top-n-sigma"]}, {})
            ]
    assert texts[0] == best["text"]
    assert texts[1] != best["text"]


def test_without_the_plugin_the_model_is_refused_with_the_mend(model: Path) -> None:
    """The same command where the distribution is not installed: one line that says what is missing."""
    with serve_process("-m", str(model)) as server:
        assert server.process.wait(60) == 1
        assert server.log.splitlines()[-1].endswith(
            "mlx-lm does not know the architecture 'mingru'; "
            "install the plugin that brings its family, or a newer mlx-lm"
        )
