"""The plugin interface: what a plugin registers and the Protocols that its objects fulfil.

A hook returns values of this module; the kernel and its workers run them. Every value that is
registered has a `name`, unique among values of its kind. Nothing here imports MLX: what runs in a
worker imports it inside the callable that the worker calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from mlxkernel.caching import CacheFactory, CacheHit, CacheKey, CacheStats, CacheStrategy
from mlxkernel.dialects import Description, Dialect, Encoder, Endpoint, KernelView, Operation, Route
from mlxkernel.events import Event, StepOutput
from mlxkernel.http import HttpRequest, Principal, Reply, RequestRecord
from mlxkernel.messages import Json, ToolCall
from mlxkernel.models import EngineStats, Health, ModelDefaults, ModelInfo, ModelLimits, ModelSpec
from mlxkernel.request import Request, Sampling, Tool

__all__ = [
    "Authenticator",
    "CacheFactory",
    "CacheHit",
    "CacheKey",
    "CacheStats",
    "CacheStrategy",
    "ChatTemplate",
    "Description",
    "Dialect",
    "DirectEngine",
    "Encoder",
    "Endpoint",
    "Engine",
    "EngineFactory",
    "EngineStats",
    "EventParser",
    "Health",
    "HttpRequest",
    "Job",
    "KernelView",
    "LoadProgress",
    "LogitsProcessor",
    "ModelDefaults",
    "ModelFamily",
    "ModelInfo",
    "ModelLimits",
    "ModelSource",
    "ModelSpec",
    "Operation",
    "Principal",
    "ReasoningFormat",
    "Reply",
    "RequestRecord",
    "Route",
    "StepEngine",
    "ToolFormat",
    "WorkerEngine",
    "WorkerToolbox",
]

# --- engines --------------------------------------------------------------------------------------


class Engine(Protocol):
    """What the kernel sees of a loaded model, wherever it runs."""

    @property
    def info(self) -> ModelInfo:
        """The loaded model."""

    def submit(self, request: Request) -> AsyncIterator[Event]:
        """Run a request; the events obey the law of `mlxkernel.events`. Never raises: faults are `Failed`."""

    def cancel(self, request_id: str) -> None:
        """Free the request's rows within one step. Does not wait; unknown ids are ignored."""

    def health(self) -> Health:
        """The state now, without waiting for the engine."""

    def stats(self) -> EngineStats:
        """The last reading."""

    async def close(self) -> None:
        """End every request with `Failed`, release the memory."""


class Job(Protocol):
    """A request that is ready to run: what `StepEngine.prepare` makes and `StepEngine.admit` takes."""

    @property
    def request(self) -> Request:
        """The request that it came from."""


class LoadProgress(Protocol):
    """Reports how far a load is: a stage (``download``, ``weights``, ``warm-up``) and 0…1."""

    def __call__(self, stage: str, fraction: float) -> None:
        """Report; called from the thread that loads."""


class StepEngine(Protocol):
    """A model runtime inside a worker, stepped by one thread.

    `prepare` is called on the worker's intake thread, `load`, `admit`, `cancel`, `step` and `close` on
    its engine thread, `stats` on any. The engine owns continuous batching: a step advances all rows.
    """

    def load(self, spec: ModelSpec, path: Path, toolbox: WorkerToolbox, progress: LoadProgress) -> ModelInfo:
        """Load the model in the folder `path`. Raises `MlxKernelError` with the mend when it cannot."""

    def prepare(self, request: Request) -> Job:
        """Template and tokens, and every check that needs the model. Raises `RequestFailed`."""

    def admit(self, job: Job) -> None:
        """Queue a prepared job; its first event comes from a later step."""

    def cancel(self, request_id: str) -> None:
        """Free the rows of this request before the next step. It gets no further event."""

    @property
    def busy(self) -> bool:
        """Whether there is anything to step."""

    def step(self) -> list[StepOutput]:
        """One decode step for all rows, and a bounded piece of prefill."""

    def reset(self) -> list[str]:
        """Rebuild after a step raised; returns the ids of all requests that were lost by it."""

    def stats(self) -> EngineStats:
        """A reading, without waiting for a step."""

    def close(self) -> None:
        """Release the model, on the engine thread."""


class WorkerEngine(Struct, frozen=True, kw_only=True):
    """An engine that runs in a worker process of its own.

    `suits` looks at the model's config.json and answers whether this engine can load it (for
    ``engine = "auto"``; the first in order that can, does). `create` is called in the worker.
    """

    name: str
    create: Callable[[], StepEngine]
    suits: Callable[[Mapping[str, Json]], bool]


class DirectEngine(Struct, frozen=True, kw_only=True):
    """An engine that needs no worker: a remote server, another runtime, a fake in a test."""

    name: str
    connect: Callable[[ModelSpec], Awaitable[Engine]]


EngineFactory: TypeAlias = WorkerEngine | DirectEngine

# --- what a worker finds in its toolbox -----------------------------------------------------------


class ModelFamily(Struct, frozen=True, kw_only=True):
    """An architecture and its habits.

    `model_types` are values of config.json's ``model_type``. `classes` imports and returns the pair
    (Model, ModelArgs) as mlx_lm's ``get_model_classes`` does; None leaves it to mlx_lm. `template` names
    the chat template for models that bring none.
    """

    name: str
    model_types: tuple[str, ...]
    classes: Callable[[Mapping[str, Json]], tuple[type, type]] | None = None
    template: str | None = None
    tool_format: str | None = None
    reasoning_format: str | None = None


