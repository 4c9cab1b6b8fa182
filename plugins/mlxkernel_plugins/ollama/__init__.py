"""The Ollama dialect, under ``/api``: chat, generate, embeddings, the lists of models, and pull.

What lives here: the translation between Ollama's wire format and the kernel's words, and nothing else.
`bodies` and `turns` hold the shapes of requests, `replies` and `catalogue` those of answers; `fields` says of
every field and option whether it is honoured, without effect or refused, and docs/reference/ollama.md is
checked against it. Source of the format: Ollama's API documentation and the types of its Go and Python
clients.

    [plugins.ollama]
    api_version = "0.12.11"   # what /api/version says, for clients that want a newer one
    pull_unlisted = false     # true: /api/pull fetches hub models that are not configured
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from mlxkernel import hookimpl
from mlxkernel.api import Dialect, ModelSpec
from mlxkernel.request import Request
from mlxkernel_plugins.ollama.dialect import API_VERSION, Ollama
from mlxkernel_plugins.ollama.names import all_names, configured

__all__ = ["Config", "Ollama", "mlxkernel_register_dialects", "mlxkernel_resolve_model"]


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugins.ollama]`: what the dialect says of itself, and what a pull may fetch.

    `api_version` is three numbers; clients compare it with the release of Ollama that they need.
    """

    api_version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = API_VERSION
    pull_unlisted: bool = False


@hookimpl
def mlxkernel_register_dialects(config: Config) -> Sequence[Dialect]:
    """The one dialect of this plugin."""
    return [Ollama(version=config.api_version, pull_unlisted=config.pull_unlisted)]


@hookimpl
def mlxkernel_resolve_model(request: Request, models: Sequence[ModelSpec]) -> str | None:
    """The model that a name with ``:latest`` means, when no model has that name in full."""
    name = configured(request.model, all_names(models))
    return None if name == request.model else name
