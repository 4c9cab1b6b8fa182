"""Answers: every payload is one of Anthropic's types, and a stream put together is the whole answer."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mlxkernel import framing
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.request import Conversation, Request
from mlxkernel.testing import check_law
from mlxkernel_plugins.anthropic import Anthropic, replies
from mlxkernel_plugins.anthropic.messages import Remembered
from mlxkernel_plugins.anthropic.stream import PING
from mlxkernel_plugins.anthropic.system_lines import SystemLines

MESSAGES: Any = Anthropic(SystemLines({})).routes()[0]
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
USAGE = Usage(prompt_tokens=7, completion_tokens=3, cached_tokens=2, reasoning_tokens=1)
COUNTS = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 2,
    "output_tokens": 3,
    "output_tokens_details": {"thinking_tokens": 1},
}


def request(**fields: Any) -> Request:
    base: dict[str, Any] = {"id": "req_42", "model": "tiny", "input": Conversation(()), "stream": True}
    return Request(**{**base, "max_tokens": 100, "extra": Remembered(False), **fields})


def ended(*events: Event, reason: FinishReason = FinishReason.STOP, stop: str | None = None) -> list[Event]:
    """A whole run with these events in its middle."""
    run = [Started(7, 2), *events, ChoiceFinished(0, reason, stop), Finished(USAGE)]
    check_law(run)
    return run


def raw(asked: Request, events: list[Event]) -> bytes:
    encoder = MESSAGES.encoder(asked)
    return b"".join([*(encoder.feed(event) for event in events), encoder.close()])


def stream(asked: Request, events: list[Event]) -> list[tuple[str, Any]]:
    """The names and payloads of the events, read as careless clients do: by every line end there is."""
    lines = raw(asked, events).decode().splitlines()
    assert len(lines) % 3 == 0 and not any(lines[2::3])
    names = [line.removeprefix("event: ") for line in lines[::3]]
    payloads = [msgspec.json.decode(line.removeprefix("data: ")) for line in lines[1::3]]
    assert [payload["type"] for payload in payloads] == names
    return list(zip(names, payloads, strict=True))


def whole(asked: Request, events: list[Event]) -> dict[str, Any]:
    reply = MESSAGES.answer(asked, fold(events))
    assert (reply.status, reply.content_type) == (200, "application/json")
    document: dict[str, Any] = msgspec.json.decode(reply.body)
    Message.model_validate(document)
    return document


def put_together(events: list[tuple[str, Any]]) -> dict[str, Any]:
    """The answer as the official client puts it together from the events."""
    snapshot: Any = None
    pieces: dict[int, bytes] = {}
    for name, payload in events:
        if name != "ping":
            event = EVENT.validate_python(payload)
            snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=pieces)
    document: dict[str, Any] = snapshot.to_dict()
    return document


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """A message without the nulls that the client's accumulator adds for itself."""
    return {
        name: [{key: value for key, value in block.items() if value is not None} for block in value]
        if name == "content"
        else value
        for name, value in document.items()
        if value is not None
    }


def test_a_whole_answer_in_full() -> None:
    events = ended(
        ReasoningDelta(0, "hm"),
        TextDelta(0, "Let me see."),
        ToolCallStarted(0, 0, "call_1", "f"),
        ToolCallDelta(0, 0, '{"a": '),
        ToolCallDelta(0, 0, "1.0}"),
        ToolCallEnded(0, 0),
        reason=FinishReason.TOOL_CALLS,
    )
    assert whole(request(), events) == {
        "id": "msg_42",
        "type": "message",
        "role": "assistant",
        "model": "tiny",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "mlxkernel"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1.0}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": COUNTS,
    }


def test_the_order_of_a_stream() -> None:
    events = ended(
        Progress("prefill", 1, 2),
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(0, "", 1),
        TextDelta(0, "a"),
        TextDelta(0, "b"),
        ToolCallStarted(0, 0, "call_1", "f"),
        ToolCallDelta(0, 0, ""),
        ToolCallDelta(0, 0, "{}"),
        ToolCallEnded(0, 0),
        TextDelta(0, "c"),
        stop="END",
    )
    begun = {"input_tokens": 5, "output_tokens": 0, "output_tokens_details": {"thinking_tokens": 0}}
    message = {
        "id": "msg_42",
        "type": "message",
        "role": "assistant",
        "model": "tiny",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**COUNTS, **begun},
    }

    def start(index: int, **block: Any) -> dict[str, Any]:
        return {"type": "content_block_start", "index": index, "content_block": block}

    def delta(index: int, type: str, **grown: Any) -> dict[str, Any]:
        return {"type": "content_block_delta", "index": index, "delta": {"type": type, **grown}}

    def stop(index: int) -> dict[str, Any]:
        return {"type": "content_block_stop", "index": index}

    assert [payload for _, payload in stream(request(), events)] == [
        {"type": "message_start", "message": message},
        start(0, type="thinking", thinking="", signature=""),
        {"type": "ping"},
        delta(0, "thinking_delta", thinking="h"),
        delta(0, "thinking_delta", thinking="m"),
        delta(0, "signature_delta", signature="mlxkernel"),
        stop(0),
        start(1, type="text", text=""),
        delta(1, "text_delta", text="a"),
        delta(1, "text_delta", text="b"),
        stop(1),
        start(2, type="tool_use", id="call_1", name="f", input={}),
        delta(2, "input_json_delta", partial_json="{}"),
        stop(2),
        start(3, type="text", text=""),
        delta(3, "text_delta", text="c"),
        stop(3),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
            "usage": COUNTS,
        },
        {"type": "message_stop"},
    ]


