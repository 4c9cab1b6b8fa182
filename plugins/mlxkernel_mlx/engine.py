"""The engine: receive, prefill, launch, read. One thread runs it; `prepare` and `stats` may run beside."""

from __future__ import annotations

import gc
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import mlx.core as mx

from mlxkernel.api import (
    EngineStats,
    Job,
    LoadProgress,
    ModelInfo,
    ModelSpec,
    WorkerToolbox,
)
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import Failed, Progress, Started, StepOutput, TokenLogprob
from mlxkernel.request import Embed, Generate, Render, Request
from mlxkernel_mlx import loading, states
from mlxkernel_mlx.adjustments import Adjustment
from mlxkernel_mlx.assembly import Loaded, assemble, cache_factory, warm_up
from mlxkernel_mlx.batch import DecodeBatch, Launched, Row
from mlxkernel_mlx.choice import Choice, Ticket
from mlxkernel_mlx.detokenizer import Vocabulary
from mlxkernel_mlx.embedding import Embedder, EmbedJob, embedding_width, read_head
from mlxkernel_mlx.jobs import RenderJob, TextJob
from mlxkernel_mlx.memory import unwire_memory, wire_memory
from mlxkernel_mlx.pace import Pace
from mlxkernel_mlx.prefill import Failure, Pass, Prefill, Ready, Unit, scored, unpredicted
from mlxkernel_mlx.reuse import Reuse
from mlxkernel_mlx.sampling import Draw, key
from mlxkernel_mlx.states import State

logger = logging.getLogger(__name__)

_IDLE_SHARE = 2048
"""Prompt tokens of a step while nothing decodes, as in mlx_lm."""

_STALL = 0.1
"""Seconds that a piece of prefill may keep running rows waiting."""

_TIDY = 512
"""Steps after which MLX's pool of free buffers is emptied, as in mlx_lm."""


Loader: TypeAlias = Callable[[ModelSpec, Path, WorkerToolbox, LoadProgress], Loaded]
"""Loads the model in a folder. Raises `MlxKernelError` with the mend."""


