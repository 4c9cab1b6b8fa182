"""The law of events, as a check."""

from __future__ import annotations

from collections.abc import Iterable

from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    Progress,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)


def check_law(events: Iterable[Event]) -> None:
    """Raise `AssertionError`, in words, unless these events are one whole lawful run."""
    started, ended, silent = False, False, set[int]()
    for event in events:
        if ended:
            raise AssertionError(f"{event} came after the end")
        match event:
            case Progress():
                continue
            case Started():
                if started:
                    raise AssertionError("Started came twice")
                started = True
            case Finished():
                if not started:
                    raise AssertionError("Finished came without Started")
                ended = True
            case Failed():
                ended = True
            case Rendered() | Embedding():
                if not started:
                    raise AssertionError(f"{event} came before Started")
            case (
                TextDelta(index=index)
                | ReasoningDelta(index=index)
                | ToolCallStarted(index=index)
                | ToolCallDelta(index=index)
                | ToolCallEnded(index=index)
                | ChoiceFinished(index=index)
            ):
                if not started:
                    raise AssertionError(f"{event} came before Started")
                if index in silent:
                    raise AssertionError(f"{event} came after choice {index} had finished")
                if isinstance(event, ChoiceFinished):
                    silent.add(index)
    if not ended:
        raise AssertionError("the events have no end: neither Finished nor Failed came")
