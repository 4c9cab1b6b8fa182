"""Chat answers: every payload is one of OpenAI's types, and a stream put together is the whole answer."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from mlxkernel import __version__, framing
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    Alternative,
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
from mlxkernel.fold import fold
from mlxkernel.request import Conversation, Request
from mlxkernel.testing import check_law
from mlxkernel_plugins.openai import OpenAI, generation
from mlxkernel_plugins.openai.replies import ChatChunk

CHAT: Any = OpenAI(clock=lambda: 1_700_000_000.9).routes()[0]
USAGE = Usage(prompt_tokens=7, completion_tokens=3, cached_tokens=2, reasoning_tokens=1)


def request(**fields: Any) -> Request:
    base: dict[str, Any] = {"id": "req_42", "model": "tiny", "input": Conversation(()), "stream": True}
    return Request(**{**base, **fields})


def with_usage(**fields: Any) -> Request:
    return request(extra={"include_usage": True}, **fields)


def stream(asked: Request, events: list[Event]) -> list[bytes]:
    """The payloads of the stream, without its end, which is checked here."""
    encoder = CHAT.encoder(asked)
    data = b"".join([*(encoder.feed(event) for event in events), encoder.close()])
    # Split as careless clients do: by every line end that Unicode knows.
    lines = [line for line in data.decode().splitlines() if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]" and lines.count("data: [DONE]") == 1
    return [line.removeprefix("data: ").encode() for line in lines[:-1]]


def whole(asked: Request, events: list[Event]) -> dict[str, Any]:
    reply = CHAT.answer(asked, fold(events))
    assert (reply.status, reply.content_type) == (200, "application/json")
    document: dict[str, Any] = msgspec.json.decode(reply.body)
    ChatCompletion.model_validate(document)
    return document


def put_together(payloads: list[bytes]) -> dict[str, Any]:
    """The answer as the official client puts it together from the chunks."""
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for payload in payloads:
        state.handle_chunk(ChatCompletionChunk.model_validate(msgspec.json.decode(payload)))
    return state.current_completion_snapshot.to_dict()


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """A completion without what the client's accumulator adds for itself, and with its nulls filled in."""
    document["choices"] = [
        {
            "index": choice["index"],
            "finish_reason": choice["finish_reason"],
            "logprobs": choice.get("logprobs"),
            # A stream says "" before it knows that only calls will come.
            "content": choice["message"]["content"] or "",
            "role": choice["message"]["role"],
            "reasoning": (
                choice["message"].get("reasoning_content"),
                choice["message"].get("reasoning"),
            ),
            "calls": [
                (call["id"], call["type"], call["function"]["name"], call["function"]["arguments"])
                for call in choice["message"].get("tool_calls") or ()
            ],
            "legacy call": choice["message"].get("function_call"),
        }
        for choice in document["choices"]
    ]
    return document


texts = st.text(max_size=6) | st.sampled_from(["", "\u2028", "\x85", "\u2029\n", '"\\', "data: [DONE]\n\n"])
tokens = st.builds(
    TokenLogprob,
    st.integers(0, 99),
    st.binary(max_size=3),
    st.floats(-20000, 0),
    st.lists(
        st.builds(Alternative, st.integers(0, 99), st.binary(max_size=3), st.floats(-50, 0)), max_size=2
    ).map(tuple),
)


@st.composite
def choice_events(draw: st.DrawFn, index: int) -> list[Event]:
    events: list[Event] = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["text", "reasoning", "tool"]))
        if kind == "text":
            logprobs = tuple(draw(st.lists(tokens, max_size=2)))
            events.append(TextDelta(index, draw(texts), len(logprobs), logprobs))
        elif kind == "reasoning":
            events.append(ReasoningDelta(index, draw(texts)))
        else:
            call = sum(isinstance(event, ToolCallStarted) for event in events)
            events.append(ToolCallStarted(index, call, f"call_{index}_{call}", "get-weather"))
            events.extend(ToolCallDelta(index, call, text) for text in draw(st.lists(texts, max_size=3)))
            events.append(ToolCallEnded(index, call))
    return [*events, ChoiceFinished(index, draw(st.sampled_from(FinishReason)))]


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, list[Event]]:
    """A lawful run of one to three choices, whose events are mixed."""
    n = draw(st.integers(1, 3))
    queues = [draw(choice_events(index)) for index in range(n)]
    order = draw(st.permutations([i for i, queue in enumerate(queues) for _ in queue]))
    iterators = [iter(queue) for queue in queues]
    mixed = [next(iterators[i]) for i in order]
    return n, [Progress("queued", 1, 2), Started(7), Progress("prefill"), *mixed, Finished(USAGE)]


