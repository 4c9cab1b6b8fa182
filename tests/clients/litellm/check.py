"""One program over all three APIs, by the prefixes that LiteLLM's documentation has."""

from __future__ import annotations

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network for prices when it is imported

import litellm
from checklist import check, main
from page import run_page

litellm.telemetry = False

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
SWITCH = {
    "type": "function",
    "function": {
        "name": "switch",
        "description": "Turn the light on or off",
        "parameters": {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
    },
}


def providers(url: str) -> dict[str, dict[str, str]]:
    """The prefixes with what each of them needs to know of the server."""
    return {
        "openai": {"api_base": f"{url}/v1", "api_key": "any"},
        "anthropic": {"api_base": url, "api_key": "any"},
        "ollama_chat": {"api_base": url},
        "ollama": {"api_base": url},
    }


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def ask(
    url: str, prefix: str, messages: list, name: str = "tiny", **options: object
) -> litellm.ModelResponse:
    return litellm.completion(
        model=f"{prefix}/{name}", messages=messages, temperature=0, **providers(url)[prefix], **options
    )


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("a conversation, under each prefix")
def conversation(url: str) -> None:
    for prefix in providers(url):
        messages = [user("My name is Alice.")]
        first = ask(url, prefix, messages)
        messages += [first.choices[0].message.model_dump(), user("What is my name?")]
        reply = ask(url, prefix, messages)
        assert "Alice" in reply.choices[0].message.content, (prefix, reply)
        assert reply.choices[0].finish_reason == "stop", (prefix, reply)
        assert reply.usage.completion_tokens > 0, (prefix, reply)


@check("a stream says what the whole answer says, under each prefix")
def streaming(url: str) -> None:
    for prefix in providers(url):
        chunks = list(ask(url, prefix, [user("Hello!")], stream=True))
        words = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        whole = ask(url, prefix, [user("Hello!")]).choices[0].message.content
        assert words == whole != "", (prefix, words, whole)


@check("acompletion")
async def asynchronous(url: str) -> None:
    reply = await litellm.acompletion(
        model="openai/tiny", messages=[user("Hello!")], temperature=0, **providers(url)["openai"]
    )
    assert reply.choices[0].message.content, reply


@check("a tool round trip, under openai/, anthropic/ and ollama_chat/")
def tools(url: str) -> None:
    for prefix in ("openai", "anthropic", "ollama_chat"):
        messages = [user("What is the weather in Paris?")]
        first = ask(url, prefix, messages, tools=[WEATHER]).choices[0]
        assert first.finish_reason == "tool_calls", (prefix, first)
        (call,) = first.message.tool_calls
        assert json.loads(call.function.arguments) == {"city": "Paris"}, (prefix, call)
        messages += [
            first.message.model_dump(),
            {
                "role": "tool",
                "tool_call_id": call.id,
                "name": "get_weather",
                "content": "18 degrees and sunny",
            },
        ]
        second = ask(url, prefix, messages, tools=[WEATHER]).choices[0]
        assert "18" in second.message.content, (prefix, second)


@check("a streamed call, put together by stream_chunk_builder, forced on a model with random weights")
def forced(url: str) -> None:
    for prefix in ("openai", "anthropic"):
        chunks = list(
            ask(
                url,
                prefix,
                [user("Hello!")],
                "random",
                tools=[SWITCH],
                tool_choice={"type": "function", "function": {"name": "switch"}},
                max_tokens=400,
                stream=True,
            )
        )
        built = litellm.stream_chunk_builder(chunks).choices[0]
        assert built.finish_reason == "tool_calls", (prefix, built)
        (call,) = built.message.tool_calls
        assert isinstance(json.loads(call.function.arguments)["on"], bool), (prefix, call)


@check("an answer by a schema, under each prefix")
def structured(url: str) -> None:
    schema = {
        "type": "object",
        "properties": {"room": {"type": "string", "maxLength": 24}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "light", "schema": schema, "strict": True}}
    for prefix in providers(url):
        reply = ask(url, prefix, [user("Hello!")], "random", response_format=wanted, max_tokens=400)
        assert isinstance(json.loads(reply.choices[0].message.content)["on"], bool), (prefix, reply)


@check("embeddings, under openai/ and ollama/")
def embeddings(url: str) -> None:
    for prefix in ("openai", "ollama"):
        reply = litellm.embedding(
            model=f"{prefix}/tiny", input=["a red ball", "a blue box"], **providers(url)[prefix]
        )
        one, other = (item["embedding"] for item in reply.data)
        assert len(one) == len(other) > 0 and one != other, prefix


@check("errors are LiteLLM's own exceptions")
def errors(url: str) -> None:
    for prefix in ("openai", "anthropic"):
        try:
            ask(url, prefix, [user("Hello!")], "nothing", num_retries=0)
        except litellm.NotFoundError as error:
            assert "nothing" in str(error), error
        else:
            raise AssertionError(prefix)


main()
