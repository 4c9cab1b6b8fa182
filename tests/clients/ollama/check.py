"""Ollama's package, as its documentation uses it."""

from __future__ import annotations

import json

import ollama
from checklist import check, main
from page import run_page
from picture import red_square
from pydantic import BaseModel, Field

GREEDY = {"temperature": 0}
NANOSECONDS = 1_000_000_000


def client(url: str) -> ollama.Client:
    return ollama.Client(host=url)


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def get_weather(city: str) -> str:
    """Get the current weather in a city

    Args:
      city: The city
    """
    return f"It is 18 degrees and sunny in {city}."


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("chat, and a conversation over two turns")
def conversation(url: str) -> None:
    messages = [user("My name is Alice.")]
    first = client(url).chat(model="tiny", messages=messages, options=GREEDY)
    assert first["message"]["content"] == first.message.content != ""
    second = client(url).chat(
        model="tiny", messages=[*messages, first.message, user("What is my name?")], options=GREEDY
    )
    assert "Alice" in second.message.content, second
    assert (second.done, second.done_reason) == (True, "stop"), second
    assert 0 < second.eval_duration <= second.total_duration < 600 * NANOSECONDS, second
    assert second.prompt_eval_count > first.prompt_eval_count > 0, (first, second)


@check("a stream says what the whole answer says")
def streaming(url: str) -> None:
    parts = list(client(url).chat(model="tiny", messages=[user("Hello!")], options=GREEDY, stream=True))
    whole = client(url).chat(model="tiny", messages=[user("Hello!")], options=GREEDY)
    assert "".join(part["message"]["content"] for part in parts) == whole.message.content
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True], parts
    assert parts[-1].eval_count == whole.eval_count


@check("the asynchronous client, whole and streamed")
async def asynchronous(url: str) -> None:
    asked = {"model": "tiny", "messages": [user("Hello!")], "options": GREEDY}
    asynchronous = ollama.AsyncClient(host=url)
    whole = await asynchronous.chat(**asked)
    words = [part.message.content async for part in await asynchronous.chat(**asked, stream=True)]
    assert "".join(words) == whole.message.content != "", words


@check("a Python function as a tool, and what it gives back")
def tools(url: str) -> None:
    messages = [user("What is the weather in Paris?")]
    first = client(url).chat(model="tiny", messages=messages, tools=[get_weather], options=GREEDY)
    (call,) = first.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"}), call
    output = {"get_weather": get_weather}[call.function.name](**call.function.arguments)
    messages += [
        first.message,
        {"role": "tool", "content": output, "tool_name": call.function.name},
    ]
    second = client(url).chat(model="tiny", messages=messages, tools=[get_weather], options=GREEDY)
    assert "18" in second.message.content, second


@check("a streamed tool call")
def streamed_tools(url: str) -> None:
    parts = client(url).chat(
        model="tiny",
        messages=[user("What is the weather in Paris?")],
        tools=[get_weather],
        options=GREEDY,
        stream=True,
    )
    calls = [call for part in parts for call in part.message.tool_calls or ()]
    assert [call.function.arguments for call in calls] == [{"city": "Paris"}], calls


@check("format json")
def any_json(url: str) -> None:
    reply = client(url).chat(
        model="tiny",
        messages=[user("Alice is 7 years old. Answer with JSON.")],
        format="json",
        options={**GREEDY, "num_predict": 100},
    )
    assert reply.done_reason == "length" or isinstance(json.loads(reply.message.content), dict), reply


class Person(BaseModel):
    """What is to be filled in."""

    name: str
    age: int


class Friend(BaseModel):
    """The same with an end, for a model with random weights."""

    name: str = Field(max_length=24)
    close: bool


@check("format with a schema, filled by a model with random weights too")
def structured(url: str) -> None:
    for name, wanted in (("tiny", Person), ("random", Friend)):
        reply = client(url).chat(
            model=name,
            messages=[user("Alice is 7 years old.")],
            format=wanted.model_json_schema(),
            options={**GREEDY, "num_predict": 400},
        )
        assert wanted.model_validate_json(reply.message.content), reply


@check("thinking")
def thinking(url: str) -> None:
    asked = {"model": "tiny", "messages": [user("What is 3 plus 4?")], "options": GREEDY}
    thoughtful = client(url).chat(**asked, think=True)
    assert thoughtful.message.thinking and "7" in thoughtful.message.content, thoughtful
    assert not client(url).chat(**asked, think=False).message.thinking


@check("generate, whole and streamed")
def generate(url: str) -> None:
    asked = {
        "model": "tiny",
        "prompt": "What is your name?",
        "system": "Your name is Nora.",
        "options": GREEDY,
    }
    whole = client(url).generate(**asked)
    assert "Nora" in whole["response"], whole
    parts = list(client(url).generate(**asked, stream=True))
    assert "".join(part.response for part in parts) == whole.response, parts


@check("a picture")
def picture(url: str) -> None:
    asked = {**user("What color is the shape?"), "images": [red_square()]}
    reply = client(url).chat(model="tiny-vision", messages=[asked], options=GREEDY)
    assert "red" in reply.message.content.lower(), reply


@check("embed, one text and several")
def embed(url: str) -> None:
    several = client(url).embed(model="tiny", input=["a red ball", "a blue box"])
    one, other = several.embeddings
    assert len(one) == len(other) > 0 and one != other
    (again,) = client(url).embed(model="tiny", input="a red ball").embeddings
    assert max(abs(x - y) for x, y in zip(one, again, strict=True)) < 1e-3


@check("list, show and ps")
def catalogue(url: str) -> None:
    listed = {model.model: model for model in client(url).list().models}
    assert listed["tiny:latest"].size and listed["tiny:latest"].details.family, listed["tiny:latest"]
    shown = client(url).show("tiny")
    assert {"completion", "tools"} <= set(shown.capabilities), shown
    assert shown.modelinfo, shown
    assert "tiny:latest" in [model.model for model in client(url).ps().models]


@check("errors are the package's own exceptions")
def errors(url: str) -> None:
    for stream in (False, True):
        for change, status in (({"model": "nothing"}, 404), ({"options": {"temperatur": 0}}, 400)):
            asked = {"model": "tiny", "messages": [user("Hello!")], **change}
            try:
                reply = client(url).chat(**asked, stream=stream)
                list(reply)
            except ollama.ResponseError as error:
                assert error.status_code == status and error.error, error
            else:
                raise AssertionError(f"{change} was taken")


main()
