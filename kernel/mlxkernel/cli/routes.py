"""``mlxkernel routes``: every path that the server answers."""

from __future__ import annotations

import msgspec
import typer
from msgspec import Struct

from mlxkernel.cli.options import ConfigOption, JsonOption, configuration


class Row(Struct, frozen=True):
    """A route as the list shows it; `auth` is the authenticator that stands before it, ``none`` for none."""

    method: str
    path: str
    dialect: str
    plugin: str
    auth: str
    summary: str


def routes(file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List every route with its dialect, the plugin that brings it, and who checks its callers."""
    from mlxkernel.host import PluginHost, Scope
    from mlxkernel.kernel import choose_authenticator
    from mlxkernel.routes import OWN, served

    config = configuration(file)
    host = PluginHost(config, Scope.KERNEL)
    host.load()
    auth = choose_authenticator(config, host).name
    entries = (*OWN, *(served.entry for served in served(host)))
    rows = [
        Row(
            entry.method,
            entry.path,
            entry.dialect or "kernel",
            entry.plugin or "kernel",
            "none" if entry.open else auth,
            entry.description.summary if entry.description is not None else "",
        )
        for entry in entries
    ]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        _print(rows)


def _print(rows: list[Row]) -> None:
    from rich.markup import escape

    from mlxkernel.cli.terminal import output, table

    shown = table("method", "path", "dialect", "plugin", "auth", "what it does")
    for row in rows:
        shown.add_row(*map(escape, (row.method, row.path, row.dialect, row.plugin, row.auth, row.summary)))
    output().print(shown)
