"""The official package, as its documentation uses it."""

from __future__ import annotations

import base64

import anthropic
from anthropic import beta_tool
from checklist import check, main
from page import run_page
from picture import red_square
from pydantic import BaseModel

WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a city",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The city"}},
        "required": ["city"],
    },
}
SHORT = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 24}}, "required": ["city"]}
"""For a model with random weights, which would write a name without an end."""

GREEDY = {"temperature": 0}
"""The package names no temperature any more; it goes with the rest of the body."""


def client(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key="any", max_retries=0)


def said(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("a message, and a conversation over two turns")
def conversation(url: str) -> None:
    messages = [{"role": "user", "content": "My name is Alice."}]
    first = client(url).messages.create(model="tiny", max_tokens=1024, messages=messages, extra_body=GREEDY)
    assert (first.role, first.model, first.stop_reason) == ("assistant", "tiny", "end_turn"), first
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "What is my name?"},
    ]
    second = client(url).messages.create(model="tiny", max_tokens=1024, messages=messages, extra_body=GREEDY)
    assert "Alice" in said(second), second
    assert second.usage.output_tokens > 0, second


@check("a system text")
def system(url: str) -> None:
    reply = client(url).messages.create(
        model="tiny",
        max_tokens=1024,
        system="Your name is Nora.",
        messages=[{"role": "user", "content": "What is your name?"}],
        extra_body=GREEDY,
    )
    assert "Nora" in said(reply), reply


@check("the stream helper says what the whole message says")
def streaming(url: str) -> None:
    asked = {
        "model": "tiny",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hello!"}],
        "extra_body": GREEDY,
    }
    with client(url).messages.stream(**asked) as stream:
        words = list(stream.text_stream)
        final = stream.get_final_message()
    whole = client(url).messages.create(**asked)
    assert len(words) > 1
    assert "".join(words) == said(final) == said(whole), words
    assert final.usage.output_tokens == whole.usage.output_tokens
    events = [event.type for event in client(url).messages.create(**asked, stream=True)]
    assert (events[0], events[-1]) == ("message_start", "message_stop"), events


@check("the asynchronous client, whole and streamed")
async def asynchronous(url: str) -> None:
    asked = {
        "model": "tiny",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hello!"}],
        "extra_body": GREEDY,
    }
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as asynchronous:
        whole = await asynchronous.messages.create(**asked)
        async with asynchronous.messages.stream(**asked) as stream:
            words = [word async for word in stream.text_stream]
    assert "".join(words) == said(whole) != "", words


@check("the tool round trip")
def tools(url: str) -> None:
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = {"model": "tiny", "max_tokens": 1024, "tools": [WEATHER], "extra_body": GREEDY}
    first = client(url).messages.create(**asked, messages=messages)
    assert first.stop_reason == "tool_use", first
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert (call.name, call.input) == ("get_weather", {"city": "Paris"}), call
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees and sunny"}
    messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client(url).messages.create(**asked, messages=messages)
    assert second.stop_reason == "end_turn", second
    assert "18" in said(second), second


@check("a call forced on a model with random weights, streamed")
def forced(url: str) -> None:
    with client(url).messages.stream(
        model="random",
        max_tokens=400,
        tools=[{**WEATHER, "input_schema": SHORT}],
        tool_choice={"type": "tool", "name": "get_weather"},
        messages=[{"role": "user", "content": "Hello!"}],
    ) as stream:
        parts = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    (call,) = final.content
    assert len(parts) > 1, parts
    assert final.stop_reason == "tool_use", final
    assert isinstance(call.input["city"], str), call


@check("the tool runner")
def runner(url: str) -> None:
    asked: list[str] = []

    @beta_tool
    def get_weather(city: str) -> str:
        """Get the current weather in a city

        Args:
            city: The city
        """
        asked.append(city)
        return "18 degrees and sunny"

    final = (
        client(url)
        .beta.messages.tool_runner(
            model="tiny",
            max_tokens=1024,
            tools=[get_weather],
            messages=[{"role": "user", "content": "What is the weather in Paris?"}],
            extra_body=GREEDY,
        )
        .until_done()
    )
    assert asked == ["Paris"], asked
    assert "18" in said(final), final


@check("thinking, and its blocks sent back")
def thinking(url: str) -> None:
    asked = {
        "model": "tiny",
        "max_tokens": 2048,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "extra_body": GREEDY,
    }
    messages = [{"role": "user", "content": "What is 3 plus 4?"}]
    first = client(url).messages.create(**asked, messages=messages)
    assert [block.type for block in first.content] == ["thinking", "text"], first
    assert first.content[0].thinking and first.content[0].signature, first
    assert "7" in said(first), first
    messages += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "What is 2 plus 2?"},
    ]
    with client(url).messages.stream(**asked, messages=messages) as stream:
        thoughts = [event.thinking for event in stream if event.type == "thinking"]
    assert "".join(thoughts), thoughts


class Person(BaseModel):
    """What is to be filled in."""

    name: str
    age: int


@check("messages.parse fills a pydantic model")
def parsed(url: str) -> None:
    reply = client(url).messages.parse(
        model="tiny",
        max_tokens=1024,
        messages=[{"role": "user", "content": "Alice is 7 years old."}],
        output_format=Person,
        extra_body=GREEDY,
    )
    assert isinstance(reply.parsed_output, Person), reply


@check("a picture as base64")
def picture(url: str) -> None:
    data = base64.standard_b64encode(red_square()).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What color is the shape?"}]
    reply = client(url).messages.create(
        model="tiny-vision",
        max_tokens=1024,
        messages=[{"role": "user", "content": content}],
        extra_body=GREEDY,
    )
    assert "red" in said(reply).lower(), reply


@check("count_tokens counts what a message then uses")
def counted(url: str) -> None:
    asked = {"model": "tiny", "tools": [WEATHER], "messages": [{"role": "user", "content": "Hello!"}]}
    count = client(url).messages.count_tokens(**asked).input_tokens
    usage = client(url).messages.create(**asked, max_tokens=1).usage
    assert count == usage.input_tokens + (usage.cache_read_input_tokens or 0), (count, usage)


@check("errors are the package's own exceptions")
def errors(url: str) -> None:
    hello = {"model": "tiny", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello!"}]}
    for change, expected in (
        ({"model": "nothing"}, anthropic.NotFoundError),
        ({"extra_body": {"temperature": 9}}, anthropic.BadRequestError),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, anthropic.BadRequestError),
    ):
        for stream in (False, True):
            try:
                client(url).messages.create(**{**hello, **change}, stream=stream)
            except expected as error:
                assert error.request_id, error
            else:
                raise AssertionError(f"{change} was taken")


main()
