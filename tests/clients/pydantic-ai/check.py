"""Agents on chat completions, responses and Anthropic's messages, as Pydantic AI's documentation has them."""

from __future__ import annotations

from checklist import check, main
from page import run_page
from pydantic import BaseModel, Field
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider


def models(url: str, name: str = "tiny") -> dict[str, Model]:
    """The same model over each of the APIs."""
    openai = OpenAIProvider(base_url=f"{url}/v1", api_key="any")
    return {
        "chat completions": OpenAIChatModel(name, provider=openai),
        "responses": OpenAIResponsesModel(name, provider=openai),
        "messages": AnthropicModel(name, provider=AnthropicProvider(base_url=url, api_key="any")),
    }


def greedy(**options: object) -> dict[str, object]:
    return {"temperature": 0.0, **options}


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("an agent over two turns, on each API")
async def conversation(url: str) -> None:
    for api, model in models(url).items():
        agent = Agent(model, model_settings=greedy())
        first = await agent.run("My name is Alice.")
        second = await agent.run("What is my name?", message_history=first.all_messages())
        assert "Alice" in second.output, (api, second.output)
        assert second.usage.output_tokens > 0, (api, second.usage)


@check("instructions, on each API")
async def instructions(url: str) -> None:
    for api, model in models(url).items():
        agent = Agent(model, instructions="Your name is Nora.", model_settings=greedy())
        said = (await agent.run("What is your name?")).output
        assert "Nora" in said, (api, said)


@check("a stream says what the whole answer says, on each API")
async def streaming(url: str) -> None:
    for api, model in models(url).items():
        agent = Agent(model, model_settings=greedy())
        async with agent.run_stream("Hello!") as stream:
            words = [word async for word in stream.stream_text(delta=True, debounce_by=None)]
        assert len(words) > 1, (api, words)
        assert "".join(words) == (await agent.run("Hello!")).output, (api, words)


def get_weather(city: str) -> str:
    """Get the current weather in a city."""
    return f"It is 18 degrees and sunny in {city}."


@check("an agent with a tool, on each API")
async def tools(url: str) -> None:
    for api, model in models(url).items():
        agent = Agent(model, tools=[get_weather], model_settings=greedy())
        result = await agent.run("What is the weather in Paris?")
        parts = [part for message in result.all_messages() for part in message.parts]
        calls = [part for part in parts if isinstance(part, ToolCallPart)]
        assert [call.args_as_dict() for call in calls] == [{"city": "Paris"}], (api, calls)
        assert "18" in result.output, (api, result.output)


@check("a streamed agent with a tool, on each API")
async def streamed_tools(url: str) -> None:
    for api, model in models(url).items():
        agent = Agent(model, tools=[get_weather], model_settings=greedy())
        async with agent.run_stream("What is the weather in Paris?") as stream:
            said = await stream.get_output()
        assert "18" in said, (api, said)


class Light(BaseModel):
    """A light that can be turned on."""

    room: str = Field(max_length=24)
    on: bool


@check("structured output as a forced call of a model with random weights, on each API")
async def forced(url: str) -> None:
    for api, model in models(url, "random").items():
        agent = Agent(model, output_type=ToolOutput(Light), model_settings=greedy(max_tokens=400))
        light = (await agent.run("Hello!")).output
        assert isinstance(light, Light), (api, light)


@check("structured output by the answer's format, of a model with random weights")
async def native(url: str) -> None:
    for api, model in models(url, "random").items():
        if api == "messages":
            continue
        agent = Agent(model, output_type=NativeOutput(Light), model_settings=greedy(max_tokens=400))
        light = (await agent.run("Hello!")).output
        assert isinstance(light, Light), (api, light)


main()
