"""Agents on OpenAIModel, and on a provider of one's own that reads server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx
from checklist import check, main
from page import run_page
from pydantic import BaseModel, Field
from strands import Agent, tool
from strands.models import Model
from strands.models.openai import OpenAIModel


@tool
def get_weather(city: str) -> str:
    """Get the current weather in a city.

    Args:
        city: The city
    """
    return f"It is 18 degrees and sunny in {city}."


class EventStream(Model):
    """A provider as Strands' documentation tells how to write one: it posts, and reads the answer's lines."""

    def __init__(self, url: str, name: str) -> None:
        self.config = {"url": url, "model_id": name}

    def update_config(self, **changes: Any) -> None:
        self.config.update(changes)

    def get_config(self) -> dict[str, Any]:
        return self.config

    async def structured_output(self, *asked: Any, **options: Any) -> AsyncGenerator[dict[str, Any], None]:
        raise NotImplementedError("this provider only talks")
        yield {}

    async def stream(
        self, messages: list[Any], tool_specs: Any = None, system_prompt: str | None = None, **options: Any
    ) -> AsyncIterator[dict[str, Any]]:
        turns = [{"role": "system", "content": system_prompt}] if system_prompt else []
        turns += [
            {"role": turn["role"], "content": "".join(block["text"] for block in turn["content"])}
            for turn in messages
        ]
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {}}}
        async for chunk in self._chunks({"messages": turns, "temperature": 0}):
            if text := chunk["choices"][0]["delta"].get("content"):
                yield {"contentBlockDelta": {"delta": {"text": text}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}

    async def _chunks(self, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        asked = {"model": self.config["model_id"], "stream": True, **body}
        address = f"{self.config['url']}/v1/chat/completions"
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("POST", address, json=asked) as reply,
        ):
            reply.raise_for_status()
            async for line in reply.aiter_lines():
                if line == "data: [DONE]":
                    return
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


def model(url: str, name: str = "tiny", **params: object) -> OpenAIModel:
    return OpenAIModel(
        client_args={"api_key": "any", "base_url": f"{url}/v1"},
        model_id=name,
        params={"temperature": 0, **params},
    )


def quiet(model: Model, **options: Any) -> Agent:
    """An agent that does not print what it says."""
    return Agent(model=model, callback_handler=None, **options)


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("an agent with memory over turns")
def memory(url: str) -> None:
    agent = quiet(model(url))
    assert agent("My name is Alice.").stop_reason == "end_turn"
    result = agent("What is my name?")
    assert "Alice" in str(result), result
    assert result.metrics.accumulated_usage["outputTokens"] > 0, result.metrics


@check("an agent with a system prompt, without streaming")
def whole(url: str) -> None:
    unstreamed = model(url)
    unstreamed.update_config(stream=False)
    agent = quiet(unstreamed, system_prompt="Your name is Nora.")
    assert "Nora" in str(agent("What is your name?"))


@check("an agent with a tool")
def tools(url: str) -> None:
    agent = quiet(model(url), tools=[get_weather])
    result = agent("What is the weather in Paris?")
    assert [message["role"] for message in agent.messages] == ["user", "assistant", "user", "assistant"]
    (use,) = [block["toolUse"] for block in agent.messages[1]["content"] if "toolUse" in block]
    assert (use["name"], use["input"]) == ("get_weather", {"city": "Paris"}), use
    assert agent.messages[2]["content"][0]["toolResult"]["status"] == "success", agent.messages
    assert "18" in str(result), result


@check("stream_async")
async def streaming(url: str) -> None:
    words = [event["data"] async for event in quiet(model(url)).stream_async("Hello!") if "data" in event]
    assert len(words) > 1
    assert "".join(words) == str(await quiet(model(url)).invoke_async("Hello!")).strip()


class Light(BaseModel):
    """A light that can be turned on."""

    room: str = Field(max_length=24)
    on: bool


@check("structured output, forced on a model with random weights")
def structured(url: str) -> None:
    result = model(url, "random", max_tokens=400)
    agent = quiet(result)
    light = agent("Hello!", structured_output_model=Light).structured_output
    assert isinstance(light, Light), light


@check("a provider that reads the events itself")
def provider(url: str) -> None:
    agent = quiet(EventStream(url, "tiny"), system_prompt="Your name is Nora.")
    assert "Nora" in str(agent("What is your name?"))
    agent("My name is Alice.")
    assert "Alice" in str(agent("What is my name?"))


main()
