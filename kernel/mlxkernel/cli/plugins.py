"""``mlxkernel plugins``: what is installed, from whom, and whether it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import typer
from msgspec import Struct

from mlxkernel.cli.options import ConfigOption, JsonOption, configuration
from mlxkernel.errors import StartError

if TYPE_CHECKING:
    from mlxkernel.host import Plugin

group = typer.Typer(no_args_is_help=True, help="Installed plugins.")


class Row(Struct, frozen=True):
    """A plugin as the list shows it; `fault` says what is broken, `mend` what helps."""

    name: str
    distribution: str
    version: str
    state: str
    brings: tuple[str, ...]
    fault: str | None
    mend: str | None

    @classmethod
    def of(cls, plugin: Plugin) -> Row:
        """The row of a plugin that the host has seen."""
        from mlxkernel.hooks import mend

        return cls(
            plugin.name,
            plugin.distribution,
            plugin.version,
            plugin.state.value,
            tuple(plugin.brings),
            plugin.fault,
            mend(plugin) if plugin.fault is not None else None,
        )


@group.callback()
def _group() -> None:
    """Installed plugins."""


@group.command("list")
def list_plugins(file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the plugins in their order, with what each brings. Exit code 1 if one is broken."""
    from mlxkernel.host import PluginHost, Scope, State

    host = PluginHost(configuration(file), Scope.KERNEL)
    fault: StartError | None = None
    try:
        host.load()
    except StartError as error:
        fault = error
    rows = [Row.of(plugin) for plugin in host.plugins]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows)).decode())
    else:
        _print(rows)
    if fault is not None:
        raise fault
    if any(plugin.state is State.BROKEN for plugin in host.plugins):
        raise typer.Exit(1)


def _print(rows: list[Row]) -> None:
    from rich.markup import escape

    from mlxkernel.cli.terminal import output, table

    shown = table("plugin", "distribution", "version", "state", "brings")
    for row in rows:
        cells = (row.name, row.distribution, row.version, row.state, row.fault or _grouped(row.brings))
        shown.add_row(*(escape(cell) for cell in cells))
    output().print(shown)


def _grouped(brings: Sequence[str]) -> str:
    """What a plugin brings, kind by kind: ``engine: mlx-text; cache: none, prefix``."""
    kinds: dict[str, list[str]] = {}
    for item in brings:
        kind, name = item.rsplit(" ", 1)
        kinds.setdefault(kind, []).append(name)
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())
