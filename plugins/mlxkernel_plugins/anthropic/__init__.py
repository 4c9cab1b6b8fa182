"""The Anthropic dialect: messages and the count of their tokens, under ``/v1/messages``.

What lives here: the translation between Anthropic's wire format and the kernel's words, and nothing
else. `bodies`, `blocks` and `definitions` hold the shapes of requests, `replies` those of answers;
`fields` says of every field whether it is honoured, without effect or refused, and
docs/reference/anthropic.md is checked against it. Source of the format: Anthropic's API reference and
the types of its Python package.

    [plugins.anthropic.system_lines]
    "x-anthropic-[a-z-]+:.*" = ""     # a line of the system text that this matches is left out
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlxkernel import hookimpl
from mlxkernel.api import Dialect
from mlxkernel_plugins.anthropic.dialect import Anthropic
from mlxkernel_plugins.anthropic.request_ids import with_request_ids
from mlxkernel_plugins.anthropic.system_lines import Config, SystemLines

__all__ = ["Anthropic", "Config", "mlxkernel_register_dialects", "mlxkernel_wrap_asgi"]


@hookimpl
def mlxkernel_register_dialects(config: Config) -> Sequence[Dialect]:
    """The one dialect of this plugin."""
    return [Anthropic(SystemLines(config.system_lines))]


@hookimpl
def mlxkernel_wrap_asgi(app: Any) -> Any:
    """The header by which Anthropic's clients know a request, on every answer of this dialect."""
    return with_request_ids(app, Anthropic.prefix)
