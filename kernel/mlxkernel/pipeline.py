"""The pipeline: a request's whole way on one page.

    authenticate → read → prepare → resolve model → lease → admit pictures → submit
                 → reasoning parser → tool parser → encode

The application authenticates before it reads a body, and encodes; everything between is here.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

from msgspec.structs import replace

from mlxkernel.api import HttpRequest, ModelSpec, Operation, RequestRecord
from mlxkernel.errors import Fault, FaultKind, RequestFailed, renamed
from mlxkernel.events import Event, Failed, Finished, Progress, ReasoningDelta, Started, Timing, Usage
from mlxkernel.fold import Answer, Folder
from mlxkernel.host import PluginHost
from mlxkernel.media.admission import Admission
from mlxkernel.parsing import Parsers
from mlxkernel.pool import Lease, Pool
from mlxkernel.request import Request

logger = logging.getLogger("mlxkernel.request")

LARGE_BODY = 1024 * 1024
"""Bytes of a body beyond which it is read on a thread: with pictures in it, that takes a while."""

SIGN_OF_LIFE = 1.0
"""Seconds between two signs of life while pictures are fetched."""

CANCELLED = 499
"""The status on record when the client left before the end; it is never sent."""


class Pipeline:
    """Starts runs and knows which are under way."""

    def __init__(self, host: PluginHost, pool: Pool, media: Admission) -> None:
        self._host = host
        self._pool = pool
        self.media = media
        self._runs: set[Run] = set()
        self.draining = False

    @property
    def active(self) -> int:
        """How many requests are under way."""
        return len(self._runs)

    async def start(self, dialect: str, operation: Operation, http: HttpRequest) -> Run:
        """Read, prepare, resolve, lease. Raises `RequestFailed`."""
        self._refuse_while_draining()
        if len(http.body) > LARGE_BODY:
            request = await asyncio.to_thread(operation.read, http)
        else:
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
        parsers = Parsers(request, spec, lease.engine, self._host.registries)
        run = Run(self, request, lease, parsers, record, getattr(operation, "names", {}))
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

    def abort_one(self, request_id: str, fault: Fault) -> bool:
        """End the run of the request with this id; False when no such run is under way."""
        for run in self._runs:
            if run.request.id == request_id:
                run.abort(fault)
                return True
        return False

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
    """One request under way. Whoever starts it closes it: `close` frees the engine's rows and never waits.

    `names` are what the request's fields are called in faults (`mlxkernel.api.Operation`).
    """

    def __init__(
        self,
        pipeline: Pipeline,
        request: Request,
        lease: Lease,
        parsers: Parsers,
        record: RequestRecord,
        names: Mapping[str, str],
    ) -> None:
        self.request = request
        self._pipeline = pipeline
        self._lease = lease
        self._parsers = parsers
        self._record = record
        self._names = names
        self._began = time.monotonic()
        self._first = math.nan
        self._spoke = math.nan
        self._usage = Usage()
        self._reasoning_tokens = 0
        self._outcome = "cancelled"
        self._status = CANCELLED
        self._aborted: Fault | None = None
        self._admitting: asyncio.Future[Request] | None = None
        self._closed = False

    async def events(self) -> AsyncGenerator[Event, None]:
        """The events up to the last; an engine that just stops and a plugin that breaks end in `Failed`."""
        submitted: AsyncIterator[Event] | None = None
        try:
            async with aclosing(self._admit()) as signs:
                async for sign in signs:
                    yield sign
            submitted = self._lease.engine.submit(self.request)
            async for event in submitted:
                if math.isnan(self._spoke):
                    self._mark(event)
                for parsed in self._parsers.feed(event):
                    yield self._noted(parsed)
                    if self._ended:
                        return
            fault = self._aborted or self._broken("stopped without an end")
        except RequestFailed as refusal:
            fault = refusal.fault
        except Exception:  # the guard around third-party code: engines, and the parsers of formats
            logger.exception("request %s failed in its engine or in a parser", self.request.id)
            fault = self._broken("or the format of its text failed; the server's log has the details")
        finally:
            if isinstance(submitted, AsyncGenerator):
                await submitted.aclose()
        yield self._noted(Failed(fault))

    async def _admit(self) -> AsyncGenerator[Progress, None]:
        """Signs of life while the request's pictures are fetched and looked at. Raises `RequestFailed`."""
        media = self._pipeline.media
        if not media.concerns(self.request):
            return
        self._admitting = asyncio.ensure_future(media.admit(self.request, self._lease.engine))
        # Nobody asks for the outcome when the client is gone.
        self._admitting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            while not (await asyncio.wait({self._admitting}, timeout=SIGN_OF_LIFE))[0]:
                yield Progress("queued")
            if self._admitting.cancelled():
                raise RequestFailed(self._aborted or _shutting_down())
            self.request = self._admitting.result()
        finally:
            self._admitting.cancel()

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
        if self._admitting is not None:
            self._admitting.cancel()
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

    def _mark(self, event: Event) -> None:
        """Note when the engine began with the request, and when its first output came."""
        if isinstance(event, Progress):
            return
        now = time.monotonic() - self._began
        if math.isnan(self._first):
            self._first = now
        if not isinstance(event, Started):
            self._spoke = now

    def _timing(self) -> Timing:
        end = time.monotonic() - self._began
        return Timing(waiting=self._first, prefill=self._spoke - self._first, decode=end - self._spoke)

    def _noted(self, event: Event) -> Event:
        match event:
            case ReasoningDelta(tokens=tokens):
                self._reasoning_tokens += tokens
            case Finished(usage=usage):
                if self._reasoning_tokens:
                    usage = replace(usage, reasoning_tokens=self._reasoning_tokens)
                event = Finished(usage, self._timing())
                self._usage, self._outcome, self._status = usage, "finished", 200
            case Failed(fault=fault):
                event = Failed(renamed(fault, self._names))
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
