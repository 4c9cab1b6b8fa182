"""The command line: one module per command group, and the one place where errors become one line.

What does not live here: what the commands do to the server's parts (`mlxkernel.kernel`,
`mlxkernel.server`), and the commands that plugins add. Nothing heavy is imported before a command
needs it, so that a server is ready in well under a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (`sys.argv` by default) and exit: 0 fine, 1 it cannot be done, 2 wrong usage."""
    import sys

    from mlxkernel.cli.program import run

    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))
