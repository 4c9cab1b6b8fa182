"""Framing: how JSON travels piece by piece, as server-sent events or as lines.

Sources: "Server-sent events" of the HTML standard (9.2), and JSON Lines.
"""

from __future__ import annotations

EVENT_STREAM = "text/event-stream; charset=utf-8"
"""The content type of `event`."""

JSON_LINES = "application/x-ndjson"
"""The content type of `line`."""

COMMENT = b": keep-alive\n\n"
"""What every reader of server-sent events must skip: a sign of life."""

_LINE_ENDS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


def one_line(payload: bytes) -> bytes:
    """The same JSON without the characters that are line ends to Unicode but not to JSON.

    Clients that split a stream with `str.splitlines` (httpx's ``iter_lines`` does) would cut a line in
    two at a raw U+2028, U+2029 or U+0085.
    """
    if not payload.isascii():
        for raw, escaped in _LINE_ENDS:
            payload = payload.replace(raw, escaped)
    return payload


def event(payload: bytes, name: str | None = None) -> bytes:
    """One server-sent event with this JSON, and with a name where clients go by names."""
    data = b"data: " + one_line(payload) + b"\n\n"
    return data if name is None else b"event: %b\n" % name.encode() + data


def line(payload: bytes) -> bytes:
    """One line with this JSON."""
    return one_line(payload) + b"\n"
