"""The dialect object: its routes and the shape of its errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec

from mlxkernel.api import Description, Endpoint, HttpRequest, KernelView, Reply, Route
from mlxkernel.errors import Fault, unsupported
from mlxkernel_plugins.ollama import catalogue, errors
from mlxkernel_plugins.ollama.answers import Chat, Generate
from mlxkernel_plugins.ollama.bodies import PullBody, ShowBody
from mlxkernel_plugins.ollama.embed import EmbeddingsRoute, EmbedRoute
from mlxkernel_plugins.ollama.pull import Pull, PullLine
from mlxkernel_plugins.ollama.stream import CONTENT_TYPE

Handle: TypeAlias = Callable[[HttpRequest, KernelView], Awaitable[Reply]]

API_VERSION = "0.12.11"
"""The release of Ollama whose API this dialect follows; the first with logprobs."""

GREETING = b"mlxkernel is running"

MANAGEMENT = (
    ("POST", "/api/create"),
    ("POST", "/api/copy"),
    ("POST", "/api/push"),
    ("DELETE", "/api/delete"),
    ("POST", "/api/blobs/<digest>"),
)
"""Routes that would change which models there are."""

_VERSION = Description(summary="Tell the version of the API", reply=catalogue.Version)
_TAGS = Description(summary="List the models", reply=catalogue.Tags)
_PS = Description(summary="List the models that are loaded", reply=catalogue.Processes)
_SHOW = Description(summary="Describe a model", body=ShowBody, reply=catalogue.Shown)
_PULL = Description(
    summary="Download a model's files", body=PullBody, reply=PullLine, event=PullLine, stream=CONTENT_TYPE
)
_REFUSED = Description(summary="Refused: the operator sets which models there are")


class Ollama:
    """Ollama's API. `clock` gives the time in seconds since the epoch, for ``created_at``.

    `version` is what ``/api/version`` says, `pull_unlisted` whether models that are not configured may be
    pulled.
    """

    name: str = "ollama"
    prefix: str = "/api"
    base: str = ""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        version: str = API_VERSION,
        pull_unlisted: bool = False,
    ) -> None:
        self._clock = clock
        self._version = version
        self._pull_unlisted = pull_unlisted

    def routes(self) -> Sequence[Route]:
        """Four routes that work with a model, the lists, and those that are refused in so many words."""
        return (
            Chat(self._clock),
            Generate(self._clock),
            EmbedRoute(),
            EmbeddingsRoute(),
            *self._endpoints(),
        )

    def _endpoints(self) -> Iterator[Endpoint]:
        rows: tuple[tuple[str, str, Handle, Description], ...] = (
            ("GET", "/", _greet, Description(summary="Say that the server runs")),
            ("GET", "/api/version", self._tell_version, _VERSION),
            ("GET", "/api/tags", catalogue.tags, _TAGS),
            ("GET", "/api/ps", catalogue.ps, _PS),
            ("POST", "/api/show", catalogue.show, _SHOW),
            ("POST", "/api/pull", Pull(self._pull_unlisted), _PULL),
            *((method, path, _refuse, _REFUSED) for method, path in MANAGEMENT),
        )
        for method, path, handle, description in rows:
            yield Endpoint(method=method, path=path, handle=handle, description=description)

    def error(self, fault: Fault, request_id: str) -> Reply:
        """``{"error": "…"}`` with the status that clients choose by."""
        return errors.reply(fault)

    async def _tell_version(self, http: HttpRequest, kernel: KernelView) -> Reply:
        return Reply(body=msgspec.json.encode(catalogue.Version(self._version)))


async def _greet(http: HttpRequest, kernel: KernelView) -> Reply:
    """``GET /``, by which clients see whether a server is there."""
    return Reply(body=GREETING, content_type="text/plain; charset=utf-8")


async def _refuse(http: HttpRequest, kernel: KernelView) -> Reply:
    raise unsupported(http.path, "which models there are is set in mlx.toml by the operator")
