"""The supervisor: one model's worker, from its start over its crashes to its end, as an `Engine`.

It knows the worker's state from frames and heartbeats. When a worker ends, each of its requests gets
exactly one `Failed`; a request that had sent nothing yet is submitted once more to the next worker.
Restarts back off; a model that crashes during its load several times is given up, not tried for ever.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping
from enum import Enum

import msgspec

from mlxkernel.api import EngineStats, Health, ModelInfo, ModelSpec
from mlxkernel.config import WorkerConfig
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import Event, Failed, Progress, StepOutput
from mlxkernel.flight import Flight
from mlxkernel.messages import Json
from mlxkernel.request import Request
from mlxkernel.worker import frames
from mlxkernel.worker.client import WorkerProcess

logger = logging.getLogger("mlxkernel.supervisor")

STABLE = 60.0
"""Seconds after which a running worker's earlier crashes are forgotten."""

SILENCE_WORTH_TELLING = 3.0
"""Seconds without a frame after which /health says so; a worker beats several times a second."""

DEMONSTRATION = (
    "'%s' is a demonstration model, small enough to travel with mlxkernel: "
    "serve a real one with `mlxkernel serve -m mlx-community/Qwen3-4B-Instruct-2507-4bit`"
)
"""What the log says once when a bundled model is ready."""


class WorkerState(Enum):
    """What the worker is doing, as far as the kernel can know."""

    STOPPED = "stopped"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    STUCK = "stuck"
    CRASHED = "crashed"
    DEAD = "dead"