class BatchEngine:
    """A `StepEngine` with continuous batching. `name` is the engine's, `loader` brings the model."""

    def __init__(self, name: str, loader: Loader) -> None:
        self._name = name
        self._loader = loader
        self._pace = Pace(_STALL)
        self._tickets: dict[str, Ticket] = {}
        self._waiting: deque[Ticket] = deque()
        self._ready: deque[tuple[Unit, State]] = deque()
        self._unread: Launched | None = None
        self._outbox: list[StepOutput] = []
        self._steps = self._prompt_tokens = self._cached_tokens = self._completion_tokens = 0

    # --- load and close ---------------------------------------------------------------------------

    def load(self, spec: ModelSpec, path: Path, toolbox: WorkerToolbox, progress: LoadProgress) -> ModelInfo:
        """Load the model in the folder `path`. Raises `MlxKernelError` with the mend."""
        self._spec = spec
        self._wired = wire_memory()
        loaded = self._loader(spec, path, toolbox, progress)
        self._network = loaded.network
        self._vocabulary = Vocabulary(loaded.tokenizer.hf)
        self._head = read_head(spec, path)
        factory = cache_factory(spec, toolbox)
        self._reuse = Reuse(factory, spec.limits.cache_bytes, loading.fingerprint(path))
        progress("warm-up", 0.0)
        self._tokens, self._traits = warm_up(spec.name, loaded.network)
        self._limit = spec.limits.batch if self._traits.batchable else 1
        progress("warm-up", 1.0)
        width = embedding_width(self._network, self._head)
        habits = assemble(
            spec, loaded, toolbox, self._vocabulary, self._tokens, self._traits.trimmable, width
        )
        self._intake, self._spared = habits.intake, habits.spared
        self._rebuild()
        return ModelInfo(
            name=spec.name,
            architecture=loaded.architecture,
            engine=self._name,
            family=loaded.family.name if loaded.family is not None else None,
            tool_format=habits.tool_format,
            reasoning_format=habits.reasoning_format,
            context=habits.context,
            vocabulary=self._tokens,
            embedding=width,
            parameters=loaded.parameters,
            weight_bytes=loaded.weight_bytes,
            demonstration=spec.source.startswith("bundled:"),
            bound=("json_object", "json_schema", "regex", "lark"),
            modalities=loaded.modalities,
        )

    def _rebuild(self) -> None:
        keep = self._reuse.keep_prompt if self._spec.cache != "none" else None
        self._prefill = Prefill(self._network, self._traits, keep, self._vocabulary.piece)
        self._batch = DecodeBatch(self._network, self._tokens, self._spared)
        self._embedder = Embedder(self._network, self._head)
        self._unread = None
        self._ready.clear()

    def close(self) -> None:
        """Release the model, on the engine thread."""
        self._tickets.clear()
        self._waiting.clear()
        self._outbox.clear()
        self._unread = None
        self._ready.clear()
        if "_reuse" in self.__dict__:
            self._reuse.clear()
            self._embedder.close()
        for name in ("_network", "_batch", "_prefill", "_intake", "_head"):
            self.__dict__.pop(name, None)
        gc.collect()
        mx.clear_cache()
        unwire_memory(self.__dict__.pop("_wired", None))
        # Without this most interpreters abort at exit (MLX 0.32).
        mx.clear_streams()

    # --- requests ---------------------------------------------------------------------------------

    def prepare(self, request: Request) -> TextJob | RenderJob | EmbedJob:
        """Template and tokens, and every check that needs the model. Raises `RequestFailed`."""
        match request.task:
            case Generate():
                return self._intake.prepare(request)
            case Render():
                return self._intake.render(request)
            case Embed():
                return self._intake.embed(request)

    def admit(self, job: Job) -> None:
        """Queue a prepared job; its first event comes from a later step."""
        assert isinstance(job, (TextJob, RenderJob, EmbedJob))
        if isinstance(job, RenderJob):
            self._outbox.extend(job.outputs())
        elif self._waits >= self._spec.limits.queue + self._free:
            self._outbox.append(StepOutput(job.request.id, Failed(self._overloaded())))
        elif isinstance(job, EmbedJob):
            self._embedder.add(job)
        else:
            ticket = Ticket(job)
            self._tickets[ticket.id] = ticket
            self._waiting.append(ticket)

    @property
    def _waits(self) -> int:
        return len(self._waiting) + len(self._embedder.ids)

    def cancel(self, request_id: str) -> None:
        """Free the rows of this request before the next step. It gets no further event."""
        ticket = self._tickets.pop(request_id, None)
        self._embedder.forget(request_id)
        self._outbox = [output for output in self._outbox if output.request_id != request_id]
        if ticket is not None:
            self._end(ticket)

    def _end(self, ticket: Ticket) -> None:
        ticket.over = True
        self._tickets.pop(ticket.id, None)
        if not ticket.started and ticket in self._waiting:
            self._waiting.remove(ticket)
        self._prefill.forget(lambda unit: unit.ticket.over)
        self._ready = deque(ready for ready in self._ready if not ready[0].ticket.over)

    def _overloaded(self) -> Fault:
        return Fault(
            kind=FaultKind.OVERLOADED,
            message=f"model '{self._spec.name}' has {self._waits} requests waiting, its limit; "
            "try again shortly",
            code="overloaded",
            retry_after=1.0,
        )

    # --- a step -----------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether there is anything to step."""
        return bool(
            self._unread is not None
            or self._batch.rows
            or self._waiting
            or self._prefill.busy
            or self._ready
            or self._embedder.ids
            or self._outbox
        )

    def step(self) -> list[StepOutput]:
        """One decode step for all rows, and a bounded piece of prefill."""
        out, self._outbox = self._outbox, []
        self._batch.drop(self._reuse.keep_answer if self._spec.cache != "none" else None)
        self._start_ready(out)
        self._receive(out)
        self._advance_prefill(out)
        out.extend(self._embedder.step(self._spec.limits.prefill_chunk))
        unread, self._unread = self._unread, self._batch.launch()
        self._end_faulty_rows()
        if unread is not None:
            self._read(unread, out)
        self._steps += 1
        if self._steps % _TIDY == 0:
            mx.clear_cache()
        return out

    @property
    def _free(self) -> int:
        return max(0, self._limit - len(self._batch.rows) - self._prefill.reserved)

    def _receive(self, out: list[StepOutput]) -> None:
        """Start the requests whose first prompt finds a row."""
        room = self._free - sum(len(unit.choices) for unit in self._prefill.units)
        while self._waiting and room > 0:
            ticket = self._waiting.popleft()
            ticket.started = True
            units = [self._unit(ticket, number) for number in range(len(ticket.job.prompts))]
            ticket.cached = sum(unit.done for unit in units)
            self._prompt_tokens += ticket.prompt_tokens
            self._cached_tokens += ticket.cached
            self._prefill.units.extend(units)
            end = ticket.job.prompts[0].end
            out.append(StepOutput(ticket.id, Started(ticket.prompt_tokens, ticket.cached, end)))
            room -= sum(len(unit.choices) for unit in units)

    def _unit(self, ticket: Ticket, number: int) -> Unit:
        prompt = ticket.job.prompts[number]
        hit = None if scored(ticket, prompt) else self._reuse.find(ticket, prompt)
        if hit is None:
            return Unit(ticket, number, prompt, self._network.fresh(), 0)
        return Unit(ticket, number, prompt, hit.state, hit.length)

    def _advance_prefill(self, out: list[StepOutput]) -> None:
        if not self._prefill.busy or self._ready:
            return
        room = self._free + self._prefill.reserved
        if self._batch.rows:
            done = self._measured_prefill(room)
        else:
            done = self._prefill.advance(room, max(self._spec.limits.prefill_chunk, _IDLE_SHARE))
        under_way = done.under_way
        for outcome in done.outcomes:
            match outcome:
                case Ready():
                    self._join(outcome, out)
                case Failure(units=units, error=error):
                    logger.error("prefill failed", exc_info=error)
                    for unit in units:
                        what = f"The prompt could not be processed ({type(error).__name__})"
                        self._break(unit.ticket, what)
        if under_way is not None and under_way.done != under_way.reported:
            under_way.reported = under_way.done
            progress = Progress("prefill", under_way.done, len(under_way.prompt.tokens))
            out.append(StepOutput(under_way.ticket.id, progress))
            mx.clear_cache()

    def _measured_prefill(self, room: int) -> Pass:
        """A piece that keeps the running rows waiting no longer than `_STALL`, at the model's own pace."""
        if self._unread is not None:
            mx.eval(self._unread.tokens)
        began = time.perf_counter()
        done = self._prefill.advance(room, self._pace.share(self._spec.limits.prefill_chunk))
        done.wait()
        self._pace.record(done.tokens, time.perf_counter() - began)
        return done

    def _break(self, ticket: Ticket, what: str) -> None:
        """End one request by a fault of ours."""
        if not ticket.over:
            message = f"{what}; the server's log has the details"
            fault = Fault(kind=FaultKind.INTERNAL, message=message, code="engine_failed")
            self._outbox.append(StepOutput(ticket.id, Failed(fault)))
            self._end(ticket)

    # --- rows -------------------------------------------------------------------------------------

    def _join(self, ready: Ready, out: list[StepOutput]) -> None:
        """Start the answers of these prompts; those that find no row wait with a state of their own."""
        if ready.plain:
            self._ready.append((ready.units[0], ready.cache))
            self._start_ready(out)
            return
        rows: list[Row] = []
        places: list[int] = []
        fits = sum(len(unit.choices) for unit in ready.units) <= self._free
        for place, unit in enumerate(ready.units):
            if not fits or not unit.prompt.max_tokens:
                self._ready.append((unit, states.extract(ready.cache, place)))
                continue
            while unit.choices:
                rows.append(self._row(unit, unit.choices.popleft(), out))
                places.append(place)
        if rows:
            if places != list(range(len(ready.units))):
                states.gather(ready.cache, places)
            self._batch.join(rows, ready.cache, plain=False)
        self._start_ready(out)

    def _start_ready(self, out: list[StepOutput]) -> None:
        """Start as many of the waiting answers as there are rows."""
        while self._ready:
            unit, state = self._ready[0]
            if not unit.prompt.max_tokens:
                while unit.choices:
                    self._row(unit, unit.choices.popleft(), out)
            count = min(self._free, len(unit.choices))
            if count:
                rows = [self._row(unit, unit.choices.popleft(), out) for _ in range(count)]
                if count > 1:
                    self._batch.join(rows, states.merge([state] * count), plain=False)
                else:
                    own = states.duplicate(state) if unit.choices else state
                    self._batch.join(rows, own, plain=True)
            if unit.choices:
                return
            self._ready.popleft()

    def _row(self, unit: Unit, number: int, out: list[StepOutput]) -> Row:
        ticket, prompt = unit.ticket, unit.prompt
        job, request = ticket.job, ticket.job.request
        detokenizer = self._vocabulary.start(prompt.tokens if prompt.continues else ())
        index = unit.number * request.n + number
        choice = Choice(ticket, index, prompt.max_tokens, detokenizer, self._vocabulary.piece)
        choice.begin(prompt.echo, self._scores(unit), len(prompt.tokens), out)
        adjustment = None
        if Adjustment.needed(job.settings, request.min_tokens):
            adjustment = Adjustment(
                job.settings,
                request.sampling,
                prompt.tokens[:-1],
                sorted(job.ends),
                request.min_tokens,
                self._tokens,
            )
        draw = Draw(job.settings, key(job.seed, unit.number, number))
        return Row(
            choice,
            prompt,
            draw,
            adjustment,
            request.logprobs,
            number == 0,
            job.guides(),
            unit.feed.shift if unit.feed is not None else 0,
        )

    def _scores(self, unit: Unit) -> list[TokenLogprob]:
        if not unit.scored:
            return []
        first = unit.prompt.tokens[0]
        return [unpredicted(first, self._vocabulary.piece(first)), *unit.scores]

    def _end_faulty_rows(self) -> None:
        for row in self._batch.rows:
            if row.fault is not None:
                row.kept = False
                self._break(row.choice.ticket, row.fault)

    def _read(self, launched: Launched, out: list[StepOutput]) -> None:
        tokens, logprobs = launched.read(self._vocabulary.piece)
        for place, row in enumerate(launched.rows):
            choice = row.choice
            if choice.finished or choice.ticket.over:
                continue
            self._completion_tokens += 1
            choice.accept(tokens[place], logprobs.get(place), out)
            if choice.ticket.over:
                self._tickets.pop(choice.ticket.id, None)

    # --- recovery and readings --------------------------------------------------------------------

    def reset(self) -> list[str]:
        """Rebuild after a step raised; returns the ids of all requests that were lost by it.

        Requests that had not started go on waiting. Kept states may hang on the failed step: they go.
        """
        lost = [ticket.id for ticket in self._tickets.values() if ticket.started]
        for request_id in lost:
            self._tickets.pop(request_id).over = True
        lost.extend(self._embedder.ids)
        self._outbox = [output for output in self._outbox if output.request_id not in lost]
        self._reuse.renew()
        self._rebuild()
        mx.clear_cache()
        return lost

    def stats(self) -> EngineStats:
        """A reading, without waiting for a step."""
        return EngineStats(
            running=len(self._tickets) - len(self._waiting),
            waiting=self._waits,
            steps=self._steps,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=self._cached_tokens,
            completion_tokens=self._completion_tokens,
            cache_bytes=self._reuse.nbytes,
            memory_bytes=mx.get_active_memory(),
        )
