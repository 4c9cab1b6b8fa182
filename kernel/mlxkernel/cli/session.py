"""A session: the server that ``chat`` and ``ask`` talk to, found, named or started, and its model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from mlxkernel.cli.options import DEFAULT_SERVER
from mlxkernel.config import nearest
from mlxkernel.errors import StartError
from mlxkernel.messages import Json

if TYPE_CHECKING:
    from mlxkernel.cli.remote import Remote


class Session(Struct, frozen=True):
    """A server, the names of its models, and the one to ask."""

    remote: Remote
    models: tuple[str, ...]
    model: str


def open_session(
    stack: ExitStack,
    example: str,
    *,
    model: str | None,
    server: str | None,
    key: str | None,
    settings: Mapping[str, Json] | None = None,
) -> Session:
    """The server at `server`, else the one on this machine, else one of our own with this model.

    `stack` closes it. `example` is the command that errors suggest, `settings` are for a server of our own.
    Raises `StartError` when there is none, or it has no such model.
    """
    from mlxkernel.cli.remote import AnswerFailed

    remote, wanted = _open(stack, example, model, server, key, settings or {})
    try:
        names = remote.models()
    except AnswerFailed as error:
        raise StartError(f"{remote.url}: {error}") from None
    if wanted is not None and wanted not in names:
        raise StartError(f"{remote.url} has no model '{wanted}'; {nearest(wanted, names)}")
    if not names:
        raise StartError(f"{remote.url} serves no model")
    return Session(remote, tuple(names), wanted or names[0])


def _open(
    stack: ExitStack,
    example: str,
    model: str | None,
    server: str | None,
    key: str | None,
    settings: Mapping[str, Json],
) -> tuple[Remote, str | None]:
    """The server to talk to, and the model that was asked for by name (None: the server's first)."""
    from mlxkernel.cli.remote import connect, find_server

    if server is not None:
        remote = connect(server, key)
        stack.callback(remote.close)
        return remote, model
    found = find_server(DEFAULT_SERVER, key)
    if found is not None:
        stack.callback(found.close)
        if model is None or model in found.health().models:
            return found, model
    if model is None:
        raise StartError(
            f"no server answers on {DEFAULT_SERVER}; start one (mlxkernel serve -c mlx.toml), name one "
            f"(--server URL), or run a model of your own (mlxkernel {example})"
        )
    return _private(stack, model, settings), None


def _private(stack: ExitStack, model: str, settings: Mapping[str, Json]) -> Remote:
    from rich.progress import BarColumn, Progress, TextColumn

    from mlxkernel.cli.private import PrivateServer
    from mlxkernel.cli.terminal import messages

    private = stack.enter_context(PrivateServer(model, settings))
    columns = (TextColumn("{task.description}"), BarColumn())
    console = messages()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"{model}: starting", total=1.0)
        return private.remote(
            lambda stage, fraction: progress.update(bar, description=f"{model}: {stage}", completed=fraction)
        )
