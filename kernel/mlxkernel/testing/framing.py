"""Framing: the events of a stream as clients take them from its bytes, however those are cut.

Sources: "Server-sent events" of the HTML standard (9.2.6, interpreting an event stream), and JSON Lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from msgspec import Struct

from mlxkernel.messages import Json


class ServerSentEvent(Struct, frozen=True):
    """One event: its name (``message`` when it has none) and its data."""

    name: str
    data: str


def server_sent_events(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The events of a stream. Comments are skipped; an event that is not ended by an empty line is lost."""
    name, data = "", list[str]()
    for line in _lines(chunks, carriage_returns=True):
        if not line:
            if data:
                yield ServerSentEvent(name or "message", "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def json_lines(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The values of a stream of JSON lines. Raises `ValueError` for a line that is none, as clients do."""
    for line in _lines(chunks, carriage_returns=False):
        yield json.loads(line)


def _lines(chunks: Iterable[bytes], carriage_returns: bool) -> Iterator[str]:
    """Whole lines without their ends; what comes after the last end is dropped, unless it is no space."""
    held = b""
    for chunk in chunks:
        held += chunk
        if carriage_returns and not held.endswith(b"\r"):
            held = held.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, held = held.split(b"\n")
        for line in whole:
            yield line.decode()
    if held.strip():
        raise ValueError(f"the stream ends inside a line: {held[:80]!r}")
