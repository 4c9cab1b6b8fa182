"""``mlxkernel worker``: the hidden command that a kernel starts for each model."""

from __future__ import annotations

from typing import Annotated

import typer


def worker(
    descriptor: Annotated[int, typer.Option("--fd", help="The socket that leads to the kernel.")],
) -> None:
    """Run one model for the kernel at the other end of a socket."""
    from mlxkernel.worker.runtime import main

    raise typer.Exit(main(descriptor))
