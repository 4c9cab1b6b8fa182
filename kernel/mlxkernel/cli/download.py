"""``mlxkernel download``: the hidden command that a kernel starts to fetch a model's files."""

from __future__ import annotations

import typer


def download() -> None:
    """Fetch one model for the kernel at the other end of stdin and stdout."""
    from mlxkernel.worker.download import main

    raise typer.Exit(main())
