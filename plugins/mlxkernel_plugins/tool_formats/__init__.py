"""Tool formats: how the model families write their tool calls, and the command that tries one on a text.

What lives here: the table of formats and a file of samples for each. What does not: the shapes that they
are made of, the parser and the grammar (`mlxkernel.formats`), and formats of one's own, which are tables
``[tool_formats.<name>]`` in mlx.toml.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlxkernel import hookimpl
from mlxkernel.api import ToolFormat
from mlxkernel_plugins.tool_formats.table import FORMATS

if TYPE_CHECKING:
    import typer

__all__ = ["FORMATS", "mlxkernel_register_commands", "mlxkernel_register_tool_formats"]


@hookimpl
def mlxkernel_register_tool_formats() -> Sequence[ToolFormat]:
    """All built-in formats."""
    return FORMATS


@hookimpl
def mlxkernel_register_commands(cli: typer.Typer) -> None:
    """Adds ``tools list`` and ``tools try``."""
    from mlxkernel_plugins.tool_formats.commands import tools

    cli.add_typer(tools, name="tools")
