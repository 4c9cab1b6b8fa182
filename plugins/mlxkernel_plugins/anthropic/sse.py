"""Server-sent events, as Anthropic's streams use them: every event has a name, and one line of data."""

from __future__ import annotations

CONTENT_TYPE = "text/event-stream; charset=utf-8"
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
COMMENT = b": keep-alive\n\n"
"""What every reader of server-sent events must skip, before the first event too."""

_LINE_ENDS = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"), (b"\xc2\x85", b"\\u0085"))


def one_line(payload: bytes) -> bytes:
    """The same JSON without the characters that are line ends to Unicode but not to JSON.

    Clients that split the stream by every line end of Unicode would cut an event in two at a raw U+2028,
    U+2029 or U+0085.
    """
    if not payload.isascii():
        for raw, escaped in _LINE_ENDS:
            payload = payload.replace(raw, escaped)
    return payload


def event(name: str, payload: bytes) -> bytes:
    """One event with this JSON."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), one_line(payload))
