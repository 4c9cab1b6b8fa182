"""Dialects: what a plugin that speaks an API registers, and what the kernel shows it.

These are names of `mlxkernel.api`; import them from there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from mlxkernel.errors import Fault
from mlxkernel.events import Event, Progress
from mlxkernel.fold import Answer
from mlxkernel.http import HttpRequest, Reply
from mlxkernel.models import Health, ModelInfo, ModelSpec
from mlxkernel.request import Request


class Encoder(Protocol):
    """Turns the events of one streamed request into the dialect's bytes. Pure; ignores unknown kinds."""

    content_type: str

    def feed(self, event: Event) -> bytes:
        """The bytes for this event; ``b""`` when the dialect has no word for it."""

    def keep_alive(self) -> bytes:
        """Bytes that clients skip, sent while nothing happens; ``b""`` if the dialect has none."""

    def close(self) -> bytes:
        """What ends the stream after `Finished` or `Failed`."""


class KernelView(Protocol):
    """What the kernel shows to the endpoints and the lifespan of plugins."""

    @property
    def version(self) -> str:
        """The kernel's version."""

    def models(self) -> Sequence[ModelSpec]:
        """The models that are configured, in their order."""

    def resolve(self, name: str) -> ModelSpec:
        """The model that answers to this name or alias. Raises `RequestFailed` (not_found)."""

    def health(self) -> Mapping[str, Health]:
        """The state of each model by name."""

    def info(self, name: str) -> ModelInfo | None:
        """What is known of a model, None while it is not loaded."""

    @property
    def started(self) -> float:
        """When the server started, in seconds since the epoch."""

    def abort(self, request_id: str, fault: Fault) -> bool:
        """End the run of the `Request` with this id: its reader gets `Failed` with this fault.

        Does not wait. False when no such run is under way.
        """

    def fetch(self, source: str) -> AsyncGenerator[Progress, None]:
        """Download what a `ModelSpec.source` names, with per mille of it now and then; adds no model.

        Closing the generator ends the download. Raises `RequestFailed` when the source does not give it.
        """


class Description(Struct, frozen=True, kw_only=True):
    """What a route does, in a line, and the msgspec types of what it takes and gives; None: no JSON.

    `event` is the type of one event of a streamed answer, and `stream` that answer's content type. It is
    what ``mlxkernel routes`` and ``/openapi.json`` tell of the route.
    """

    summary: str
    body: Any = None
    reply: Any = None
    event: Any = None
    stream: str = "text/event-stream"


class Operation(Protocol):
    """A route that runs a request: three pure translations. It may have a `description: Description`.

    It may have `names: Mapping[str, str]`: fields of the `Request` that its clients know by another name
    (``{"max_tokens": "max_output_tokens"}``). The faults of engines and their like are told in these names.

    A route that never sets ``request.stream`` needs no encoder: its `encoder` is not called.
    """

    method: str
    path: str

    def read(self, http: HttpRequest) -> Request:
        """The request in the kernel's words. Raises `RequestFailed` with the field's path in `param`.

        A large body is read on another thread than the event loop's, several at a time.
        """

    def encoder(self, request: Request) -> Encoder:
        """An encoder for a streamed answer (``request.stream``)."""

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The whole answer at once."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """A route that needs no engine (a list of models)."""

    method: str
    path: str
    handle: Callable[[HttpRequest, KernelView], Awaitable[Reply]]
    description: Description | None = None


Route: TypeAlias = Operation | Endpoint


class Dialect(Protocol):
    """An API that clients speak: routes, and the shape of its errors.

    `prefix` is the path below which errors without a route (404, 405, 401) take this dialect's shape.
    Paths use ``<name>`` for one segment and ``<path:name>`` for the rest. It may have `base: str`, the path
    of the base URL that its clients are configured with, where that is not `prefix`; `serve` tells it.
    """

    name: str
    prefix: str

    def routes(self) -> Sequence[Route]:
        """All routes, called once."""

    def error(self, fault: Fault, request_id: str) -> Reply:
        """The fault in the dialect's own shape."""
