"""Shapes: every way to write calls. Each is data: a row of a table, or a table in mlx.toml."""

from __future__ import annotations

from typing import TypeAlias

from mlxkernel.formats.addressed import Addressed
from mlxkernel.formats.expression import Expression
from mlxkernel.formats.json_calls import JsonCalls
from mlxkernel.formats.named_json import NamedJson
from mlxkernel.formats.tagged import Tagged

__all__ = ["Addressed", "Expression", "JsonCalls", "NamedJson", "Shape", "Tagged"]

Shape: TypeAlias = JsonCalls | NamedJson | Tagged | Expression | Addressed
"""One of the shapes; in a table ``shape`` says which."""
