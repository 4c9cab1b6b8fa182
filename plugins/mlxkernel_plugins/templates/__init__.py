"""Chat templates by name, for models that bring none: chosen by ``template`` in mlx.toml or by a family.

What lives here: Jinja sources in the conventions of Hugging Face tokenizers (`messages`, `tools`,
`add_generation_prompt`, `bos_token`, `eos_token`). What does not: applying them, the engine's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlxkernel import hookimpl
from mlxkernel.api import ChatTemplate

__all__ = ["NAMES", "mlxkernel_register_chat_templates"]

NAMES = ("chatml", "llama3", "gemma", "mistral", "plain")
"""The templates of this plugin; the source of each is the ``.jinja`` file of that name."""

_FOLDER = Path(__file__).parent


@hookimpl
def mlxkernel_register_chat_templates() -> Sequence[ChatTemplate]:
    """The templates of this plugin."""
    return [ChatTemplate(name=name, source=_read(name)) for name in NAMES]


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
