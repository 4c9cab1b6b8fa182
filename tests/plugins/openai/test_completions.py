"""Raw completions: the legacy shapes, whole and streamed."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion

from mlxkernel import framing
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    Alternative,
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.request import Prompts, Request
from mlxkernel_plugins.openai import OpenAI
from mlxkernel_plugins.openai.replies import TextCompletion

COMPLETIONS: Any = OpenAI(clock=lambda: 1_700_000_000.9).routes()[1]
USAGE = Usage(prompt_tokens=7, completion_tokens=3)


def request(**fields: Any) -> Request:
    base: dict[str, Any] = {"id": "req_42", "model": "tiny", "input": Prompts(("a", "b")), "stream": True}
    return Request(**{**base, **fields})


def stream(asked: Request, events: list[Event]) -> list[bytes]:
    encoder = COMPLETIONS.encoder(asked)
    data = b"".join([*(encoder.feed(event) for event in events), encoder.close()])
    lines = [line for line in data.decode().splitlines() if line]
    assert lines[-1] == "data: [DONE]"
    return [line.removeprefix("data: ").encode() for line in lines[:-1]]


def whole(asked: Request, events: list[Event]) -> dict[str, Any]:
    reply = COMPLETIONS.answer(asked, fold(events))
    document: dict[str, Any] = msgspec.json.decode(reply.body)
    Completion.model_validate(document)
    return document


def put_together(payloads: list[bytes]) -> list[dict[str, Any]]:
    """The choices that the chunks make: texts and lists of logprobs joined."""
    choices: dict[int, dict[str, Any]] = {}
    for payload in payloads:
        for piece in msgspec.json.decode(payload)["choices"]:
            choice = choices.setdefault(piece["index"], {**piece, "text": "", "logprobs": None})
            choice["text"] += piece["text"]
            choice["finish_reason"] = piece["finish_reason"]
            if piece["logprobs"] is None:
                continue
            if choice["logprobs"] is None:
                choice["logprobs"] = piece["logprobs"]
                continue
            for name, values in piece["logprobs"].items():
                if values is not None:
                    choice["logprobs"][name] += values
    return [choice for _, choice in sorted(choices.items())]


tokens = st.builds(
    TokenLogprob,
    st.integers(0, 99),
    st.binary(max_size=3),
    st.floats(-20000, 0),
    st.lists(
        st.builds(Alternative, st.integers(0, 99), st.binary(max_size=3), st.floats(-50, 0)), max_size=2
    ).map(tuple),
)
deltas = st.builds(
    TextDelta,
    st.integers(0, 1),
    st.text(max_size=6) | st.sampled_from(["", "\u2028"]),
    st.just(1),
    st.lists(tokens, max_size=2).map(tuple),
)


@settings(max_examples=80, deadline=None)
@given(
    said=st.lists(deltas, max_size=8),
    logprobs=st.sampled_from([None, 0, 2]),
    reason=st.sampled_from(FinishReason),
)
def test_a_stream_put_together_is_the_whole_answer(
    said: list[TextDelta], logprobs: int | None, reason: FinishReason
) -> None:
    ends: list[Event] = [ChoiceFinished(0, reason), ChoiceFinished(1, FinishReason.LENGTH)]
    events: list[Event] = [Started(7), *said, *ends, Finished(USAGE)]
    asked = request(logprobs=logprobs, extra={"include_usage": True})
    payloads = stream(asked, events)
    document = whole(asked, events)
    assert put_together(payloads) == document["choices"]
    assert msgspec.json.decode(payloads[-1])["usage"] == document["usage"]
    for payload in payloads:
        chunk = msgspec.json.decode(payload, type=TextCompletion)
        assert framing.one_line(msgspec.json.encode(chunk)) == payload


def test_a_stream_chunk_by_chunk() -> None:
    events: list[Event] = [
        Started(7),
        TextDelta(1, "Hi"),
        TextDelta(0, ""),
        ReasoningDelta(0, "a raw completion does not think"),
        ChoiceFinished(1, FinishReason.LENGTH),
        ChoiceFinished(0, FinishReason.TOOL_CALLS),
        Finished(USAGE),
    ]
    chunks = [msgspec.json.decode(payload) for payload in stream(request(), events)]
    assert all(chunk["id"] == "cmpl-42" and chunk["object"] == "text_completion" for chunk in chunks)
    assert all("usage" not in chunk for chunk in chunks)
    assert [chunk["choices"] for chunk in chunks] == [
        [{"index": 1, "text": "Hi", "logprobs": None, "finish_reason": None}],
        [{"index": 1, "text": "", "logprobs": None, "finish_reason": "length"}],
        [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}],
    ]


def test_logprobs_in_the_legacy_form() -> None:
    said = (
        TokenLogprob(1, b" a", -0.5, (Alternative(1, b" a", -0.5), Alternative(2, b"b", float("-inf")))),
        TokenLogprob(3, b"\xe2\x82", -1.0, (Alternative(4, b"c", -0.75),)),
        TokenLogprob(5, b"\xac", float("nan")),
        TokenLogprob(6, b"!", -0.25),
    )
    events: list[Event] = [
        Started(7),
        TextDelta(0, " a", 1, said[:1]),
        TextDelta(0, "", 1, said[1:2]),
        TextDelta(0, "€!", 2, said[2:]),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(USAGE),
    ]
    expected = {
        "tokens": [" a", "bytes:\\xe2\\x82", "bytes:\\xac", "!"],
        "token_logprobs": [-0.5, -1.0, -9999.0, -0.25],
        "top_logprobs": [
            {" a": -0.5, "b": -9999.0},
            {"c": -0.75, "bytes:\\xe2\\x82": -1.0},
            {"bytes:\\xac": -9999.0},
            {"!": -0.25},
        ],
        "text_offset": [0, 2, 2, 3],
    }
    [choice] = whole(request(logprobs=2), events)["choices"]
    assert choice["logprobs"] == expected
    [choice] = whole(request(logprobs=0), events)["choices"]
    assert choice["logprobs"] == {**expected, "top_logprobs": None}


def test_a_failure_is_one_error_event_and_the_end() -> None:
    fault = Fault(kind=FaultKind.OVERLOADED, message="The server is shutting down.", code="shutting_down")
    payloads = stream(request(), [Started(7), TextDelta(0, "Hel"), Failed(fault)])
    assert [b'"error"' in payload for payload in payloads] == [False, True]
    assert msgspec.json.decode(payloads[-1])["error"]["type"] == "service_unavailable"


def test_what_is_sent_while_nothing_happens_is_a_comment() -> None:
    assert COMPLETIONS.encoder(request()).keep_alive() == b": keep-alive\n\n"
