"""Server-sent events, as OpenAI's streams use them: one line of ``data:`` per event, names in one API."""

from __future__ import annotations

CONTENT_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b": keep-alive\n\n"
"""A comment, which every reader of server-sent events must skip."""

_LINE_ENDS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


def one_line(payload: bytes) -> bytes:
    """The same JSON without the characters that are line ends to Unicode but not to JSON.

    Clients that split the stream with `str.splitlines` (httpx's ``iter_lines`` does) would cut an
    event in two at a raw U+2028, U+2029 or U+0085.
    """
    if not payload.isascii():
        for raw, escaped in _LINE_ENDS:
            payload = payload.replace(raw, escaped)
    return payload


def event(payload: bytes) -> bytes:
    """One event with this JSON."""
    return b"data: " + one_line(payload) + b"\n\n"


def named_event(name: str, payload: bytes) -> bytes:
    """One event with this name and JSON."""
    return b"event: %b\n" % name.encode() + event(payload)
