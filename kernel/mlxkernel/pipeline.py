"""The pipeline: a request's whole way on one page.

    authenticate → read → prepare → resolve model → lease → submit → reasoning parser → tool parser → encode

The application authenticates before it reads a body, and encodes; everything between is here.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec.structs import replace

from mlxkernel.api import HttpRequest, ModelSpec, Operation, RequestRecord
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.events import Event, Failed, Finished, Progress, ReasoningDelta, Usage
from mlxkernel.fold import Answer, Folder
from mlxkernel.host import PluginHost
from mlxkernel.parsing import Parsers
from mlxkernel.pool import Lease, Pool
from mlxkernel.request import Request

logger = logging.getLogger("mlxkernel.request")

CANCELLED = 499
"""The status on record when the client left before the end; it is never sent."""


class Pipeline:
    """Starts runs and knows which are under way."""

    def __init__(self, host: PluginHost, pool: Pool) -> None:
        self._host = host
        self._pool = pool
        self._runs: set[Run] = set()
        self.draining = False

    @property
    def active(self) -> int:
        """How many requests are under way."""
        return len(self._runs)

    async def start(self, dialect: str, operation: Operation, http: HttpRequest) -> Run:
        """Read, prepare, resolve, lease. Raises `RequestFailed`."""
        self._refuse_while_draining()
        request = operation.read(http)
        request = replace(request, id=http.request_id, principal=http.principal.name)
        request = self._host.hooks.prepare_request(request)
        spec = self._resolve(request)
        lease = await self._pool.lease(spec)
        request = replace(request, model=spec.name, id=self._unique(request.id))
        record = RequestRecord(
            request_id=http.request_id,
            dialect=dialect,
            path=operation.path,
            model=spec.name,
            principal=request.principal,
            stream=request.stream,
        )
        run = Run(self, request, lease, Parsers(request, spec, lease.engine, self._host.registries), record)
        self._runs.add(run)
        return run

    def finished(self, run: Run, record: RequestRecord) -> None:
        """A run has ended: forget it, log it, tell the plugins."""
        self._runs.discard(run)
        logger.info(
            "%s %s model=%s %s prompt=%d cached=%d completion=%d %.3fs",
            record.request_id,
            record.path,
            record.model,
            record.outcome,
            record.prompt_tokens,
            record.cached_tokens,
            record.completion_tokens,
            record.duration,
        )
        self._host.hooks.request_finished(record)

    def abort(self) -> None:
        """End every run with the word that the server shuts down."""
        for run in list(self._runs):
            run.abort(_shutting_down())

    def _refuse_while_draining(self) -> None:
        if self.draining:
            raise RequestFailed(_shutting_down())

    def _unique(self, request_id: str) -> str:
        """The client's id, unless a run under way has it: two of one id would get each other's events."""
        if all(run.request.id != request_id for run in self._runs):
            return request_id
        return f"{request_id}.{uuid.uuid4().hex[:12]}"

    def _resolve(self, request: Request) -> ModelSpec:
        name = self._host.hooks.resolve_model(request, self._pool.specs)
        return self._pool.resolve(request.model if name is None else name)


class Run:
    """One request under way. Whoever starts it closes it: `close` frees the engine's rows and never waits."""

    def __init__(
        self, pipeline: Pipeline, request: Request, lease: Lease, parsers: Parsers, record: RequestRecord
    ) -> None:
        self.request = request
        self._pipeline = pipeline
        self._lease = lease
        self._parsers = parsers
        self._record = record
        self._began = time.monotonic()
        self._first = math.nan
        self._usage = Usage()
        self._reasoning_tokens = 0
        self._outcome = "cancelled"
        self._status = CANCELLED
        self._aborted: Fault | None = None
        self._closed = False

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events up to the last; an engine that just stops and a plugin that breaks end in `Failed`."""
        submitted = self._lease.engine.submit(self.request)
        try:
            async for event in submitted:
                if math.isnan(self._first) and not isinstance(event, Progress):
                    self._first = time.monotonic() - self._began
                for parsed in self._parsers.feed(event):
                    yield self._noted(parsed)
                    if self._ended:
                        return
            fault = self._aborted or self._broken("stopped without an end")
        except Exception:  # the guard around third-party code: engines, and the parsers of formats
            logger.exception("request %s failed in its engine or in a parser", self.request.id)
            fault = self._broken("or the format of its text failed; the server's log has the details")
        finally:
            if isinstance(submitted, AsyncGenerator):
                await submitted.aclose()
        yield self._noted(Failed(fault))

    async def answer(self) -> Answer:
        """The folded answer. Raises `RequestFailed` when the run fails."""
        folder = Folder()
        async with aclosing(self.events()) as events:
            async for event in events:
                folder.feed(event)
        assert folder.answer is not None
        return folder.answer

    def abort(self, fault: Fault) -> None:
        """End the run from outside: its reader gets `Failed` with this fault."""
        self._aborted = fault
        self._lease.engine.cancel(self.request.id)

    def close(self) -> None:
        """Free everything; a run that has not ended is cancelled. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._lease.engine.cancel(self.request.id)
        self._lease.release()
        self._pipeline.finished(
            self,
            replace(
                self._record,
                outcome=self._outcome,
                status=self._status,
                prompt_tokens=self._usage.prompt_tokens,
                completion_tokens=self._usage.completion_tokens,
                cached_tokens=self._usage.cached_tokens,
                first_event=self._first,
                duration=time.monotonic() - self._began,
            ),
        )

    def _broken(self, how: str) -> Fault:
        message = f"The engine of model '{self.request.model}' {how}"
        return Fault(kind=FaultKind.INTERNAL, message=message, code="engine_failed")

    @property
    def _ended(self) -> bool:
        return self._status != CANCELLED

    def _noted(self, event: Event) -> Event:
        match event:
            case ReasoningDelta(tokens=tokens):
                self._reasoning_tokens += tokens
            case Finished(usage=usage):
                if self._reasoning_tokens:
                    usage = replace(usage, reasoning_tokens=self._reasoning_tokens)
                    event = Finished(usage)
                self._usage, self._outcome, self._status = usage, "finished", 200
            case Failed(fault=fault):
                self._outcome, self._status = fault.code or fault.kind.value, fault.kind.status
            case _:
                pass
        return event


def _shutting_down() -> Fault:
    return Fault(
        kind=FaultKind.OVERLOADED,
        message="The server is shutting down; try again when it is back",
        code="shutting_down",
        retry_after=10,
    )
