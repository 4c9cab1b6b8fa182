"""An engine without a model: it plays a script, for the kernel's own logic and for plugin authors."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from types import ModuleType

from msgspec import Struct

import mlxkernel
from mlxkernel.api import DirectEngine, EngineFactory, EngineStats, Health, ModelInfo, ModelSpec
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    FinishReason,
    Rendered,
    Started,
    TextDelta,
    Usage,
)
from mlxkernel.flight import Flight
from mlxkernel.request import Generate, Prompts, Render, Request


class Script(Struct, frozen=True, kw_only=True):
    """What the fake says to every request.

    `words` are the deltas of each choice, `delay` seconds lie between two of them. With `fail_after` the
    run fails after so many words, with `stop_after` it just ends, as no engine should.
    """

    words: tuple[str, ...] = ("Hello", ", ", "world", "!")
    delay: float = 0.0
    reason: FinishReason = FinishReason.STOP
    fail_after: int | None = None
    stop_after: int | None = None
    fault: Fault = Fault(kind=FaultKind.INTERNAL, message="The fake failed on purpose", code="fake")

    def events(self, request: Request) -> list[Event]:
        """The events of one run, in order."""
        events: list[Event] = [Started(prompt_tokens=7)]
        if not isinstance(request.task, Generate):
            return [*events, *_results(request), Finished(Usage(prompt_tokens=7))]
        for index in range(request.n):
            for count, word in enumerate(self.words):
                if count == self.fail_after:
                    return [*events, Failed(self.fault)]
                if count == self.stop_after:
                    return events
                events.append(TextDelta(index, word))
            events.append(ChoiceFinished(index, self.reason))
        completion = len(self.words) * request.n
        return [*events, Finished(Usage(prompt_tokens=7, completion_tokens=completion))]


def _results(request: Request) -> list[Event]:
    """One rendering of seven tokens, or one vector of three components, per prompt."""
    count = len(request.input.items) if isinstance(request.input, Prompts) else 1
    match request.task:
        case Render(pieces=pieces):
            words = tuple("abcdefg") if pieces else ()
            return [Rendered(index, "a fake prompt", tuple(range(7)), words) for index in range(count)]
        case _:
            return [Embedding(index, struct.pack("<3f", 1.0, 0.0, 0.0)) for index in range(count)]


class FakeEngine:
    """Plays a `Script`; implements `mlxkernel.api.Engine`.

    `requests` are all that came, `cancelled` the ids that were cancelled before their end, `live` the ids
    that run now: a test that ends with live ones has found a leak. `modalities` is what it says to take.
    """

    def __init__(
        self,
        spec: ModelSpec,
        script: Script | Callable[[Request], Sequence[Event]],
        modalities: tuple[str, ...] = ("text",),
    ) -> None:
        self.spec = spec
        self.modalities = modalities
        self.script = script
        self.requests: list[Request] = []
        self.cancelled: list[str] = []
        self.live: dict[str, Flight] = {}
        self.closed = False

    @property
    def info(self) -> ModelInfo:
        """A model of no size."""
        return ModelInfo(
            name=self.spec.name,
            architecture="fake",
            engine="fake",
            context=4096,
            vocabulary=256,
            modalities=self.modalities,
        )

    async def submit(self, request: Request) -> AsyncIterator[Event]:
        """Play the script."""
        self.requests.append(request)
        flight = self.live[request.id] = Flight(request)
        script = self.script
        events = script.events(request) if isinstance(script, Script) else script(request)
        delay = script.delay if isinstance(script, Script) else 0.0
        try:
            for event in events:
                if delay:
                    await asyncio.sleep(delay)
                if flight.ended:
                    return
                yield event
        finally:
            self.live.pop(request.id, None)

    def cancel(self, request_id: str) -> None:
        """End the run before its next event."""
        flight = self.live.pop(request_id, None)
        if flight is not None:
            flight.end()
            self.cancelled.append(request_id)

    def health(self) -> Health:
        """Always ready."""
        return Health(state="ready")

    def stats(self) -> EngineStats:
        """Rows that run."""
        return EngineStats(running=len(self.live))

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def fake_plugin(
    script: Script | Callable[[Request], Sequence[Event]] | None = None,
    engines: list[FakeEngine] | None = None,
    modalities: tuple[str, ...] = ("text",),
) -> ModuleType:
    """A plugin that registers the engine ``fake``; every engine that it makes is added to `engines`."""

    async def connect(spec: ModelSpec) -> FakeEngine:
        engine = FakeEngine(spec, script or Script(), modalities)
        if engines is not None:
            engines.append(engine)
        return engine

    def mlxkernel_register_engines() -> Sequence[EngineFactory]:
        return [DirectEngine(name="fake", connect=connect)]

    module = ModuleType("mlxkernel_fake_plugin")
    module.mlxkernel_register_engines = mlxkernel.hookimpl(mlxkernel_register_engines)  # type: ignore[attr-defined]
    return module