def test_an_answer_without_a_word() -> None:
    assert [name for name, _ in stream(request(), ended())] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    assert whole(request(), ended())["content"] == []


@pytest.mark.parametrize(
    ("reason", "stop", "max_tokens", "expected"),
    [
        (FinishReason.STOP, None, 100, ("end_turn", None)),
        (FinishReason.STOP, "END", 100, ("stop_sequence", "END")),
        (FinishReason.LENGTH, None, 3, ("max_tokens", None)),
        (FinishReason.LENGTH, None, 4, ("model_context_window_exceeded", None)),
        (FinishReason.TOOL_CALLS, None, 100, ("tool_use", None)),
    ],
)
def test_stop_reasons(reason: FinishReason, stop: str | None, max_tokens: int, expected: Any) -> None:
    asked, events = request(max_tokens=max_tokens), ended(TextDelta(0, "a"), reason=reason, stop=stop)
    document = whole(asked, events)
    assert (document["stop_reason"], document["stop_sequence"]) == expected
    [delta] = [payload["delta"] for name, payload in stream(asked, events) if name == "message_delta"]
    assert (delta["stop_reason"], delta["stop_sequence"]) == expected


def test_thoughts_that_are_left_out() -> None:
    asked = request(extra=Remembered(True))
    events = ended(ReasoningDelta(0, "h"), ReasoningDelta(0, "m"), TextDelta(0, "a"))
    thought = {"type": "thinking", "thinking": "", "signature": "mlxkernel"}
    assert whole(asked, events)["content"] == [thought, {"type": "text", "text": "a"}]
    assert b"thinking_delta" not in raw(asked, events)
    assert plain(put_together(stream(asked, events))) == plain(whole(asked, events))


def test_a_call_that_breaks_off_keeps_what_is_whole() -> None:
    arguments = '{"a": [1, {"b": "é"}, "cut'
    events = ended(
        ToolCallStarted(0, 0, "c", "f"), ToolCallDelta(0, 0, arguments), reason=FinishReason.LENGTH
    )
    assert whole(request(), events)["content"][0]["input"] == {"a": [1, {"b": "é"}]}
    assert plain(put_together(stream(request(), events))) == plain(whole(request(), events))


def test_a_failure_ends_the_stream() -> None:
    fault = Fault(kind=FaultKind.OVERLOADED, message="No room.", code="full")
    names = stream(request(), [Started(7), TextDelta(0, "a"), Failed(fault)])
    assert [name for name, _ in names][-2:] == ["content_block_delta", "error"]
    assert names[-1][1] == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "No room.", "details": {"error_code": "full"}},
        "request_id": "req_42",
    }


def test_signs_of_life() -> None:
    encoder = MESSAGES.encoder(request())
    assert encoder.keep_alive() == framing.COMMENT
    encoder.feed(Started(7))
    assert encoder.keep_alive() == PING == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert encoder.feed(Progress("prefill", 1, 2)) == b""
    assert encoder.content_type == "text/event-stream; charset=utf-8"


texts = st.text(max_size=6) | st.sampled_from(
    ["", "\u2028", "\x85", "\u2029\n", '"\\', "event: x\ndata: y\n\n"]
)
objects = st.dictionaries(st.text(max_size=3), st.integers() | texts, max_size=3)


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    """Runs with words, thoughts and calls in any order."""
    events: list[Event] = []
    calls = 0
    for _ in range(draw(st.integers(0, 6))):
        match draw(st.sampled_from(["text", "thought", "call"])):
            case "text":
                events.append(TextDelta(0, draw(texts)))
            case "thought":
                events.append(ReasoningDelta(0, draw(texts)))
            case _:
                arguments = msgspec.json.encode(draw(objects)).decode()
                cut = draw(st.integers(0, len(arguments)))
                pieces = (ToolCallDelta(0, calls, piece) for piece in (arguments[:cut], arguments[cut:]))
                call = [ToolCallStarted(0, calls, f"call_{calls}", draw(st.text(min_size=1))), *pieces]
                events.extend([*call, ToolCallEnded(0, calls)])
                calls += 1
    return ended(*events, reason=FinishReason.TOOL_CALLS if calls else FinishReason.STOP)


@given(runs(), st.booleans())
@settings(deadline=None)
def test_a_stream_put_together_is_the_whole_answer(events: list[Event], hides: bool) -> None:
    asked = request(extra=Remembered(hides))
    assert plain(put_together(stream(asked, events))) == plain(whole(asked, events))


@given(texts)
def test_the_bytes_of_a_delta_are_those_of_its_struct(words: str) -> None:
    def encoded(delta: Any) -> bytes:
        payload = msgspec.json.encode(replies.BlockDelta(0, delta))
        return framing.event(payload, "content_block_delta")

    for event, delta in (
        (TextDelta(0, words), replies.TextDelta(words)),
        (ReasoningDelta(0, words), replies.ThinkingDelta(words)),
    ):
        encoder = MESSAGES.encoder(request())
        encoder.feed(Started(7))
        assert encoder.feed(event).endswith(encoded(delta) if words else b"")
    encoder = MESSAGES.encoder(request())
    encoder.feed(ToolCallStarted(0, 0, "c", "f"))
    grown = encoder.feed(ToolCallDelta(0, 0, words))
    assert grown == (encoded(replies.InputJsonDelta(words)) if words else b"")
