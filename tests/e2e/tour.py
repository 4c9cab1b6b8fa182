"""A tour with the official openai package against a running server: python tests/e2e/tour.py [URL].

Sixteen requests at once, among them one that is dropped, one with a seed, one with two answers, one with
logprobs and one that calls a tool. Exits with 1 and says why if something is not as it should be.
"""

from __future__ import annotations

import asyncio
import sys

import openai

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def said(text: str) -> list[dict[str, str]]:
    """A conversation of one line."""
    return [{"role": "user", "content": text}]


async def streamed(client: openai.AsyncOpenAI, text: str, **options: object) -> str:
    """The whole text of a stream."""
    stream = await client.chat.completions.create(model="tiny", messages=said(text), stream=True, **options)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


async def dropped(client: openai.AsyncOpenAI) -> str:
    """The first word of a stream that is closed then."""
    stream = await client.chat.completions.create(
        model="tiny", messages=said("Tell me a story."), stream=True, extra_body={"ignore_eos": True}
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            await stream.close()
            return chunk.choices[0].delta.content
    return ""


async def tour(url: str) -> None:
    """Everything at once."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        seeded = {"seed": 7, "temperature": 1.0, "max_tokens": 40}
        create = client.chat.completions.create
        hello, first, second, two, chances, call, *greetings = await asyncio.gather(
            dropped(client),
            streamed(client, "Tell me a story.", **seeded),
            streamed(client, "Tell me a story.", **seeded),
            create(model="tiny", messages=said("Hello!"), n=2, temperature=1.0, max_tokens=20),
            create(model="tiny", messages=said("Hello!"), logprobs=True, top_logprobs=2, max_tokens=20),
            create(
                model="tiny", messages=said("What is the weather in Oslo?"), tools=[WEATHER], temperature=0
            ),
            *(streamed(client, "Hello! My name is Ada.", temperature=0) for _ in range(10)),
        )
        assert hello, "the dropped stream said nothing"
        assert first == second, "one seed gave two stories"
        assert len(two.choices) == 2
        assert len(chances.choices[0].logprobs.content[0].top_logprobs) == 2
        assert call.choices[0].finish_reason == "tool_calls", call
        assert len(set(greetings)) == 1 and greetings[0]
        print(greetings[0])
        print(call.choices[0].message.tool_calls[0].function)
        print(first)


if __name__ == "__main__":
    asyncio.run(tour(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))
    print("all as it should be")
