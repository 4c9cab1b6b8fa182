"""The OpenAI dialect: chat completions, completions, responses, embeddings and models, under ``/v1``.

What lives here: the translation between OpenAI's wire format and the kernel's words, and nothing
else. `chat` and `completions` are at home in this package, `responses` has one of its own; `tokens` and
`rendering` are vLLM's routes for debugging. `bodies` and `turns` hold the shapes of requests, `replies` those
of answers; `fields` says of every field whether it is honoured, without effect or refused, and
docs/reference/openai.md is checked against it. Source of the format: OpenAI's API reference and the types
of its Python package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from mlxkernel import hookimpl
from mlxkernel.api import Dialect
from mlxkernel_plugins.openai.dialect import OpenAI

__all__ = ["Config", "OpenAI", "mlxkernel_register_dialects"]


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugins.openai]`: how much is kept of responses, for ``previous_response_id`` and for who asks again.

    `stored_responses` is how many, 0 for none; `stored_bytes` is how much memory they may take together.
    """

    stored_responses: Annotated[int, Meta(ge=0)] = 1024
    stored_bytes: Annotated[int, Meta(ge=0)] = 64 * 1024 * 1024


@hookimpl
def mlxkernel_register_dialects(config: Config) -> Sequence[Dialect]:
    """The one dialect of this plugin."""
    return [OpenAI(stored_responses=config.stored_responses, stored_bytes=config.stored_bytes)]