@settings(max_examples=80, deadline=None)
@given(run=runs(), logprobs=st.sampled_from([None, 0, 2]), legacy=st.booleans())
def test_a_stream_put_together_is_the_whole_answer(
    run: tuple[int, list[Event]], logprobs: int | None, legacy: bool
) -> None:
    n, events = run
    check_law(events)
    asked = with_usage(n=n, logprobs=logprobs)
    if legacy:
        asked = generation.remember(asked, generation.LEGACY_CALLS)
    streamed = plain(put_together(stream(asked, events)))
    expected = plain(whole(asked, events))
    streamed["object"] = expected["object"]
    assert streamed == expected


@settings(max_examples=40, deadline=None)
@given(run=runs(), logprobs=st.sampled_from([None, 0]), include_usage=st.booleans(), legacy=st.booleans())
def test_every_chunk_is_its_struct_encoded(
    run: tuple[int, list[Event]], logprobs: int | None, include_usage: bool, legacy: bool
) -> None:
    n, events = run
    asked = with_usage(n=n, logprobs=logprobs) if include_usage else request(n=n, logprobs=logprobs)
    if legacy:
        asked = generation.remember(asked, generation.LEGACY_CALLS)
    for payload in stream(asked, events):
        chunk = msgspec.json.decode(payload, type=ChatChunk)
        assert framing.one_line(msgspec.json.encode(chunk)) == payload


@settings(max_examples=40, deadline=None)
@given(run=runs())
def test_no_delta_is_empty(run: tuple[int, list[Event]]) -> None:
    n, events = run
    for payload in stream(request(n=n), events):
        [choice] = msgspec.json.decode(payload)["choices"]
        delta = choice["delta"]
        if "role" in delta:
            assert delta == {"role": "assistant", "content": ""}
        elif choice["finish_reason"] is not None:
            assert delta == {}
        else:
            if "reasoning" in delta:
                assert delta.pop("reasoning") == delta["reasoning_content"]
            [value] = delta.values()
            assert value


