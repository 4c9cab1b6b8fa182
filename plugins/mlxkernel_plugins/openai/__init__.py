"""The OpenAI dialect: chat completions, completions and the list of models, under ``/v1``.

What lives here: the translation between OpenAI's wire format and the kernel's words, and nothing
else. `bodies` and `turns` hold the shapes of requests, `replies` those of answers; `fields` says of
every field whether it is honoured, without effect or refused, and docs/reference/openai.md is
checked against it. Source of the format: OpenAI's API reference and the types of its Python package.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlxkernel import hookimpl
from mlxkernel.api import Dialect
from mlxkernel_plugins.openai.dialect import OpenAI

__all__ = ["OpenAI", "mlxkernel_register_dialects"]


@hookimpl
def mlxkernel_register_dialects() -> Sequence[Dialect]:
    """The one dialect of this plugin."""
    return [OpenAI()]
