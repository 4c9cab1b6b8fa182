"""Events: the law of any run, and that its fold is the same however it is cut up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    StepOutput,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.flight import Flight
from mlxkernel.fold import fold
from mlxkernel.request import Prompts, Request
from mlxkernel.testing import check_law

REQUEST = Request(id="r", model="m", input=Prompts(("x",)))
FAULT = Fault(kind=FaultKind.INTERNAL, message="sorry", code="c")

# --- lawful runs ----------------------------------------------------------------------------------------

alternatives = st.builds(Alternative, st.integers(0, 9), st.binary(max_size=2), st.floats(-9, 0))
logprobs = st.builds(
    TokenLogprob,
    st.integers(0, 9),
    st.binary(max_size=3),
    st.floats(-9, 0),
    st.lists(alternatives, max_size=2).map(tuple),
)


@st.composite
def choices(draw: st.DrawFn, index: int) -> list[Event]:
    """One choice: text, reasoning and tool calls, and its end."""
    events: list[Event] = []
    calls = 0
    for kind in draw(st.lists(st.sampled_from("tttrc"), max_size=8)):
        if kind == "t":
            noted = tuple(draw(st.lists(logprobs, max_size=2)))
            events.append(TextDelta(index, draw(st.text(max_size=4)), draw(st.integers(0, 3)), noted))
        elif kind == "r":
            events.append(ReasoningDelta(index, draw(st.text(max_size=4))))
        else:
            events.append(ToolCallStarted(index, calls, f"id{index}-{calls}", "tool"))
            parts = draw(st.lists(st.text(max_size=3), max_size=3))
            events += [ToolCallDelta(index, calls, part) for part in parts]
            events.append(ToolCallEnded(index, calls))
            calls += 1
    reason = draw(st.sampled_from(FinishReason))
    return [*events, ChoiceFinished(index, reason, draw(st.none() | st.just("\n")))]


@st.composite
def runs(draw: st.DrawFn) -> list[Event]:
    """A lawful run of up to three choices, interleaved, with progress strewn in."""
    queues = [draw(choices(index)) for index in range(draw(st.integers(1, 3)))]
    events: list[Event] = [Started(3)]
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        events.append(queue.pop(0))
    events.append(Finished(Usage(3, 7, 1, 2)))
    for place in draw(st.lists(st.integers(0, len(events) - 1), max_size=3)):
        events.insert(place, Progress("prefill", 1, 2))
    return events


async def fly(events: Sequence[Event], batches: Sequence[int]) -> list[Event]:
    """The events as a reader gets them that falls behind now and then."""
    flight = Flight(REQUEST)
    seen: list[Event] = []

    async def read() -> None:
        async for event in flight:
            seen.append(event)

    reading = asyncio.ensure_future(read())
    left = list(events)
    for size in batches:
        for event in left[:size]:
            flight.put(event)
        del left[:size]
        await asyncio.sleep(0)
    for event in left:
        flight.put(event)
    await asyncio.wait_for(reading, 5)
    return seen


@settings(deadline=None, max_examples=150)
@given(runs(), st.lists(st.integers(0, 6), max_size=8))
def test_a_run_folds_the_same_however_it_is_batched(events: list[Event], batches: list[int]) -> None:
    check_law(events)
    seen = asyncio.run(fly(events, batches))
    check_law(seen)
    assert fold(seen) == fold(events)
    assert sum(event.tokens for event in seen if isinstance(event, TextDelta)) == sum(
        event.tokens for event in events if isinstance(event, TextDelta)
    )


@settings(deadline=None, max_examples=50)
@given(runs())
def test_a_run_survives_the_wire(events: list[Event]) -> None:
    outputs = tuple(StepOutput("r", event) for event in events)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(outputs), type=tuple[StepOutput, ...]) == outputs


@settings(deadline=None, max_examples=100)
@given(runs(), st.data())
def test_a_run_with_one_fault_is_against_the_law(events: list[Event], data: st.DataObject) -> None:
    serious = [place for place, event in enumerate(events) if not isinstance(event, Progress)]
    crime = data.draw(st.sampled_from(["no end", "two ends", "no start", "two starts", "late word"]))
    match crime:
        case "no end":
            broken = [event for event in events if not isinstance(event, Finished)]
        case "two ends":
            broken = [*events, events[-1]]
        case "no start":
            broken = [event for event in events if not isinstance(event, Started)]
        case "two starts":
            broken = [*events[: serious[0] + 1], Started(1), *events[serious[0] + 1 :]]
        case _:
            broken = [*events[:-1], TextDelta(0, "late"), events[-1]]
    with pytest.raises(AssertionError):
        check_law(broken)


def test_a_run_may_fail_at_any_time() -> None:
    for begin in ([], [Started(1)], [Progress("queued")], [Started(1), TextDelta(0, "x")]):
        check_law([*begin, Failed(FAULT)])
