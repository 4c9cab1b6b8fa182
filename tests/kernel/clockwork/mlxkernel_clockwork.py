"""An engine without a model: it counts, and it breaks where it is told to.

A model's source is ``clockwork:`` and switches that its load obeys, split by commas (``gate=PATH`` waits
for a file, ``log=PATH`` adds a line per load, ``refuse``, ``die``, ``die-unless=PATH``). A request's
prompt is a command (see `Row`).
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

import mlxkernel
from mlxkernel.api import (
    EngineFactory,
    EngineStats,
    LoadProgress,
    ModelInfo,
    ModelSource,
    ModelSpec,
    WorkerEngine,
    WorkerToolbox,
)
from mlxkernel.errors import MlxKernelError, invalid
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Started,
    StepOutput,
    TextDelta,
    Usage,
)
from mlxkernel.messages import Json
from mlxkernel.request import Prompts, Request


class ClockworkJob(Struct, frozen=True):
    """A request and its command."""

    request: Request
    command: str
    argument: str


class Row:
    """One request in the batch, told by its command what to do in each step.

    ``count N`` says N numbers and ends, ``forever`` never ends, ``started`` starts and says no word,
    ``silent`` does not even start; ``raise`` makes the step raise, ``hang`` makes it last, ``die`` ends
    the process, ``die-unless PATH`` ends it unless the file exists.
    """

    def __init__(self, job: ClockworkJob) -> None:
        self.job = job
        self.said = 0
        self.started = False

    def step(self) -> list[Event]:
        """The events of one step."""
        command, argument = self.job.command, self.job.argument
        match command:
            case "raise":
                raise RuntimeError("the spring broke")
            case "hang":
                threading.Event().wait()
            case "silent":
                return []
            case "die":
                die()
            case "die-unless" if not Path(argument).exists():
                die()
            case _:
                pass
        if not self.started:
            self.started = True
            return [Started(prompt_tokens=3)]
        if command == "started":
            return []
        if command == "count" and self.said == int(argument):
            usage = Usage(prompt_tokens=3, completion_tokens=self.said)
            return [ChoiceFinished(0, FinishReason.STOP), Finished(usage)]
        if command not in ("count", "forever"):
            return [ChoiceFinished(0, FinishReason.STOP), Finished(Usage(prompt_tokens=3))]
        self.said += 1
        return [TextDelta(0, f"{self.said} ")]


class Clockwork:
    """A `StepEngine` whose step takes two milliseconds."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.steps = 0

    def load(self, spec: ModelSpec, path: Path, toolbox: WorkerToolbox, progress: LoadProgress) -> ModelInfo:
        for switch in filter(None, spec.source.partition(":")[2].split(",")):
            obey(switch, progress)
        return ModelInfo(
            name=spec.name, architecture="clockwork", engine="clockwork", context=4096, vocabulary=10
        )

    def prepare(self, request: Request) -> ClockworkJob:
        assert isinstance(request.input, Prompts)
        command, _, argument = str(request.input.items[0]).partition(" ")
        match command:
            case "refuse":
                raise invalid("the clockwork refuses this", param="prompt")
            case "unprepared":
                raise ValueError("a cog is missing")
            case "prepare-gate":
                wait_for(Path(argument))
            case _:
                pass
        return ClockworkJob(request, command, argument)

    def admit(self, job: ClockworkJob) -> None:
        if job.command == "unadmitted":
            raise KeyError("no place for this cog")
        self.rows[job.request.id] = Row(job)

    def cancel(self, request_id: str) -> None:
        self.rows.pop(request_id, None)

    @property
    def busy(self) -> bool:
        return bool(self.rows)

    def step(self) -> list[StepOutput]:
        self.steps += 1
        time.sleep(0.002)
        outputs = [StepOutput(name, event) for name, row in list(self.rows.items()) for event in row.step()]
        for output in outputs:
            if isinstance(output.event, Finished):
                del self.rows[output.request_id]
        return outputs

    def reset(self) -> list[str]:
        lost = [name for name, row in self.rows.items() if row.job.command == "raise"]
        if any(self.rows[name].job.argument == "for good" for name in lost):
            raise RuntimeError("beyond repair")
        for name in lost:
            del self.rows[name]
        return lost

    def stats(self) -> EngineStats:
        return EngineStats(running=len(self.rows), steps=self.steps)

    def close(self) -> None:
        self.rows.clear()


class Source:
    """Claims ``clockwork:…``; every model is this folder."""

    name = "clockwork"

    def claims(self, reference: str) -> bool:
        return reference.startswith("clockwork:")

    def resolve(self, reference: str, progress: LoadProgress) -> Path:
        progress("download", 0.5)
        return Path(__file__).parent


def obey(switch: str, progress: LoadProgress) -> None:
    """One switch of a model's source."""
    name, _, value = switch.partition("=")
    match name:
        case "gate":
            progress("weights", 0.25)
            wait_for(Path(value))
        case "log":
            with Path(value).open("a") as log:
                log.write(f"{os.getpid()}\n")
        case "refuse":
            raise MlxKernelError("the clockwork is not wound up; wind it up")
        case "break":
            raise KeyError("cog")
        case "die":
            die()
        case "die-unless" if not Path(value).exists():
            die()
        case _:
            pass


def wait_for(path: Path) -> None:
    """Return when the file exists."""
    while not path.exists():
        time.sleep(0.005)


def die() -> None:
    """End this process as a crash does."""
    os.kill(os.getpid(), signal.SIGKILL)


def suits(config: Mapping[str, Json]) -> bool:
    """Whether config.json is the one of this folder."""
    return config["model_type"] == "clockwork"


@mlxkernel.hookimpl
def mlxkernel_register_engines() -> Sequence[EngineFactory]:
    return [WorkerEngine(name="clockwork", create=Clockwork, suits=suits)]


@mlxkernel.hookimpl
def mlxkernel_register_model_sources() -> Sequence[ModelSource]:
    return [Source()]
