"""Chat, streaming and functions that the kernel calls, as Semantic Kernel's documentation has them."""

from __future__ import annotations

from typing import Annotated

from checklist import check, main
from openai import AsyncOpenAI
from page import run_page
from semantic_kernel import Kernel
from semantic_kernel.agents import ChatCompletionAgent, ChatHistoryAgentThread
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory, FunctionCallContent, FunctionResultContent
from semantic_kernel.functions import KernelArguments, kernel_function


class WeatherPlugin:
    """What the kernel may call, and what it was called with."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @kernel_function(name="get_weather", description="Get the current weather in a city")
    def get_weather(self, city: Annotated[str, "The city"]) -> Annotated[str, "The weather"]:
        self.asked.append(city)
        return f"It is 18 degrees and sunny in {city}."


class LightPlugin:
    """A function whose arguments have an end, for a model with random weights."""

    @kernel_function(name="switch", description="Turn the light on or off")
    def switch(self, on: Annotated[bool, "Whether it shall be on"]) -> str:
        return "on" if on else "off"


def service(url: str, name: str = "tiny") -> OpenAIChatCompletion:
    return OpenAIChatCompletion(
        ai_model_id=name, async_client=AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    )


def settings(**options: object) -> OpenAIChatPromptExecutionSettings:
    return OpenAIChatPromptExecutionSettings(temperature=0, **options)


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("chat with a history")
async def chat(url: str) -> None:
    history = ChatHistory(system_message="Your name is Nora.")
    history.add_user_message("My name is Alice.")
    history.add_message(await service(url).get_chat_message_content(history, settings()))
    history.add_user_message("What is my name?")
    reply = await service(url).get_chat_message_content(history, settings())
    assert "Alice" in str(reply), reply
    assert reply.metadata["usage"].completion_tokens > 0, reply.metadata


@check("a stream says what the whole answer says, with the usage")
async def streaming(url: str) -> None:
    history = ChatHistory()
    history.add_user_message("Hello!")
    chunks = [chunk async for chunk in service(url).get_streaming_chat_message_content(history, settings())]
    whole = await service(url).get_chat_message_content(history, settings())
    assert "".join(str(chunk) for chunk in chunks) == str(whole)
    usages = [chunk.metadata["usage"] for chunk in chunks if chunk.metadata.get("usage")]
    assert usages and usages[-1].completion_tokens > 0, chunks[-1]


@check("a prompt with an argument")
async def prompt(url: str) -> None:
    kernel = Kernel()
    kernel.add_service(service(url))
    reply = await kernel.invoke_prompt(
        "What is the weather in {{$city}}?", arguments=KernelArguments(settings=settings(), city="Paris")
    )
    assert str(reply)


@check("a kernel_function that is called by itself")
async def functions(url: str) -> None:
    plugin = WeatherPlugin()
    kernel = Kernel()
    kernel.add_plugin(plugin, plugin_name="weather")
    history = ChatHistory()
    history.add_user_message("What is the weather in Paris?")
    auto = settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
    reply = await service(url).get_chat_message_content(history, auto, kernel=kernel)
    assert plugin.asked == ["Paris"], plugin.asked
    assert any(isinstance(item, FunctionResultContent) for item in history.messages[-1].items), history
    assert "18" in str(reply), reply


@check("a kernel_function that is called by itself, streamed")
async def streamed_functions(url: str) -> None:
    plugin = WeatherPlugin()
    kernel = Kernel()
    kernel.add_plugin(plugin, plugin_name="weather")
    history = ChatHistory()
    history.add_user_message("What is the weather in Paris?")
    auto = settings(function_choice_behavior=FunctionChoiceBehavior.Auto())
    stream = service(url).get_streaming_chat_message_content(history, auto, kernel=kernel)
    said = "".join([str(chunk) async for chunk in stream])
    assert plugin.asked == ["Paris"], plugin.asked
    assert "18" in said, said


@check("a call forced on a model with random weights")
async def forced(url: str) -> None:
    kernel = Kernel()
    kernel.add_plugin(LightPlugin(), plugin_name="light")
    history = ChatHistory()
    history.add_user_message("Hello!")
    required = settings(
        max_tokens=400, function_choice_behavior=FunctionChoiceBehavior.Required(auto_invoke=False)
    )
    reply = await service(url, "random").get_chat_message_content(history, required, kernel=kernel)
    calls = [item for item in reply.items if isinstance(item, FunctionCallContent)]
    assert calls and all(call.name == "light-switch" for call in calls), reply
    assert all(isinstance(call.parse_arguments()["on"], bool) for call in calls), calls


@check("an agent with a plugin and a thread")
async def agent(url: str) -> None:
    plugin = WeatherPlugin()
    made = ChatCompletionAgent(
        service=service(url), name="Nora", plugins=[plugin], arguments=KernelArguments(settings=settings())
    )
    thread = ChatHistoryAgentThread()
    first = await made.get_response("My name is Alice.", thread=thread)
    second = await made.get_response("What is the weather in Paris?", thread=first.thread)
    assert plugin.asked == ["Paris"], plugin.asked
    assert "18" in str(second), second


main()
