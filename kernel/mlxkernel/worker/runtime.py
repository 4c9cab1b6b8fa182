"""The worker process: runs one `StepEngine` and speaks frames with the kernel.

Four threads, each with one job:

- the main thread reads frames; when the kernel's end closes, it ends the process at once, so that no
  worker outlives its kernel;
- the intake thread prepares requests (template, tokens), so that long prompts never hold up a step;
- the engine thread loads the model, admits, steps and closes: it owns all of MLX;
- the heartbeat thread reports that the process lives and how long the step now running takes.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from msgspec import Struct

from mlxkernel.api import EngineStats, Job, StepEngine
from mlxkernel.config import decode_config
from mlxkernel.errors import Fault, FaultKind, MlxKernelError, RequestFailed
from mlxkernel.events import Event, Failed, StepOutput
from mlxkernel.host import PluginHost, Scope
from mlxkernel.request import Request
from mlxkernel.worker import frames
from mlxkernel.worker.loading import load_engine

logger = logging.getLogger("mlxkernel.worker")

EXIT_BROKEN_ENGINE = 70
"""The exit code after an engine that could not be rebuilt (EX_SOFTWARE of sysexits.h)."""


class Wire:
    """The worker's end of the socket: whole frames in, whole frames out, from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")
        self._lock = threading.Lock()

    def send(self, frame: frames.FromWorker) -> None:
        """Write one frame. A kernel that is gone is noticed by `receive`, not here."""
        data = frames.encode(frame)
        try:
            with self._lock:
                self._connection.sendall(data)
        except OSError:
            logger.debug("the kernel is gone; %s was not sent", type(frame).__name__)

    def receive(self) -> frames.ToWorker | None:
        """The next frame, None when the kernel's end is closed."""
        try:
            header = self._reader.read(4)
            if len(header) < 4:
                return None
            size = frames.length(header)
            body = self._reader.read(size)
            if len(body) < size:
                return None
            frame: frames.ToWorker = frames.to_worker.decode(body)
            return frame
        except OSError:
            return None


class Admit(Struct, frozen=True):
    """Intake → engine thread: a prepared job."""

    job: Job


Inbox: TypeAlias = "queue.SimpleQueue[Admit | frames.Cancel | frames.Stop]"


