"""The terminal: consoles for tables and progress. Imports rich, so it is imported where one is needed."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table


def output() -> Console:
    """What was asked for, on stdout; plain text when that is no terminal."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def messages() -> Console:
    """What is said by the way, on stderr."""
    return Console(file=sys.stderr, highlight=False)


def table(*columns: str) -> Table:
    """A table without lines, so that its rows can be cut and searched by other programs."""
    built = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        built.add_column(column, overflow="fold")
    return built