def test_a_stream_chunk_by_chunk() -> None:
    events: list[Event] = [
        Started(7),
        TextDelta(1, "Hel"),
        TextDelta(0, "Hi"),
        TextDelta(1, ""),
        TextDelta(1, "lo"),
        ChoiceFinished(0, FinishReason.STOP),
        ChoiceFinished(1, FinishReason.LENGTH),
        Finished(USAGE),
    ]
    chunks = [msgspec.json.decode(payload) for payload in stream(with_usage(n=2), events)]
    head = {
        "id": "chatcmpl-42",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "tiny",
        "system_fingerprint": "mlxkernel-" + __version__,
    }

    def chunk(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**head, "choices": [choice], "usage": None}

    assert chunks == [
        chunk(0, {"role": "assistant", "content": ""}),
        chunk(1, {"role": "assistant", "content": ""}),
        chunk(1, {"content": "Hel"}),
        chunk(0, {"content": "Hi"}),
        chunk(1, {"content": "lo"}),
        chunk(0, {}, "stop"),
        chunk(1, {}, "length"),
        {
            **head,
            "choices": [],
            "usage": {
                "prompt_tokens": 7,
                "completion_tokens": 3,
                "total_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        },
    ]


def test_a_first_token_says_the_role_at_once() -> None:
    encoder = CHAT.encoder(request())
    assert encoder.feed(Started(7)) == b""
    assert encoder.feed(Progress("prefill", 1, 7)) == b""
    first = encoder.feed(TextDelta(0, "Hi"))
    assert first.count(b"data: ") == 2
    assert first.index(b'"role":"assistant"') < first.index(b'"content":"Hi"')
    assert encoder.feed(TextDelta(0, "!")).count(b"data: ") == 1


def test_usage_is_only_sent_to_who_asked() -> None:
    events: list[Event] = [Started(1), ChoiceFinished(0, FinishReason.STOP), Finished(USAGE)]
    assert all(b'"usage"' not in payload for payload in stream(request(), events))
    assert [b'"usage":null' in payload for payload in stream(with_usage(), events)] == [True, True, False]


def test_tool_calls_name_themselves_once() -> None:
    events: list[Event] = [
        Started(7),
        ToolCallStarted(0, 0, "a", "f"),
        ToolCallDelta(0, 0, '{"x"'),
        ToolCallDelta(0, 0, ":1}"),
        ToolCallEnded(0, 0),
        ToolCallStarted(0, 1, "b", "g"),
        ToolCallEnded(0, 1),
        ChoiceFinished(0, FinishReason.TOOL_CALLS),
        Finished(USAGE),
    ]
    chunks = [msgspec.json.decode(payload)["choices"][0] for payload in stream(request(), events)]
    deltas = [chunk["delta"]["tool_calls"][0] for chunk in chunks if "tool_calls" in chunk["delta"]]
    assert deltas == [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"x"'}},
        {"index": 0, "function": {"arguments": ":1}"}},
        {"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
    ]
    assert chunks[-1]["finish_reason"] == "tool_calls"
    message = whole(request(), events)["choices"][0]["message"]
    assert message == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
        ],
    }


def test_logprobs_of_a_split_character_wait_for_its_text() -> None:
    halves = [TokenLogprob(1, b"\xc3", -0.5), TokenLogprob(2, b"\xa4", -0.25)]
    events: list[Event] = [
        Started(7),
        TextDelta(0, "", 1, (halves[0],)),
        TextDelta(0, "ä", 1, (halves[1],)),
        TextDelta(0, "", 1, (halves[0],)),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(USAGE),
    ]
    chunks = [msgspec.json.decode(payload)["choices"][0] for payload in stream(request(logprobs=0), events)]
    assert [chunk["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""},
        {"content": "ä"},
        {},
    ]
    first = {"token": "\\xc3", "logprob": -0.5, "bytes": [0xC3], "top_logprobs": []}
    second = {"token": "\\xa4", "logprob": -0.25, "bytes": [0xA4], "top_logprobs": []}
    assert [chunk["logprobs"] for chunk in chunks] == [
        None,
        {"content": [first, second], "refusal": None},
        {"content": [first], "refusal": None},
    ]


@pytest.mark.parametrize("before", [[], [Started(7)], [Started(7), TextDelta(0, "Hel")]])
def test_a_failure_is_one_error_event_and_the_end(before: list[Event]) -> None:
    fault = Fault(kind=FaultKind.INTERNAL, message="The model's process ended.", code="engine_crashed")
    payloads = stream(with_usage(), [*before, Failed(fault)])
    assert [b'"error"' in payload for payload in payloads] == [False] * (len(payloads) - 1) + [True]
    assert msgspec.json.decode(payloads[-1]) == {
        "error": {
            "message": "The model's process ended.",
            "type": "server_error",
            "param": None,
            "code": "engine_crashed",
        }
    }


def test_what_is_sent_while_nothing_happens_is_a_comment() -> None:
    encoder = CHAT.encoder(request())
    assert encoder.keep_alive() == b": keep-alive\n\n"
    assert encoder.content_type == "text/event-stream; charset=utf-8"


def test_the_whole_answer_names_the_model_that_answered() -> None:
    events: list[Event] = [
        Started(7),
        ReasoningDelta(0, "hm"),
        TextDelta(0, "Hi"),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(USAGE),
    ]
    document = whole(request(model="qwen"), events)
    choices = document.pop("choices")
    assert list(itertools.islice(document.items(), 5)) == [
        ("id", "chatcmpl-42"),
        ("object", "chat.completion"),
        ("created", 1_700_000_000),
        ("model", "qwen"),
        ("system_fingerprint", "mlxkernel-" + __version__),
    ]
    message = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "reasoning_content": "hm",
        "reasoning": "hm",
    }
    assert choices == [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
