"""Frames: what goes over the wire comes back equal, and a broken stream is known for one."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import Failed, Finished, Started, StepOutput, TextDelta, TokenLogprob, Usage
from mlxkernel.models import EngineStats, ModelInfo, ModelSpec
from mlxkernel.request import Prompts, Request
from mlxkernel.worker import frames

STAMP = frames.PluginStamp("p", "acme", "1.2")
FAULT = Fault(kind=FaultKind.OVERLOADED, message="full", retry_after=1.5)

TO_WORKER = [
    frames.Load(spec=ModelSpec(name="m", source="x"), config={"log": {"level": "info"}}, plugins=(STAMP,)),
    frames.Submit(Request(id="r", model="m", input=Prompts(("hi", (1, 2))))),
    frames.Cancel("r"),
    frames.Stop(),
]
FROM_WORKER = [
    frames.Hello(pid=7, plugins=(STAMP,)),
    frames.Loading("weights", 0.5),
    frames.Ready(ModelInfo(name="m", architecture="a", engine="e", context=1, vocabulary=2)),
    frames.LoadFailed("no"),
    frames.Step(
        (
            StepOutput("r", Started(3)),
            StepOutput("s", TextDelta(1, "é", 2, (TokenLogprob(5, b"\xc3", -0.5),))),
            StepOutput("r", Finished(Usage(1, 2, 3, 4))),
            StepOutput("s", Failed(FAULT)),
        )
    ),
    frames.Refused("r", FAULT),
    frames.Heartbeat(EngineStats(running=2, cache_bytes=2**40), 1.5),
    frames.Stopped(),
]


def name(frame: object) -> str:
    return type(frame).__name__


def body(frame: frames.ToWorker | frames.FromWorker) -> bytes:
    encoded = frames.encode(frame)
    assert frames.length(encoded[:4]) == len(encoded) - 4
    return encoded[4:]


@pytest.mark.parametrize("frame", TO_WORKER, ids=name)
def test_what_the_kernel_says(frame: frames.ToWorker) -> None:
    assert frames.to_worker.decode(body(frame)) == frame


@pytest.mark.parametrize("frame", FROM_WORKER, ids=name)
def test_what_the_worker_says(frame: frames.FromWorker) -> None:
    assert frames.from_worker.decode(body(frame)) == frame


def test_every_kind_of_frame_is_shown_here() -> None:
    assert {type(frame) for frame in TO_WORKER} == set(frames.ToWorker.__args__)
    assert {type(frame) for frame in FROM_WORKER} == set(frames.FromWorker.__args__)


def test_the_directions_do_not_mix() -> None:
    with pytest.raises(msgspec.ValidationError):
        frames.to_worker.decode(body(frames.Stopped()))
    with pytest.raises(msgspec.ValidationError):
        frames.from_worker.decode(body(frames.Stop()))


def test_a_length_beyond_reason_is_a_broken_stream() -> None:
    assert frames.length(frames.MAX_FRAME.to_bytes(4, "big")) == frames.MAX_FRAME
    with pytest.raises(ValueError, match="a frame of 268435457 bytes is over the limit of 268435456"):
        frames.length((frames.MAX_FRAME + 1).to_bytes(4, "big"))
