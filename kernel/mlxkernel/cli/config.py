"""``mlxkernel config``: whether a configuration is right, and what it adds up to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import typer

from mlxkernel.cli.options import (
    ConfigOption,
    JsonOption,
    SettingsOption,
    configuration,
    configuration_file,
    settings,
)
from mlxkernel.config import Config, load_config
from mlxkernel.errors import ConfigError

group = typer.Typer(no_args_is_help=True, help="The configuration.")


@group.command("check")
def check(file: ConfigOption = None, pairs: SettingsOption = None) -> None:
    """Check file, environment and --set together, with plugins, models and auth; start nothing."""
    from mlxkernel.kernel import Kernel

    config = configuration(file, pairs)
    kernel = Kernel(config)
    check_sources(kernel.host.registries.sources.values(), config)
    name = configuration_file(file) or "the configuration"
    models, plugins = len(config.models), len(kernel.host.loaded)
    typer.echo(f"{name} is right: {_count(models, 'model')}, {_count(plugins, 'plugin')}")


def check_sources(sources: Any, config: Config) -> None:
    """Raises `ConfigError` for a model whose source nobody knows."""
    known = list(sources)
    for spec in config.models.values():
        if not any(source.claims(spec.source) for source in known):
            names = ", ".join(source.name for source in known)
            raise ConfigError(
                f"[models.{spec.name}] source: no model source knows '{spec.source}' (installed: {names}); "
                "write bundled:tiny, the path of a model's folder, or a hub id"
            )


@group.command("show")
def show(file: ConfigOption = None, pairs: SettingsOption = None, as_json: JsonOption = False) -> None:
    """Show every value that is in force and where it comes from."""
    named = configuration_file(file)
    stages: list[tuple[str, Config]] = [
        ("default", load_config(environment={})),
        (str(named), load_config(named, environment={})),
        ("environment", load_config(named, environment=os.environ)),
        ("option", load_config(named, environment=os.environ, flags=settings(pairs))),
    ]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(stages[-1][1])).decode())
        return
    for key, value in _leaves(msgspec.to_builtins(stages[-1][1])):
        typer.echo(f"{key} = {msgspec.json.encode(value).decode()}  # {_origin(key, stages)}")


def _origin(key: str, stages: list[tuple[str, Config]]) -> str:
    """The first stage from which on the value is what it is now."""
    values = [dict(_leaves(msgspec.to_builtins(config))).get(key) for _, config in stages]
    index = len(values) - 1
    while index and values[index - 1] == values[-1]:
        index -= 1
    return stages[index][0]


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = f'"{key}"' if "." in key else key
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
