"""Agents on chat completions and on responses, as Agent Framework's documentation has them."""

from __future__ import annotations

from typing import Annotated

from agent_framework import Agent, Message, tool
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from checklist import check, main
from page import run_page
from pydantic import Field

Client = type[OpenAIChatClient] | type[OpenAIChatCompletionClient]


class Weather:
    """A tool that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_weather(self, city: Annotated[str, Field(description="The city")]) -> str:
        """Get the current weather in a city."""
        self.asked.append(city)
        return f"It is 18 degrees and sunny in {city}."


@tool
def switch(on: bool) -> str:
    """Turn the light on or off."""
    return "on" if on else "off"


def agent(url: str, client: Client, name: str = "tiny", **options: object) -> Agent:
    return Agent(
        client=client(model=name, base_url=f"{url}/v1", api_key="any"),
        default_options={"temperature": 0},
        **options,
    )


async def remembers(url: str, client: Client) -> None:
    """Two turns of one session."""
    made = agent(url, client)
    session = made.create_session()
    await made.run("My name is Alice.", session=session)
    reply = await made.run("What is my name?", session=session)
    assert "Alice" in reply.text, reply.text
    assert reply.usage_details["output_token_count"] > 0, reply.usage_details


async def streams(url: str, client: Client) -> None:
    """The stream, and what the framework makes of it, say what the whole answer says."""
    stream = agent(url, client).run("Hello!", stream=True)
    contents = [content async for update in stream for content in update.contents if content.type == "text"]
    # Of a Responses stream the framework also gives the whole text, to take the place of its pieces.
    words = [content.text for content in contents if content.merge_mode != "replace"]
    assert len(words) > 1
    whole = (await agent(url, client).run("Hello!")).text
    assert "".join(words) == (await stream.get_final_response()).text == whole, (words, whole)


async def calls(url: str, client: Client, stream: bool) -> None:
    """A question, a call, its result and the answer."""
    weather = Weather()
    made = agent(url, client, tools=[weather.get_weather])
    question = "What is the weather in Paris?"
    if stream:
        said = (await made.run(question, stream=True).get_final_response()).text
    else:
        said = (await made.run(question)).text
    assert weather.asked == ["Paris"], weather.asked
    assert "18" in said, said


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("chat completions: a session over two turns")
async def chat_session(url: str) -> None:
    await remembers(url, OpenAIChatCompletionClient)


@check("chat completions: a stream says what the whole answer says")
async def chat_stream(url: str) -> None:
    await streams(url, OpenAIChatCompletionClient)


@check("chat completions: an agent with a tool, whole and streamed")
async def chat_tools(url: str) -> None:
    for stream in (False, True):
        await calls(url, OpenAIChatCompletionClient, stream)


@check("responses: a session that goes on by previous_response_id")
async def responses_session(url: str) -> None:
    await remembers(url, OpenAIChatClient)
    made = agent(url, OpenAIChatClient)
    session = made.create_session()
    await made.run("My name is Alice.", session=session)
    assert str(session.service_session_id).startswith("resp_"), session.service_session_id


@check("responses: a stream says what the whole answer says")
async def responses_stream(url: str) -> None:
    await streams(url, OpenAIChatClient)


@check("responses: an agent with a tool, whole and streamed")
async def responses_tools(url: str) -> None:
    for stream in (False, True):
        await calls(url, OpenAIChatClient, stream)


@check("a call forced on a model with random weights")
async def forced(url: str) -> None:
    for client in (OpenAIChatCompletionClient, OpenAIChatClient):
        made = client(model="random", base_url=f"{url}/v1", api_key="any")
        made.function_invocation_configuration["enabled"] = False
        reply = await made.get_response(
            [Message("user", ["Hello!"])],
            options={"tools": [switch], "tool_choice": "required", "max_tokens": 400},
        )
        contents = [content for message in reply.messages for content in message.contents]
        found = [content for content in contents if content.type == "function_call"]
        assert found and all(isinstance(call.parse_arguments()["on"], bool) for call in found), contents


main()
