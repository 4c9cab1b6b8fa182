"""``mlxkernel models``: the models of a configuration or of a server, and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated

import msgspec
import typer
from msgspec import Struct

from mlxkernel.cli.options import ConfigOption, JsonOption, configuration
from mlxkernel.config import Config
from mlxkernel.errors import StartError
from mlxkernel.models import Health

DEMONSTRATION = "bundled:"
"""The sources of models that show how things work and are too small for anything else."""


class Row(Struct, frozen=True):
    """A model as the list shows it. `source` is unknown of a server that is asked from outside."""

    name: str
    state: str
    source: str | None = None
    aliases: tuple[str, ...] = ()
    demonstration: bool = False
    note: str | None = None


def models(
    file: ConfigOption = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this server instead of a configuration.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the configured models, with their state if the server that serves them runs."""
    if server is not None:
        rows = _of_server(server)
    else:
        config = configuration(file)
        if not config.models:
            raise StartError(
                "no model is configured; write [models.<name>] in mlx.toml, or ask a server: --server URL",
            )
        rows = _of_config(config)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        _print(rows)


def _of_config(config: Config) -> list[Row]:
    """The configured models; their states come from the server at the configured address, if one answers."""
    from mlxkernel.cli.remote import find_server

    host = f"[{config.server.host}]" if ":" in config.server.host else config.server.host
    remote = find_server(f"http://{host}:{config.server.port}")
    states: Mapping[str, Health] = {}
    if remote is not None:
        with closing(remote):
            states = remote.health().models
    rows: list[Row] = []
    for spec in config.models.values():
        state = states.get(spec.name)
        rows.append(
            Row(
                name=spec.name,
                state=state.state if state is not None else "not served",
                source=spec.source,
                aliases=spec.aliases,
                demonstration=spec.source.startswith(DEMONSTRATION),
                note=state.reason if state is not None else None,
            )
        )
    return rows


def _of_server(url: str) -> list[Row]:
    from mlxkernel.cli.remote import connect

    with closing(connect(url)) as remote:
        report = remote.health()
    return [Row(name=name, state=health.state, note=health.reason) for name, health in report.models.items()]


def _print(rows: list[Row]) -> None:
    from rich.markup import escape

    from mlxkernel.cli.terminal import output, table

    shown = table("model", "state", "source", "aliases", "note")
    for row in rows:
        notes = [note for note in ("demonstration" if row.demonstration else None, row.note) if note]
        cells = (row.name, row.state, row.source or "", ", ".join(row.aliases), "; ".join(notes))
        shown.add_row(*(escape(cell) for cell in cells))
    output().print(shown)
