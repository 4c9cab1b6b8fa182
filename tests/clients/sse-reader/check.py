"""Streams read by hand, line by line, as programs without an SDK do it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import requests
from checklist import check, main
from httpx_sse import aconnect_sse, connect_sse
from page import run_page

HELLO = [{"role": "user", "content": "Hello!"}]
ASKED = {"model": "tiny", "messages": HELLO, "temperature": 0, "stream": True}
HEADERS = {"Authorization": "Bearer any"}


def chunks(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The objects of a stream, up to the line that says that it is done."""
    for line in lines:
        if not line.startswith("data: "):
            continue
        data = line.removeprefix("data: ")
        if data == "[DONE]":
            return
        yield json.loads(data)
    raise AssertionError("the stream ended without [DONE]")


def words(read: Iterable[dict[str, Any]]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in read if chunk["choices"])


def whole(url: str) -> str:
    """What the streams must say."""
    reply = httpx.post(f"{url}/v1/chat/completions", json={**ASKED, "stream": False}, timeout=None)
    return reply.raise_for_status().json()["choices"][0]["message"]["content"]


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("requests: iter_lines")
def with_requests(url: str) -> None:
    with requests.post(
        f"{url}/v1/chat/completions", json=ASKED, headers=HEADERS, stream=True, timeout=600
    ) as reply:
        reply.raise_for_status()
        assert reply.headers["content-type"].startswith("text/event-stream"), reply.headers
        assert words(chunks(reply.iter_lines(decode_unicode=True))) == whole(url)


@check("httpx: iter_lines")
def with_httpx(url: str) -> None:
    with httpx.stream(
        "POST", f"{url}/v1/chat/completions", json=ASKED, headers=HEADERS, timeout=None
    ) as reply:
        reply.raise_for_status()
        assert words(chunks(reply.iter_lines())) == whole(url)


@check("httpx: aiter_lines, and the usage at the end")
async def with_async_httpx(url: str) -> None:
    asked = {**ASKED, "stream_options": {"include_usage": True}}
    async with (
        httpx.AsyncClient(timeout=None) as client,
        client.stream("POST", f"{url}/v1/chat/completions", json=asked, headers=HEADERS) as reply,
    ):
        read = list(chunks([line async for line in reply.aiter_lines()]))
    assert words(read) == whole(url)
    assert read[-1]["choices"] == [] and read[-1]["usage"]["completion_tokens"] > 0, read[-1]


@check("httpx-sse: events of chat completions")
def with_httpx_sse(url: str) -> None:
    with (
        httpx.Client(timeout=None) as client,
        connect_sse(client, "POST", f"{url}/v1/chat/completions", json=ASKED, headers=HEADERS) as source,
    ):
        datas = [event.data for event in source.iter_sse()]
    assert datas[-1] == "[DONE]", datas[-1]
    assert words(json.loads(data) for data in datas[:-1]) == whole(url)


@check("httpx-sse: named events of the Responses API and of Anthropic's")
async def named(url: str) -> None:
    bodies = {
        "/v1/responses": (
            {"model": "tiny", "input": "Hello!"},
            "response.output_text.delta",
            "response.completed",
        ),
        "/v1/messages": (
            {"model": "tiny", "max_tokens": 500, "messages": HELLO},
            "content_block_delta",
            "message_stop",
        ),
    }
    async with httpx.AsyncClient(timeout=None) as client:
        for path, (body, delta, last) in bodies.items():
            asked = {**body, "temperature": 0, "stream": True}
            async with aconnect_sse(client, "POST", url + path, json=asked, headers=HEADERS) as source:
                events = [event async for event in source.aiter_sse()]
            assert all(json.loads(event.data)["type"] == event.event for event in events), events
            assert delta in [event.event for event in events], events
            assert events[-1].event == last, events[-1]


@check("httpx: JSON lines of Ollama's API")
def json_lines(url: str) -> None:
    asked = {"model": "tiny", "messages": HELLO, "options": {"temperature": 0}}
    with httpx.stream("POST", f"{url}/api/chat", json=asked, timeout=None) as reply:
        parts = [json.loads(line) for line in reply.iter_lines()]
    assert "".join(part["message"]["content"] for part in parts) == whole(url)
    assert [part["done"] for part in parts] == [False] * (len(parts) - 1) + [True]


@check("a stream that is left after its first words")
def left(url: str) -> None:
    asked = {**ASKED, "messages": [{"role": "user", "content": "Tell me a story."}]}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=asked, timeout=None) as reply:
        first = next(
            chunk for chunk in chunks(reply.iter_lines()) if chunk["choices"][0]["delta"].get("content")
        )
    assert words([first])
    assert whole(url)


@check("an error comes with its status, before the stream begins")
def error(url: str) -> None:
    reply = requests.post(f"{url}/v1/chat/completions", json={**ASKED, "model": "nothing"}, timeout=600)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "model_not_found", reply.text


main()
