"""Options that several commands share, and the configuration that they add up to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mlxkernel.config import Config, load_config, toml_value
from mlxkernel.errors import ConfigError
from mlxkernel.messages import Json

DEFAULT_FILE = Path("mlx.toml")
"""Read when it lies in the current folder and neither a file nor a model is named."""

DEFAULT_SERVER = "http://127.0.0.1:8000"
"""Where a server listens that was told nothing else."""

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="The configuration, such as mlx.toml."),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Any key of the configuration (server.drain_grace=5); may be repeated.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def settings(pairs: Sequence[str] | None) -> dict[str, Json]:
    """``--set`` as dotted keys and values. Raises `ConfigError` for one without ``=``."""
    flags: dict[str, Json] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {pair}: write --set table.key=value, such as --set server.port=9000")
        flags[key.strip()] = toml_value(value.strip())
    return flags


def configuration_file(named: Path | None) -> Path | None:
    """The file that is named, else mlx.toml if it lies in the current folder."""
    if named is None and DEFAULT_FILE.is_file():
        return DEFAULT_FILE
    return named


def configuration(file: Path | None, pairs: Sequence[str] | None = None) -> Config:
    """The configuration of a command that only looks at it."""
    flags: Mapping[str, Json] = settings(pairs)
    return load_config(configuration_file(file), flags=flags)


LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class _CurrentStderr:
    """Whatever `sys.stderr` is now: a progress bar that is being drawn puts itself in its place."""

    def write(self, text: str) -> Any:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_log(level: str) -> None:
    """Log to stderr from this level on."""
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT, stream=_CurrentStderr(), force=True)
