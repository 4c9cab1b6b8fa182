"""``mlxkernel version``: what is installed, in one line that helps in a report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

import typer

from mlxkernel import __version__

LIBRARIES = ("mlx", "mlx-lm")


def version() -> None:
    """Print the versions of mlxkernel, MLX, Python and the platform."""
    libraries = ", ".join(f"{name} {_installed(name)}" for name in LIBRARIES)
    system = f"{platform.system()} {platform.machine()}"
    typer.echo(f"mlxkernel {__version__} ({libraries}, Python {platform.python_version()}, {system})")


def _installed(distribution: str) -> str:
    try:
        return installed_version(distribution)
    except PackageNotFoundError:
        return "not installed"
