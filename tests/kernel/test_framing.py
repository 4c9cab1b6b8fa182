"""Framing: what is written is what readers of server-sent events and of JSON lines take from it."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel import framing
from mlxkernel.testing.framing import ServerSentEvent, json_lines, server_sent_events

TEXT = "a\nb\r\n\u2028\u2029\x85 ä"
PAYLOAD = msgspec.json.encode({"text": TEXT})


def test_an_event_is_read_back() -> None:
    events = list(
        server_sent_events([framing.event(PAYLOAD), framing.COMMENT, framing.event(PAYLOAD, "named")])
    )
    assert [event.name for event in events] == ["message", "named"]
    assert all(msgspec.json.decode(event.data) == {"text": TEXT} for event in events)
    assert framing.event(b"{}", "e") == b"event: e\ndata: {}\n\n"
    assert isinstance(events[0], ServerSentEvent)


def test_a_line_is_read_back() -> None:
    assert list(json_lines([framing.line(PAYLOAD), framing.line(b"1")])) == [{"text": TEXT}, 1]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_no_line_end_of_unicode_is_left(character: str) -> None:
    payload = framing.one_line(msgspec.json.encode(f"a{character}b"))
    assert payload.decode().splitlines() == [payload.decode()]
    assert msgspec.json.decode(payload) == f"a{character}b"