class Supervisor:
    """Runs one model in a worker process; implements `mlxkernel.api.Engine`.

    `config` holds the times, `tables` is the merged mlx.toml for the worker, `plugins` what the kernel
    loaded. `start` returns at once; requests wait until the model is ready.
    """

    def __init__(
        self,
        spec: ModelSpec,
        config: WorkerConfig,
        tables: Mapping[str, Json],
        plugins: tuple[frames.PluginStamp, ...],
    ) -> None:
        self.spec = spec
        self._config = config
        self._load = frames.Load(spec=spec, config=dict(tables), plugins=plugins, heartbeat=config.heartbeat)
        self._state = WorkerState.STOPPED
        self._stage: tuple[str, float] | None = None
        self._reason: str | None = None
        self._info: ModelInfo | None = None
        self._stats = EngineStats()
        self._worker: WorkerProcess | None = None
        self._flights: dict[str, Flight] = {}
        self._crashes = 0
        self._restarts = 0
        self._ready_at = 0.0
        self._loaded = False
        self._closed = False
        self._last_frame = 0.0
        self._runner: asyncio.Task[None] | None = None

    # --- Engine -----------------------------------------------------------------------------------

    @property
    def info(self) -> ModelInfo:
        """The loaded model. Raises `LookupError` before the first load is done."""
        if self._info is None:
            raise LookupError(f"model '{self.spec.name}' is not loaded")
        return self._info

    async def submit(self, request: Request) -> AsyncIterator[Event]:
        """Run the request on the worker; waits for the load, survives one crash before its first event."""
        # What a dialect remembers stays here: it may be large, and need not be a value that can travel.
        flight = Flight(msgspec.structs.replace(request, extra=None), merging=self._merging)
        self._flights[request.id] = flight
        if self._state is WorkerState.DEAD:
            flight.put(Failed(self._dead_fault()))
        elif self._closed:
            flight.put(Failed(_shutting_down()))
        else:
            self.start()
            if self._state is WorkerState.READY and self._worker is not None:
                self._worker.send(frames.Submit(flight.request))
        try:
            async for event in flight:
                yield event
        finally:
            self._drop(flight)

    @property
    def _merging(self) -> bool:
        return self._info is not None and self._info.reasoning_format is None

    def cancel(self, request_id: str) -> None:
        """Free the request's rows within one step."""
        flight = self._flights.get(request_id)
        if flight is not None:
            self._drop(flight)

    def health(self) -> Health:
        """The state as the last frames gave it."""
        stage, progress = self._stage or (None, None)
        state, reason = self._state, self._reason
        silence = time.monotonic() - self._last_frame
        if state is WorkerState.READY and silence > SILENCE_WORTH_TELLING + self._config.heartbeat:
            state, reason = WorkerState.STUCK, f"no sign of life from the worker for {silence:.0f} s"
        return Health(
            state=state.value, progress=progress, stage=stage, reason=reason, restarts=self._restarts
        )

    def stats(self) -> EngineStats:
        """The last heartbeat's reading."""
        return self._stats

    async def close(self) -> None:
        """End the worker and every request that it still has; later ones fail at once."""
        self._closed = True
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
            self._runner = None
        if self._worker is not None:
            await self._worker.close(self._config.stop_grace)
            self._worker = None
        self._state = WorkerState.STOPPED
        self._fail_all(_shutting_down())

    # --- life of the worker -----------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        """The process id of the worker that runs now."""
        return self._worker.pid if self._worker is not None else None

    def start(self) -> None:
        """Start the worker unless it runs already."""
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(
                self._run(), name=f"supervise {self.spec.name}"
            )
            self._runner.add_done_callback(self._runner_ended)

    def _runner_ended(self, runner: asyncio.Task[None]) -> None:
        """No request may wait for a supervisor that is gone."""
        if not runner.cancelled() and (error := runner.exception()) is not None:
            logger.error("model '%s': its supervisor failed", self.spec.name, exc_info=error)
            self._give_up(f"its supervisor failed ({type(error).__name__})")
            self._fail_all(self._dead_fault())

    async def _run(self) -> None:
        """Start workers until the model is given up or the supervisor closed."""
        while self._state is not WorkerState.DEAD:
            self._state, self._stage, self._loaded = WorkerState.STARTING, None, False
            worker = await self._start_worker()
            self._last_frame = time.monotonic()
            watchdog = asyncio.get_running_loop().create_task(self._watch(worker))
            try:
                async for frame in worker.receive():
                    self._last_frame = time.monotonic()
                    # What a worker had said before it was condemned may still be under way.
                    if self._state not in (WorkerState.DEAD, WorkerState.STUCK):
                        self._handle(frame)
            except (ValueError, msgspec.MsgspecError) as error:
                logger.error("model '%s': the worker's stream is broken: %s", self.spec.name, error)
                worker.kill()
            finally:
                watchdog.cancel()
            await self._bury(worker)

    async def _start_worker(self) -> WorkerProcess:
        """A new worker. Cancelled half-way, it still becomes `self._worker`, for `close` to end it."""
        starting = asyncio.get_running_loop().create_task(WorkerProcess.start(self._load))
        try:
            await asyncio.shield(starting)
        finally:
            self._worker = await starting
        return self._worker

    async def _bury(self, worker: WorkerProcess) -> None:
        """After a worker's end: tell its requests, decide whether to try again, wait the pause."""
        await worker.close(self._config.stop_grace)
        code = await worker.wait()
        self._worker = None
        if self._state is WorkerState.DEAD:
            self._fail_all(self._dead_fault())
            return
        how = _exit_words(code) if self._state is not WorkerState.STUCK else "was stuck and had to be killed"
        self._reason = f"the worker {how}"
        self._crashes += 1
        self._restarts += 1
        self._state = WorkerState.CRASHED
        logger.error("model '%s': %s", self.spec.name, self._reason)
        if self._loaded:
            self._fail_started()
        elif self._crashes >= self._config.load_attempts:
            self._give_up(
                f"the worker {how} while it loaded the model, after {self._crashes} crashes in a row"
            )
            self._fail_all(self._dead_fault())
            return
        # Doubled so often, the pause is beyond any limit; a larger power would not fit a float.
        doublings = min(self._crashes - 1, 30)
        pause = min(self._config.backoff * 2**doublings, self._config.backoff_limit)
        await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        """Wait before a restart; who waits too gets signs of life."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(left, self._config.heartbeat))
            self._show_life()

    async def _watch(self, worker: WorkerProcess) -> None:
        """Kill the worker when it has been silent for too long."""
        while True:
            await asyncio.sleep(min(self._config.heartbeat, self._config.silence / 4))
            silence = time.monotonic() - self._last_frame
            if silence > 2 * self._config.heartbeat:
                self._show_life()
            if silence > self._config.silence:
                self._kill_stuck(worker, f"no sign of life for {self._config.silence:g} s")
                return

    def _kill_stuck(self, worker: WorkerProcess, why: str) -> None:
        logger.error("model '%s': the worker is stuck (%s); it is being killed", self.spec.name, why)
        self._state = WorkerState.STUCK
        worker.kill()

    # --- frames -----------------------------------------------------------------------------------

    def _handle(self, frame: frames.FromWorker) -> None:
        match frame:
            case frames.Step(outputs=outputs):
                self._deliver(outputs)
            case frames.Refused(request_id=request_id, fault=fault):
                self._deliver((StepOutput(request_id, Failed(fault)),))
            case frames.Heartbeat(stats=stats, step_age=age):
                self._stats = stats
                self._heartbeat(age)
            case frames.Hello(version=version, plugins=plugins):
                self._greet(version, plugins)
            case frames.Loading(stage=stage, fraction=fraction):
                self._state, self._stage = WorkerState.LOADING, (stage, fraction)
            case frames.Ready(info=info):
                self._ready(info)
            case frames.LoadFailed(message=message):
                self._give_up(message)
            case frames.Stopped():
                pass

    def _deliver(self, outputs: tuple[StepOutput, ...]) -> None:
        for output in outputs:
            flight = self._flights.get(output.request_id)
            if flight is not None:
                flight.put(output.event)

    def _heartbeat(self, age: float) -> None:
        if age > self._config.step_limit and self._worker is not None:
            self._kill_stuck(
                self._worker, f"one engine step has taken more than {self._config.step_limit:g} s"
            )
        self._show_life()
        if self._crashes and self._state is WorkerState.READY and time.monotonic() - self._ready_at > STABLE:
            self._crashes = 0

    def _show_life(self) -> None:
        """Tell the requests that heard nothing for a while what they wait for."""
        loading = self._stage if self._state is not WorkerState.READY else None
        for flight in self._flights.values():
            stage, fraction = loading or ("queued", 0.0)
            flight.put_if_idle(Progress("loading" if loading else stage, int(fraction * 1000), 1000))

    def _greet(self, version: int, plugins: tuple[frames.PluginStamp, ...]) -> None:
        ours = self._load.version
        if version != ours:
            self._give_up(f"the worker speaks version {version} of the frames, the kernel {ours}")
        elif plugins != self._load.plugins:
            differing = set(self._load.plugins) ^ set(plugins)
            names = sorted({stamp.name for stamp in differing}) or ["their order"]
            self._give_up(
                f"kernel and worker loaded different plugins: {', '.join(names)}; see the log above"
            )
        else:
            self._state = WorkerState.LOADING

    def _ready(self, info: ModelInfo) -> None:
        first = self._info is None
        self._info, self._state, self._stage, self._reason = info, WorkerState.READY, None, None
        self._loaded = True
        self._ready_at = time.monotonic()
        logger.info("model '%s' is ready (%s, %s)", self.spec.name, info.architecture, info.engine)
        if info.demonstration and first:
            logger.info(DEMONSTRATION, self.spec.name)
        if self._worker is not None:
            for flight in self._flights.values():
                flight.merging = self._merging
                if not flight.ended:
                    self._worker.send(frames.Submit(flight.request))

    # --- ends -------------------------------------------------------------------------------------

    def _drop(self, flight: Flight) -> None:
        """Forget a flight; a worker that still flies it frees its rows."""
        if self._flights.pop(flight.request.id, None) is None:
            return
        if not flight.ended:
            if self._worker is not None and self._state is WorkerState.READY:
                self._worker.send(frames.Cancel(flight.request.id))
            flight.end()

    def _fail_started(self) -> None:
        """After a crash: requests that had sent something end, the others wait for the next worker, once."""
        fault = Fault(
            kind=FaultKind.INTERNAL,
            message=f"The worker of model '{self.spec.name}' ended while it answered ({self._reason}); "
            "the model is being loaded again",
            code="worker_crashed",
        )
        for flight in list(self._flights.values()):
            if not flight.resubmit():
                flight.put(Failed(fault))

    def _fail_all(self, fault: Fault) -> None:
        for flight in list(self._flights.values()):
            flight.put(Failed(fault))

    def _give_up(self, reason: str) -> None:
        self._state, self._reason, self._stage = WorkerState.DEAD, reason, None
        logger.error("model '%s' cannot be loaded: %s", self.spec.name, reason)
        if self._worker is not None:
            self._worker.kill()

    def _dead_fault(self) -> Fault:
        return Fault(
            kind=FaultKind.OVERLOADED,
            message=f"The model '{self.spec.name}' cannot be loaded; the server's log and /health say why",
            code="model_unavailable",
        )


def _shutting_down() -> Fault:
    return Fault(kind=FaultKind.OVERLOADED, message="The server is shutting down", code="shutting_down")


def _exit_words(code: int) -> str:
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
