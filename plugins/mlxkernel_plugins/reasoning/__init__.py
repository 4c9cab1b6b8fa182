"""Reasoning formats: how the model families mark what they think before they answer."""

from __future__ import annotations

from collections.abc import Sequence

import mlxkernel
from mlxkernel.api import ReasoningFormat
from mlxkernel_plugins.reasoning.table import FORMATS


@mlxkernel.hookimpl
def mlxkernel_register_reasoning_formats() -> Sequence[ReasoningFormat]:
    """Every format of the table."""
    return FORMATS
