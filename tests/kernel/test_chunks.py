"""Replies whose body comes piece by piece: sent as they are made, and ended with their reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mlxkernel.api import Endpoint, HttpRequest, KernelView, Reply


class Flow:
    """A dialect of one route, which counts until it is let go on, and again."""

    name = "flow"
    prefix = "/flow"

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.closed = 0

    def routes(self) -> Sequence[Endpoint]:
        return [Endpoint(method="GET", path="/flow/count", handle=self.count)]

    async def count(self, http: HttpRequest, kernel: KernelView) -> Reply:
        return Reply(status=202, content_type="text/plain", chunks=self.numbers(), headers={"x-flow": "1"})

    async def numbers(self) -> AsyncGenerator[bytes, None]:
        try:
            yield b"1\n"
            await self.gate.wait()
            yield b"2\n"
        finally:
            self.closed += 1


def entry(kit: Any, flow: Flow) -> Any:
    def mlxkernel_register_dialects() -> Sequence[Any]:
        return [flow]

    return kit.entry("flow", kit.plugin(mlxkernel_register_dialects))


async def test_chunks_are_sent_as_they_are_made(kit: Any) -> None:
    flow = Flow()
    async with (
        kit.serving(entry(kit, flow)) as serving,
        serving.client.stream("GET", "/flow/count") as reply,
    ):
        assert (reply.status_code, reply.headers["x-flow"]) == (202, "1")
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.headers["cache-control"] == "no-cache"
        lines = reply.aiter_lines()
        assert await lines.__anext__() == "1"
        flow.gate.set()
        assert [line async for line in lines] == ["2"]
        assert flow.closed == 1


async def test_a_reader_that_leaves_closes_them(kit: Any) -> None:
    flow = Flow()
    async with kit.serving(entry(kit, flow)) as serving:
        async with serving.client.stream("GET", "/flow/count") as reply:
            assert await reply.aiter_lines().__anext__() == "1"
        await kit.until(lambda: flow.closed == 1)
        assert (await serving.client.get("/health")).status_code == 200
