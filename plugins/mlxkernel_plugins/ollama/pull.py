"""``/api/pull``: fetches a model's files, with a line of progress now and then.

What is pulled is usable as the configuration allows and not otherwise: a pull adds no model to the server.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import UNSET, Struct, UnsetType

from mlxkernel.api import HttpRequest, KernelView, Reply
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
from mlxkernel.events import Progress
from mlxkernel_plugins.ollama import errors, parsing, stream
from mlxkernel_plugins.ollama.bodies import PullBody
from mlxkernel_plugins.ollama.names import LATEST, all_names, configured

HONOURED = {
    "model": "a configured name or alias; another hub id only if the operator allows it",
    "name": "the same as `model`, which wins",
    "stream": "JSON lines, unless it is `false`",
}

WITHOUT_EFFECT = {
    "insecure": "how a source is reached is the operator's to set",
    "username": "how a source is reached is the operator's to set",
    "password": "how a source is reached is the operator's to set",
}


class PullLine(Struct, frozen=True):
    """What goes on; `completed` of `total` are per mille of the bytes."""

    status: str
    completed: int | UnsetType = UNSET
    total: int | UnsetType = UNSET


SUCCESS = PullLine("success")


class Pull:
    """The route. `unlisted`: models that are not configured may be pulled too."""

    def __init__(self, unlisted: bool) -> None:
        self._unlisted = unlisted

    async def __call__(self, http: HttpRequest, kernel: KernelView) -> Reply:
        """Pull. Raises `RequestFailed` for a model that may not be pulled, or before the first line."""
        body = parsing.parse(http, PullBody)
        name = body.model or body.name
        if not name:
            raise invalid("'model' is required", param="model")
        progress = kernel.fetch(self._source(name, kernel))
        if body.stream is not False:
            return Reply(content_type=stream.CONTENT_TYPE, chunks=_lines(progress))
        async with aclosing(progress):
            async for _ in progress:
                pass
        return Reply(body=stream.line(SUCCESS))

    def _source(self, name: str, kernel: KernelView) -> str:
        known = all_names(kernel.models())
        spec = known.get(configured(name, known))
        if spec is not None:
            return spec.source
        if not self._unlisted:
            raise RequestFailed(
                Fault(
                    kind=FaultKind.FORBIDDEN,
                    message=f"The model '{name[:80]}' is not configured on this server, so it cannot be "
                    "pulled; the operator can add it to mlx.toml, or allow every pull "
                    "([plugins.ollama] pull_unlisted)",
                    code="pull_not_allowed",
                )
            )
        return name.removesuffix(LATEST)


async def _lines(progress: AsyncGenerator[Progress, None]) -> AsyncGenerator[bytes, None]:
    yield stream.line(PullLine("pulling manifest"))
    last = -1
    try:
        async with aclosing(progress):
            async for step in progress:
                if step.done != last:
                    last = step.done
                    yield stream.line(PullLine("downloading", step.done, step.total))
    except RequestFailed as error:
        yield stream.line(errors.ErrorBody(error.fault.message))
    else:
        yield stream.line(SUCCESS)
