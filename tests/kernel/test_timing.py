"""Where a request's time went: the kernel fills it in, for the stream and for the whole answer alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from mlxkernel.api import RequestRecord
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Progress,
    Started,
    TextDelta,
    Timing,
    Usage,
)
from mlxkernel.fold import fold
from mlxkernel.pipeline import Run
from mlxkernel.request import Prompts, Request

STOP = ChoiceFinished(0, FinishReason.STOP)


class Engine:
    """Plays events at set times."""

    def __init__(self, clock: Any, script: list[tuple[float, Event]]) -> None:
        self._clock = clock
        self._script = script

    async def submit(self, request: Request) -> AsyncIterator[Event]:
        for now, event in self._script:
            self._clock.now = now
            yield event


async def timing_of(script: list[tuple[float, Event]], monkeypatch: pytest.MonkeyPatch) -> Timing:
    """What `Finished` says when the events come at these seconds; the request comes at 10."""
    clock = SimpleNamespace(now=10.0)
    monkeypatch.setattr("mlxkernel.pipeline.time", SimpleNamespace(monotonic=lambda: clock.now))
    request = Request(id="r", model="m", input=Prompts(("hi",)))
    record = RequestRecord(request_id="r", dialect="d", path="/")
    parsers: Any = SimpleNamespace(feed=lambda event: (event,))
    lease: Any = SimpleNamespace(engine=Engine(clock, script))
    pipeline: Any = SimpleNamespace(media=SimpleNamespace(concerns=lambda request: False))
    run = Run(pipeline, request, lease, parsers, record, names={})
    events = [event async for event in run.events()]
    assert isinstance(events[-1], Finished)
    assert fold(events).timing == events[-1].timing
    return events[-1].timing


async def test_waiting_prefill_and_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [
        (11.0, Progress("loading")),
        (12.0, Started(3)),
        (13.0, Progress("prefill", 1, 3)),
        (15.0, TextDelta(0, "a")),
        (16.0, TextDelta(0, "b")),
        (22.0, STOP),
        (23.0, Finished(Usage(3, 2))),
    ]
    assert await timing_of(script, monkeypatch) == Timing(waiting=2.0, prefill=3.0, decode=8.0)


async def test_an_answer_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    script = [(10.5, Started(3)), (11.0, STOP), (11.0, Finished(Usage(3)))]
    assert await timing_of(script, monkeypatch) == Timing(waiting=0.5, prefill=0.5, decode=0.0)


async def test_a_task_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    script: list[tuple[float, Event]] = [(10.5, Started(3)), (12.0, Finished(Usage(3)))]
    assert await timing_of(script, monkeypatch) == Timing(waiting=0.5, prefill=1.5, decode=0.0)
