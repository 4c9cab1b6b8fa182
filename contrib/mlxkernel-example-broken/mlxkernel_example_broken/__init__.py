"""Deliberately broken: the hook's name is misspelt, as it happens to everyone once."""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel import hookimpl
from mlxkernel.api import Dialect


@hookimpl
def mlxkernel_register_dialect() -> Sequence[Dialect]:
    """Misspelt on purpose: the hook is called ``mlxkernel_register_dialects``."""
    return []
