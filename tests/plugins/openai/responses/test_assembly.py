"""From events to items: their order, their endings, and that the stream and the whole answer agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.openai.responses.harness import NOW, Desk, said

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
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.testing import check_law
from mlxkernel_plugins.openai.responses import thoughts

CALLS: list[Event] = [
    Started(5),
    ReasoningDelta(0, "h"),
    ReasoningDelta(0, "m"),
    TextDelta(0, "I "),
    TextDelta(0, "call."),
    ToolCallStarted(0, 0, "c1", "add"),
    ToolCallDelta(0, 0, '{"a"'),
    ToolCallDelta(0, 0, ": 1}"),
    ToolCallEnded(0, 0),
    ToolCallStarted(0, 1, "c2", "now"),
    ToolCallDelta(0, 1, "{}"),
    ToolCallEnded(0, 1),
    ChoiceFinished(0, FinishReason.TOOL_CALLS),
    Finished(Usage(5, 9, 4, 2)),
]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def kinds(events: list[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_a_whole_answer_has_every_field(desk: Desk) -> None:
    answer = desk.whole(instructions="be kind", metadata={"k": "v"}, temperature=0.5, user="u")
    assert answer == {
        "id": "resp_0",
        "object": "response",
        "created_at": int(NOW),
        "completed_at": int(NOW),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": "be kind",
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "m",
        "output": [
            {
                "type": "message",
                "id": "msg_0_0",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}],
            }
        ],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": True,
        "temperature": 0.5,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": None,
        "truncation": "disabled",
        "usage": {
            "input_tokens": 5,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 8,
        },
        "user": "u",
        "metadata": {"k": "v"},
    }


def test_the_events_of_a_message(desk: Desk) -> None:
    events = desk.streamed()
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    created, _, added, part, delta, done, part_done, item_done, completed = events
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    assert created["response"]["usage"] is None
    item = {"type": "message", "id": "msg_0_0", "role": "assistant"}
    text = {"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}
    place = {"item_id": "msg_0_0", "output_index": 0, "content_index": 0}
    assert added["item"] == {**item, "status": "in_progress", "content": []}
    assert part == {**place, "type": part["type"], "sequence_number": 3, "part": {**text, "text": ""}}
    assert delta == {**place, "type": delta["type"], "sequence_number": 4, "delta": "Hello", "logprobs": []}
    assert done == {**place, "type": done["type"], "sequence_number": 5, "text": "Hello", "logprobs": []}
    assert part_done["part"] == text
    assert item_done["item"] == {**item, "status": "completed", "content": [text]}
    assert completed["response"]["output"] == [item_done["item"]]


def test_the_events_of_a_thought_words_and_calls(desk: Desk) -> None:
    check_law(CALLS)
    events = desk.streamed(CALLS)
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    thought, words, add, now = events[-1]["response"]["output"]
    assert thought == {
        "type": "reasoning",
        "id": "rs_0_0",
        "status": "completed",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }
    assert words["content"][0]["text"] == "I call."
    assert add == {
        "type": "function_call",
        "id": "fc_0_2",
        "status": "completed",
        "call_id": "c1",
        "name": "add",
        "arguments": '{"a": 1}',
    }
    assert (now["call_id"], now["arguments"]) == ("c2", "{}")
    finished = [event for event in events if event["type"] == "response.function_call_arguments.done"]
    assert [(event["name"], event["arguments"]) for event in finished] == [("add", '{"a": 1}'), ("now", "{}")]
    indices = [event["output_index"] for event in events if event["type"] == "response.output_item.done"]
    assert indices == [0, 1, 2, 3]


def test_thoughts_go_where_summaries_are_shown_for_who_asked_for_one(desk: Desk) -> None:
    fields = {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    events = desk.streamed(CALLS, **fields)
    assert kinds(events)[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    assert events[3] == {
        "type": "response.reasoning_summary_part.added",
        "sequence_number": 3,
        "item_id": "rs_0_0",
        "output_index": 0,
        "summary_index": 0,
        "part": {"type": "summary_text", "text": ""},
    }
    thought = events[-1]["response"]["output"][0]
    assert thought["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert "content" not in thought
    assert thought["encrypted_content"] == thoughts.sealed("hm")
    assert events[-1]["response"]["reasoning"] == {"effort": None, "summary": "auto"}


def test_an_answer_at_its_limit_is_incomplete(desk: Desk) -> None:
    events = desk.streamed(said("Hel", FinishReason.LENGTH), max_output_tokens=3)
    assert kinds(events)[-1] == "incomplete"
    response = events[-1]["response"]
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert response["completed_at"] is None
    assert response["output"][0]["status"] == "incomplete"
    assert response["usage"]["output_tokens"] == 3


def test_a_call_that_was_cut_short_is_incomplete(desk: Desk) -> None:
    cut = [*CALLS[:7], ToolCallEnded(0, 0), ChoiceFinished(0, FinishReason.LENGTH), Finished(Usage())]
    for events in (cut, [*cut[:7], *cut[8:]]):
        output = desk.streamed(events)[-1]["response"]["output"]
        assert [item["status"] for item in output] == ["completed", "completed", "incomplete"]


FAULT = Fault(kind=FaultKind.INTERNAL, message="The model's process ended.", code="crashed")


def test_a_failure_in_the_middle(desk: Desk) -> None:
    events = desk.streamed([Started(5), TextDelta(0, "Hel"), Failed(FAULT)])
    assert kinds(events)[-4:] == ["output_text.done", "content_part.done", "output_item.done", "failed"]
    response = events[-1]["response"]
    assert response["status"] == "failed"
    assert response["error"] == {"code": "server_error", "message": "The model's process ended."}
    assert response["output"][0]["status"] == "incomplete"
    assert json.loads(desk.store.get("anonymous", "resp_0").response)["status"] == "failed"  # type: ignore[union-attr]


def test_a_failure_before_there_is_a_response(desk: Desk) -> None:
    fault = Fault(kind=FaultKind.OVERLOADED, message="The queue is full.", code="queue_full")
    assert desk.streamed([Progress("loading"), Failed(fault)]) == [
        {
            "type": "error",
            "sequence_number": 0,
            "code": "queue_full",
            "message": "The queue is full.",
            "param": None,
        }
    ]
    assert desk.store.get("anonymous", "resp_0") is None


def test_signs_of_life_and_the_end(desk: Desk) -> None:
    encoder = desk.operation.encoder(desk.read(stream=True))
    assert encoder.content_type == "text/event-stream; charset=utf-8"
    assert encoder.feed(Progress("loading")) == b""
    assert (encoder.keep_alive(), encoder.close()) == (b": keep-alive\n\n", b"")


def test_logprobs_stand_at_the_words_that_they_belong_to(desk: Desk) -> None:
    marks = [
        TokenLogprob(number, piece, -0.5)
        for number, piece in enumerate((b"\xe2", b"\x82\xac", b"!", b"\xe2"))
    ]
    events: list[Event] = [
        Started(1),
        TextDelta(0, "", 1, (marks[0],)),
        TextDelta(0, "€", 1, (marks[1],)),
        TextDelta(0, "!", 1, (marks[2],)),
        TextDelta(0, "", 1, (marks[3],)),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(Usage()),
    ]
    include = ["message.output_text.logprobs"]
    streamed = desk.streamed(events, include=include)
    deltas = [event for event in streamed if event["type"] == "response.output_text.delta"]
    assert [len(delta["logprobs"]) for delta in deltas] == [2, 1]
    [message] = streamed[-1]["response"]["output"]
    assert [mark["bytes"] for mark in message["content"][0]["logprobs"]] == [
        [0xE2],
        [0x82, 0xAC],
        [0x21],
        [0xE2],
    ]
    assert desk.whole(events, include=include)["output"][0]["content"] == message["content"]
    assert desk.whole(events)["output"][0]["content"][0]["logprobs"] == []


# --- streamed and whole ---------------------------------------------------------------------------


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = [Started(3)]
    open_calls: list[int] = []
    calls = 0
    for kind in draw(st.lists(st.sampled_from(["text", "thought", "call", "argue", "end"]), max_size=14)):
        if kind == "text":
            marks = draw(st.lists(st.just(TokenLogprob(1, b"x", -1.0)), max_size=2))
            events.append(TextDelta(0, draw(st.sampled_from(["", "a", "b c", "\u2028"])), 1, tuple(marks)))
        elif kind == "thought":
            events.append(ReasoningDelta(0, draw(st.sampled_from(["", "h", "m"]))))
        elif kind == "call":
            events.append(ToolCallStarted(0, calls, f"c{calls}", "add"))
            open_calls.append(calls)
            calls += 1
        elif open_calls and kind == "argue":
            events.append(ToolCallDelta(0, open_calls[0], draw(st.sampled_from(["", "{", "}", "{}"]))))
        elif open_calls:
            events.append(ToolCallEnded(0, open_calls.pop(0)))
    reason = draw(st.sampled_from(FinishReason))
    return [*events, ChoiceFinished(0, reason), Finished(Usage(3, 4, 1, 2))]


def without_id(value: Any) -> Any:
    """The same without ids, which differ from one request to the next."""
    if isinstance(value, dict):
        return {key: without_id(inner) for key, inner in value.items() if key not in ("id", "item_id")}
    return [without_id(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=200, deadline=None)
@given(runs(), st.booleans(), st.booleans())
def test_a_stream_ends_with_the_whole_answer(events: list[Event], logprobs: bool, summary: bool) -> None:
    check_law(events)
    desk = Desk()
    fields: dict[str, Any] = {"include": ["message.output_text.logprobs"]} if logprobs else {}
    if summary:
        fields["reasoning"] = {"summary": "detailed"}
    streamed = desk.streamed(events, **fields)
    assert without_id(streamed[-1]["response"]) == without_id(desk.whole(events, **fields))
    done = {event["output_index"]: event["item"] for event in streamed if "output_item.done" in event["type"]}
    assert [done[index] for index in sorted(done)] == streamed[-1]["response"]["output"]
    added = [event["output_index"] for event in streamed if "output_item.added" in event["type"]]
    assert added == sorted(done)
    for index, item in done.items():
        mine = [event for event in streamed if event.get("output_index") == index]
        deltas = "".join(event["delta"] for event in mine if event["type"].endswith(".delta"))
        texts = [
            event.get("text", event.get("arguments")) for event in mine if event["type"].endswith("text.done")
        ]
        assert texts in ([], [deltas])
        assert item.get("arguments", deltas) == deltas
