"""The official package, as its documentation uses it."""

from __future__ import annotations

import base64
import json

import openai
from checklist import check, main
from page import run_page
from picture import red_square
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city"}},
            "required": ["city"],
        },
    },
}
SHORT = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 24}}, "required": ["city"]}
"""For a model with random weights, which would write a name without an end."""


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("models are listed and looked up")
def models(url: str) -> None:
    names = [model.id for model in client(url).models.list()]
    assert "tiny" in names, names
    assert client(url).models.retrieve("tiny").id == "tiny"


@check("a conversation over two turns")
def conversation(url: str) -> None:
    messages = [{"role": "user", "content": "My name is Alice."}]
    first = client(url).chat.completions.create(model="tiny", messages=messages, temperature=0)
    messages += [
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "What is my name?"},
    ]
    second = client(url).chat.completions.create(model="tiny", messages=messages, temperature=0)
    assert "Alice" in (second.choices[0].message.content or ""), second.choices[0].message
    assert second.choices[0].finish_reason == "stop"
    assert second.usage is not None and second.usage.completion_tokens > 0


@check("a stream says what the whole answer says, and the usage comes last")
def streaming(url: str) -> None:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "Hello!"}], "temperature": 0}
    whole = client(url).chat.completions.create(**asked)
    stream = client(url).chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content, text
    # How much of the prompt was cached is not the same: the first request left it behind.
    last = chunks[-1].usage
    assert (last.prompt_tokens, last.completion_tokens) == (
        whole.usage.prompt_tokens,
        whole.usage.completion_tokens,
    )


@check("the asynchronous client")
async def asynchronous(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as asynchronous:
        reply = await asynchronous.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "Hello!"}]
        )
        assert reply.choices[0].message.content


@check("the function-calling round trip")
def tools(url: str) -> None:
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = client(url).chat.completions.create(
        model="tiny", messages=messages, tools=[WEATHER], temperature=0
    )
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls", choice
    (call,) = choice.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"}), (
        call
    )
    messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": "18 degrees and sunny"}]
    second = client(url).chat.completions.create(
        model="tiny", messages=messages, tools=[WEATHER], temperature=0
    )
    assert "18" in (second.choices[0].message.content or ""), second.choices[0].message


@check("a call forced on a model with random weights, streamed through the helper")
def forced(url: str) -> None:
    stream = client(url).chat.completions.stream(
        model="random",
        messages=[{"role": "user", "content": "Hello!"}],
        tools=[{"type": "function", "function": {**WEATHER["function"], "parameters": SHORT}}],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        max_tokens=400,
    )
    with stream as events:
        final = events.get_final_completion()
    (call,) = final.choices[0].message.tool_calls
    assert isinstance(json.loads(call.function.arguments)["city"], str), call


class Person(BaseModel):
    """What is to be filled in."""

    name: str
    age: int


@check("chat.completions.parse fills a pydantic model")
def parsed(url: str) -> None:
    reply = client(url).chat.completions.parse(
        model="tiny",
        messages=[{"role": "user", "content": "Alice is 7 years old."}],
        response_format=Person,
        temperature=0,
    )
    assert isinstance(reply.choices[0].message.parsed, Person), reply.choices[0].message


@check("a picture as a data URL")
def picture(url: str) -> None:
    data = base64.b64encode(red_square()).decode()
    content = [
        {"type": "text", "text": "What color is the shape?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    reply = client(url).chat.completions.create(
        model="tiny-vision", messages=[{"role": "user", "content": content}], temperature=0
    )
    assert "red" in (reply.choices[0].message.content or "").lower(), reply.choices[0].message


@check("completions of a raw prompt")
def completions(url: str) -> None:
    reply = client(url).completions.create(model="tiny", prompt="Once upon a time", max_tokens=8)
    assert reply.choices[0].finish_reason in ("stop", "length")


@check("embeddings")
def embeddings(url: str) -> None:
    reply = client(url).embeddings.create(model="tiny", input=["a red ball", "a blue box"], dimensions=16)
    assert [len(item.embedding) for item in reply.data] == [16, 16]


@check("responses, whole and streamed, going on from one another")
def responses(url: str) -> None:
    first = client(url).responses.create(model="tiny", input="My name is Alice.", temperature=0)
    assert first.output_text
    with client(url).responses.stream(
        model="tiny", input="What is my name?", previous_response_id=first.id, temperature=0
    ) as stream:
        final = stream.get_final_response()
    assert "Alice" in final.output_text, final.output_text


@check("the function-calling round trip over responses")
def response_tools(url: str) -> None:
    tool = {"type": "function", **WEATHER["function"], "strict": False}
    first = client(url).responses.create(
        model="tiny", input="What is the weather in Paris?", tools=[tool], temperature=0
    )
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert json.loads(call.arguments) == {"city": "Paris"}, call
    second = client(url).responses.create(
        model="tiny",
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "18 degrees and sunny"}],
        tools=[tool],
        temperature=0,
    )
    assert "18" in second.output_text, second.output_text


@check("errors are the package's own exceptions")
def errors(url: str) -> None:
    hello = [{"role": "user", "content": "Hello!"}]
    for change, expected in (
        ({"model": "nothing"}, openai.NotFoundError),
        ({"temperature": 9}, openai.BadRequestError),
        ({"tools": [{"type": "web_search"}]}, openai.BadRequestError),
    ):
        try:
            client(url).chat.completions.create(**{"model": "tiny", "messages": hello, **change})
        except expected as error:
            assert error.request_id, error
        else:
            raise AssertionError(f"{change} was taken")


main()
