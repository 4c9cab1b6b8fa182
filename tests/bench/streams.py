"""A client that costs as little as a client can: raw sockets, no parsing but for the usage at the end."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class StreamResult:
    """One finished stream: tokens by the server's own usage, times in seconds since the start."""

    tokens: int
    first: float
    seconds: float
    longest_gap: float


async def stream(port: int, body: dict[str, object]) -> StreamResult:
    """POST a streaming chat completion and read it to its end. Raises `RuntimeError` on any error."""
    payload = json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = last = time.perf_counter()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + payload)
    chunks: list[bytes] = []
    first, gap = 0.0, 0.0
    while data := await reader.read(65536):
        now = time.perf_counter()
        if b'"content":"' in data and b'"content":""' not in data:
            first = first or now - began
            gap = max(gap, now - last)
            last = now
        chunks.append(data)
    writer.close()
    return StreamResult(_usage(b"".join(chunks)), first, time.perf_counter() - began, gap)


def _usage(raw: bytes) -> int:
    if b"200" not in raw[:16] or b"[DONE]" not in raw:
        raise RuntimeError(f"the stream failed: {raw[:600]!r}")
    start = raw.rindex(b'"completion_tokens":') + len(b'"completion_tokens":')
    return int(raw[start : start + 12].split(b",")[0].split(b"}")[0])


async def streams(port: int, body: dict[str, object], count: int) -> tuple[list[StreamResult], float]:
    """`count` streams at once; the results, and the seconds until the last one ended."""
    began = time.perf_counter()
    results = await asyncio.gather(*(stream(port, body) for _ in range(count)))
    return list(results), time.perf_counter() - began
