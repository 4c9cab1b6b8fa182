"""A flight: what a reader gets that comes late, leaves early or falls behind."""

from __future__ import annotations

import asyncio

import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    Event,
    Failed,
    Finished,
    Progress,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    Usage,
)
from mlxkernel.flight import Flight
from mlxkernel.request import Prompts, Request

REQUEST = Request(id="r", model="m", input=Prompts(("x",)))
FAULT = Fault(kind=FaultKind.INTERNAL, message="sorry", code="c")


async def test_text_that_waits_is_merged_per_choice_and_nothing_else_is() -> None:
    mark = TokenLogprob(1, b"b", -1.0)
    flight = Flight(REQUEST)
    waiting: list[Event] = [
        Started(1),
        TextDelta(0, "a"),
        TextDelta(0, "b", 2, (mark,)),
        TextDelta(1, "x"),
        TextDelta(0, "c"),
        ReasoningDelta(0, "h"),
        ReasoningDelta(0, "m"),
        TextDelta(0, "d"),
        Finished(Usage()),
    ]
    for event in waiting:
        flight.put(event)
    assert [event async for event in flight] == [
        Started(1),
        TextDelta(0, "ab", 3, (mark,)),
        *waiting[3:],
    ]


async def test_a_second_start_and_what_comes_after_the_end_are_dropped() -> None:
    for end in (Finished(Usage()), Failed(FAULT)):
        flight = Flight(REQUEST)
        for event in (Started(1), Started(2), end, TextDelta(0, "late"), Failed(FAULT), Finished(Usage())):
            flight.put(event)
        assert [event async for event in flight] == [Started(1), end]
        assert [event async for event in flight] == []


async def test_an_ended_flight_stops_its_reader_without_a_word() -> None:
    flight = Flight(REQUEST)
    reading = asyncio.ensure_future(flight.__anext__())
    await asyncio.sleep(0)
    flight.end()
    with pytest.raises(StopAsyncIteration):
        await reading
    flight.put(TextDelta(0, "late"))
    assert [event async for event in flight] == []


async def test_a_reader_that_was_cancelled_loses_nothing() -> None:
    flight = Flight(REQUEST)
    reading = asyncio.ensure_future(flight.__anext__())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    flight.put(Started(1))
    flight.put(Finished(Usage()))
    assert [event async for event in flight] == [Started(1), Finished(Usage())]


async def test_a_sign_of_life_comes_only_to_an_idle_flight() -> None:
    flight = Flight(REQUEST)
    life = Progress("queued")
    flight.put_if_idle(life)
    flight.put(Started(1))
    flight.put_if_idle(life)
    flight.put_if_idle(life)
    flight.put_if_idle(life)
    assert await flight.__anext__() == Started(1)
    flight.put_if_idle(life)
    assert await flight.__anext__() == life
    flight.put_if_idle(life)
    flight.put_if_idle(life)
    flight.put_if_idle(life)
    flight.put(Finished(Usage()))
    flight.put_if_idle(life)
    flight.put_if_idle(life)
    assert [event async for event in flight] == [life, Finished(Usage())]


def test_only_a_flight_that_said_nothing_may_run_again_and_once() -> None:
    flight = Flight(REQUEST)
    flight.put(Progress("queued"))
    flight.put(Started(1))
    assert flight.resubmit()
    assert not flight.resubmit()
    spoken = Flight(REQUEST)
    spoken.put(Started(1))
    spoken.put(TextDelta(0, "x"))
    assert not spoken.resubmit()
    over = Flight(REQUEST)
    over.put(Failed(FAULT))
    assert not over.resubmit()