class Worker:
    """One worker from its first frame to its last."""

    def __init__(self, wire: Wire, load: frames.Load) -> None:
        self._wire = wire
        self._load = load
        self._inbox: Inbox = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._preparing: set[str] = set()
        self._preparing_lock = threading.Lock()
        self._engine: StepEngine | None = None
        self._loaded = threading.Event()
        self._step_started = 0.0

    def run(self) -> int:
        """Serve until `Stop` or until the kernel is gone. Returns the exit code."""
        host = PluginHost(decode_config(self._load.config, "the kernel's configuration"), Scope.WORKER)
        host.load()
        self._wire.send(frames.Hello(pid=os.getpid(), plugins=tuple(p.stamp for p in host.loaded)))
        self._start("heartbeat", self._beat)
        self._start("intake", self._prepare_all)
        engine = self._start("engine", lambda: self._run_engine(host))
        while (frame := self._wire.receive()) is not None:
            match frame:
                case frames.Submit(request=request):
                    self._preparing.add(request.id)
                    self._requests.put(request)
                case frames.Cancel(request_id=request_id):
                    if not self._leave_intake(request_id):
                        self._inbox.put(frame)
                case frames.Stop():
                    self._inbox.put(frame)
                    self._start("leave", self._leave_with_kernel)
                    engine.join()
                    self._wire.send(frames.Stopped())
                    return 0
                case frames.Load():
                    raise ValueError("a worker loads one model; Load came twice")
        os._exit(0)

    def _leave_with_kernel(self) -> None:
        """End the process when the kernel is gone, also while the engine takes long to stop."""
        while self._wire.receive() is not None:
            pass
        os._exit(0)

    def _start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"mlxkernel-{name}", daemon=True)
        thread.start()
        return thread

    # --- heartbeat thread -------------------------------------------------------------------------

    def _beat(self) -> None:
        stats = EngineStats()
        while True:
            started = self._step_started
            age = time.monotonic() - started if started else 0.0
            if self._engine is not None and self._loaded.is_set():
                try:
                    stats = self._engine.stats()
                except Exception:  # the step guard: without heartbeats the kernel would kill a healthy worker
                    logger.exception("the engine gave no stats")
            self._wire.send(frames.Heartbeat(stats, age))
            time.sleep(self._load.heartbeat)

    # --- intake thread ----------------------------------------------------------------------------

    def _prepare_all(self) -> None:
        self._loaded.wait()
        assert self._engine is not None
        while True:
            request = self._requests.get()
            if request.id not in self._preparing:
                continue
            try:
                job = self._engine.prepare(request)
            except RequestFailed as error:
                self._refuse(request, error.fault)
            except Exception:  # the step guard: one request's fault must not end the worker
                logger.exception("request %s could not be prepared", request.id)
                self._refuse(request, _internal(_UNPREPARED))
            else:
                self._leave_intake(request.id, Admit(job))

    def _leave_intake(self, request_id: str, admit: Admit | None = None) -> bool:
        """Take a request out of the intake, on to the engine if it was not cancelled. True if it was in."""
        with self._preparing_lock:
            if request_id not in self._preparing:
                return False
            self._preparing.discard(request_id)
            if admit is not None:
                self._inbox.put(admit)
            return True

    def _refuse(self, request: Request, fault: Fault) -> None:
        if self._leave_intake(request.id):
            self._wire.send(frames.Refused(request.id, fault))

    # --- engine thread ----------------------------------------------------------------------------

    def _run_engine(self, host: PluginHost) -> None:
        try:
            self._engine, info = load_engine(self._load.spec, host, self._report_load)
        except (MlxKernelError, ImportError, MemoryError, OSError, ValueError) as error:
            logger.debug("the load failed", exc_info=True)
            self._wire.send(frames.LoadFailed(_reason(error)))
            return
        except Exception as error:  # the step guard: loading runs third-party model code
            logger.exception("the load failed")
            self._wire.send(frames.LoadFailed(_reason(error)))
            return
        self._loaded.set()
        self._wire.send(frames.Ready(info))
        try:
            while self._turn(self._engine):
                pass
            self._engine.close()
        except Exception:  # the step guard: a process without its engine thread would answer nobody
            logger.exception("the engine failed outside of a step")
            _leave_broken()

    def _report_load(self, stage: str, fraction: float) -> None:
        self._wire.send(frames.Loading(stage, fraction))

    def _turn(self, engine: StepEngine) -> bool:
        """Receive, step, send. False when the worker is to stop."""
        while not (engine.busy and self._inbox.empty()):
            message = self._inbox.get()
            match message:
                case frames.Stop():
                    return False
                case frames.Cancel(request_id=request_id):
                    engine.cancel(request_id)
                case Admit(job=job):
                    self._admit(engine, job)
        outputs = self._step(engine)
        if outputs:
            self._wire.send(frames.Step(tuple(outputs)))
        return True

    def _admit(self, engine: StepEngine, job: Job) -> None:
        try:
            engine.admit(job)
        except RequestFailed as error:
            self._wire.send(frames.Refused(job.request.id, error.fault))
        except Exception:  # the step guard
            logger.exception("request %s could not be admitted", job.request.id)
            self._wire.send(frames.Refused(job.request.id, _internal(_UNPREPARED)))

    def _step(self, engine: StepEngine) -> list[StepOutput]:
        """One step; after a fault the engine is rebuilt and the requests that it lost are told."""
        self._step_started = time.monotonic()
        try:
            return engine.step()
        except Exception as error:  # the step guard
            logger.exception("the engine failed in a step; it is being rebuilt")
            event: Event = Failed(_internal(f"The engine failed while it answered ({type(error).__name__})"))
            return [StepOutput(request_id, event) for request_id in self._rebuild(engine)]
        finally:
            self._step_started = 0.0

    def _rebuild(self, engine: StepEngine) -> list[str]:
        try:
            return engine.reset()
        except Exception:  # the step guard: beyond repair; the supervisor starts a new process
            logger.exception("the engine could not be rebuilt")
            _leave_broken()


_UNPREPARED = "The request could not be prepared"


def _leave_broken() -> NoReturn:
    logging.shutdown()
    os._exit(EXIT_BROKEN_ENGINE)


def _internal(what: str) -> Fault:
    return Fault(
        kind=FaultKind.INTERNAL, message=f"{what}; the server's log has the details", code="engine_failed"
    )


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, MlxKernelError) else f"{type(error).__name__}: {error}"


def main(descriptor: int) -> int:
    """Run the worker whose socket is this file descriptor. Returns the exit code."""
    # The kernel ends its workers by closing the socket; a Ctrl-C or a service manager's SIGTERM that goes
    # to the whole group must leave them to drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wire = Wire(socket.socket(fileno=descriptor))
    load = wire.receive()
    if load is None:
        return 0
    if not isinstance(load, frames.Load) or load.version != frames.VERSION:
        # The kernel compares the versions and says so; its frames may be misread here.
        wire.send(frames.Hello(pid=os.getpid(), plugins=()))
        return 1
    level = str(load.config.get("log", {}).get("level", "info")).upper()
    form = f"%(asctime)s %(levelname)s [{load.spec.name}] %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=sys.stderr)
    try:
        return Worker(wire, load).run()
    except MlxKernelError as error:
        wire.send(frames.LoadFailed(str(error)))
        return 1
