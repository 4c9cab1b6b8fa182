"""Calls in answers: the official client's accumulator makes of the chunks what the whole answer says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
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
from mlxkernel_plugins.openai import OpenAI, generation

CHAT: Any = OpenAI(clock=lambda: 1_700_000_000.9).routes()[0]
USAGE = Usage(prompt_tokens=7, completion_tokens=9, reasoning_tokens=2)


def request(**fields: Any) -> Request:
    asked = Request(id="req_42", model="tiny", input=Conversation(()), stream=True, **fields)
    return generation.remember(asked, "include_usage")


def call(number: int, name: str, *arguments: str) -> list[Event]:
    deltas = [ToolCallDelta(0, number, text) for text in arguments]
    return [ToolCallStarted(0, number, f"call_{number}", name), *deltas, ToolCallEnded(0, number)]


def run(*events: Event) -> list[Event]:
    return [Started(7), *events, ChoiceFinished(0, FinishReason.TOOL_CALLS), Finished(USAGE)]


ONE = call(0, "get-weather", '{"ci', 'ty": "O', 'slo \u2028"}')
TWO = call(1, "get_time", "{}")
RUNS = {
    "one": run(*ONE),
    "two": run(*ONE, *TWO),
    "no arguments": run(*call(0, "f")),
    "text before": run(TextDelta(0, "Let me see."), *ONE),
    "text between and after": run(TextDelta(0, "a"), *ONE, TextDelta(0, "b"), *TWO, TextDelta(0, "c")),
    "thought before": run(ReasoningDelta(0, "h"), ReasoningDelta(0, ""), ReasoningDelta(0, "m"), *ONE),
}


def payloads(asked: Request, events: list[Event]) -> list[dict[str, Any]]:
    encoder = CHAT.encoder(asked)
    lines = b"".join(map(encoder.feed, events)).decode().split("\n\n")
    return [msgspec.json.decode(line.removeprefix("data: ")) for line in lines if line]


def accumulated(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk))
    return state.get_final_completion().model_dump(exclude_none=True)


def whole(asked: Request, events: list[Event]) -> dict[str, Any]:
    document = msgspec.json.decode(CHAT.answer(asked, fold(events)).body)
    return ChatCompletion.model_validate(document).model_dump(exclude_none=True)


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """An answer without what a stream alone has: an index in each call, "" for content that never came."""
    [choice] = document["choices"]
    message = choice["message"]
    for made in message.get("tool_calls", ()):
        made.pop("index", None)
        # The client's own reading of the arguments of strict tools.
        made["function"].pop("parsed_arguments", None)
    if not message.get("content"):
        message.pop("content", None)
    message.pop("parsed", None)
    return {"usage": document["usage"], "choice": choice}


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("events", RUNS.values(), ids=RUNS)
def test_streamed_calls_are_the_whole_answers(events: list[Event], legacy: bool) -> None:
    asked = request()
    if legacy:
        asked = generation.remember(asked, generation.LEGACY_CALLS)
    streamed = comparable(accumulated(payloads(asked, events)))
    assert streamed == comparable(whole(asked, events))
    assert streamed["choice"]["finish_reason"] == ("function_call" if legacy else "tool_calls")
    assert streamed["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}


def test_two_parallel_calls_whole() -> None:
    [choice] = whole(request(), RUNS["two"])["choices"]
    assert [
        (made["id"], made["type"], made["function"]["name"], made["function"]["arguments"])
        for made in choice["message"]["tool_calls"]
    ] == [
        ("call_0", "function", "get-weather", '{"city": "Oslo \u2028"}'),
        ("call_1", "function", "get_time", "{}"),
    ]


@pytest.mark.parametrize(
    ("events", "content"),
    [(RUNS["one"], None), (RUNS["text between and after"], "abc"), (run(), "")],
    ids=["calls alone", "calls and text", "nothing at all"],
)
def test_content_is_null_only_beside_calls(events: list[Event], content: str | None) -> None:
    document = msgspec.json.decode(CHAT.answer(request(), fold(events)).body)
    assert document["choices"][0]["message"]["content"] == content


def test_every_fragment_has_its_index_and_only_the_first_a_name() -> None:
    chunks = payloads(request(), RUNS["two"])
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    fragments = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert [fragment["index"] for fragment in fragments] == [0, 0, 0, 0, 1, 1]
    assert [fragment.get("id") for fragment in fragments] == ["call_0", None, None, None, "call_1", None]
    assert ["name" in fragment["function"] for fragment in fragments] == [
        "id" in fragment for fragment in fragments
    ]


def test_a_legacy_call_chunk_by_chunk() -> None:
    asked = generation.remember(request(), generation.LEGACY_CALLS)
    chunks = payloads(asked, run(*call(0, "f", '{"x"', ":1}"), *TWO))
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert [choice["delta"] for choice in choices] == [
        {"role": "assistant", "content": ""},
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": '{"x"'}},
        {"function_call": {"arguments": ":1}"}},
        {},
    ]
    assert choices[-1]["finish_reason"] == "function_call"
    document = msgspec.json.decode(CHAT.answer(asked, fold(run(*call(0, "f", '{"x":1}'), *TWO))).body)
    assert document["choices"][0]["message"] == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "function_call": {"name": "f", "arguments": '{"x":1}'},
    }


def test_a_legacy_answer_without_a_call_is_any_answer() -> None:
    asked = generation.remember(request(), generation.LEGACY_CALLS)
    events: list[Event] = [
        Started(7),
        TextDelta(0, "Hi"),
        ChoiceFinished(0, FinishReason.STOP),
        Finished(USAGE),
    ]
    assert comparable(accumulated(payloads(asked, events))) == comparable(whole(asked, events))
    assert payloads(asked, events)[:-1] == payloads(request(), events)[:-1]


def test_thoughts_come_under_both_names_and_never_empty() -> None:
    chunks = payloads(request(), RUNS["thought before"])
    thoughts = [
        chunk["choices"][0]["delta"]
        for chunk in chunks
        if chunk["choices"] and "reasoning" in chunk["choices"][0]["delta"]
    ]
    assert thoughts == [{"reasoning_content": text, "reasoning": text} for text in "hm"]


def test_logprobs_are_those_of_the_text() -> None:
    said = TokenLogprob(1, b"a", -0.5)
    events = run(ReasoningDelta(0, "hm"), TextDelta(0, "a", 1, (said,)), *ONE)
    asked = request(logprobs=0)
    chunks = payloads(asked, events)
    streamed = [chunk["choices"][0]["logprobs"] for chunk in chunks if chunk["choices"]]
    expected = {
        "content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}],
        "refusal": None,
    }
    assert [logprobs for logprobs in streamed if logprobs] == [expected]
    document = msgspec.json.decode(CHAT.answer(asked, fold(events)).body)
    assert document["choices"][0]["logprobs"] == expected