class ChatTemplate(Struct, frozen=True, kw_only=True):
    """A chat template by name: Jinja source in the conventions of Hugging Face tokenizers."""

    name: str
    source: str


class LogitsProcessor(Struct, frozen=True, kw_only=True):
    """A named change of the logits, chosen by ``sampling.processors``.

    `create` gets the request's sampling and returns a function of (tokens so far [T], logits [1, V])
    that returns logits [1, V]; it runs in the worker, per row and step.
    """

    name: str
    create: Callable[[Sampling], Callable[[Any, Any], Any]]


class ModelSource(Protocol):
    """Where a model's name may come from: ``bundled:tiny``, a path, a hub id."""

    @property
    def name(self) -> str:
        """The source's name, for messages."""

    def claims(self, reference: str) -> bool:
        """Whether this source knows what to do with the reference; the first that does, resolves it."""

    def resolve(self, reference: str, progress: LoadProgress) -> Path:
        """The folder that holds the model; downloads it if need be. Raises `MlxKernelError` with the mend."""


class WorkerToolbox(Struct, frozen=True, kw_only=True):
    """Everything registered that an engine may look up by name, in the order of the plugins."""

    families: Mapping[str, ModelFamily]
    chat_templates: Mapping[str, ChatTemplate]
    caches: Mapping[str, CacheFactory]
    samplers: Mapping[str, LogitsProcessor]
    tool_formats: Mapping[str, ToolFormat] = {}
    reasoning_formats: Mapping[str, ReasoningFormat] = {}

    def family_of(self, model_type: str) -> ModelFamily | None:
        """The family that lists this ``model_type``."""
        for family in self.families.values():
            if model_type in family.model_types:
                return family
        return None


# --- formats: parsers between the engine and the dialect ------------------------------------------


class EventParser(Protocol):
    """Rewrites the events of one choice: text into reasoning, text into tool calls.

    The folded result is the same however the text was split; nothing is emitted twice or taken back.
    """

    def feed(self, event: Event) -> Sequence[Event]:
        """Zero or more events in place of this one. A `ChoiceFinished` flushes what was held back."""


class ToolFormat(Protocol):
    """How a model family writes tool calls. `mlxkernel.formats.Format` makes one from data."""

    @property
    def name(self) -> str:
        """The name that ``tool_format`` in mlx.toml chooses."""

    @property
    def model_types(self) -> Sequence[str]:
        """Values of config.json's ``model_type`` whose models use it."""

    @property
    def markers(self) -> Sequence[str]:
        """Texts that a chat template holds, all of them, when its model uses this format."""

    def parser(self, request: Request) -> EventParser:
        """A fresh parser for one choice."""

    def grammar(
        self, tools: Sequence[Tool], *, special: Mapping[str, int], parallel: bool = True, forced: bool = True
    ) -> str:
        """A Lark grammar for llguidance that allows nothing but calls of these tools, at least one.

        `special` maps the text of the tokenizer's special tokens to their ids, so that a marker which is
        one is forced as one. Without `parallel` the grammar allows exactly one call. Not `forced`, it allows
        any text, and such calls in it; raises `ValueError` when the two cannot be told apart.
        """

    def render(self, calls: Sequence[ToolCall]) -> str:
        """The calls as the model writes them. Raises `ValueError` when the format cannot express one."""


class ReasoningFormat(Protocol):
    """How a model family marks what it thinks."""

    @property
    def name(self) -> str:
        """The name that ``reasoning_format`` in mlx.toml chooses."""

    @property
    def model_types(self) -> Sequence[str]:
        """Values of config.json's ``model_type`` whose models use it."""

    @property
    def opens(self) -> Sequence[str]:
        """The markers that begin the thinking, the most usual one first."""

    @property
    def closes(self) -> Sequence[str]:
        """The markers that end it, the most usual one first."""

    @property
    def repeats(self) -> bool:
        """Whether thinking may come again after a part of the answer; if not, it comes first or never."""

    @property
    def unasked(self) -> bool:
        """Whether its models think although neither the request nor the prompt has asked them to."""

    @property
    def cut(self) -> str:
        """What ends the thinking before its time, written as the models do."""

    @property
    def turn(self) -> str:
        """What stands between the thinking and what follows it; "" where white space does."""

    @property
    def reply(self) -> tuple[str, str]:
        """What an answer begins and ends with and a call does not; "" where there is nothing."""

    @property
    def efforts(self) -> Mapping[str, str]:
        """What their chat templates take for ``reasoning_effort``, by OpenAI's names (none, …, max)."""

    def is_open(self, prompt_end: str, continues: bool = False) -> bool:
        """Whether a prompt with this end leaves the model in the middle of its thinking.

        With `continues` the end is the first part of the answer, which the model goes on with.
        """

    def parser(self, request: Request, prompt_end: str) -> EventParser:
        """A fresh parser for one choice; `prompt_end` is the end of the rendered prompt."""


# --- auth -----------------------------------------------------------------------------------------


class Authenticator(Protocol):
    """Decides who asks. Called once per request before the body is read."""

    name: str

    @property
    def protects(self) -> bool:
        """Whether it turns strangers away: a server that is reachable from outside needs one that does."""

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        """Who asks, from the headers (names in lower case). Raises `RequestFailed` (401 or 403)."""
