"""The tokenizer of a model, as an engine plugin hands it over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Tokenizer(NamedTuple):
    """`hf` is the Hugging Face tokenizer, `ends` are the token ids that end an answer.

    `render` is how the model library writes a conversation where the model has no Jinja template; it is
    called as ``apply_chat_template`` is. None where there is none.
    """

    hf: Any
    ends: frozenset[int]
    render: Callable[..., Any] | None = None

    @property
    def template(self) -> str | None:
        """The model's own chat template."""
        own = self.hf.chat_template
        template: str | None = own.get("default") if isinstance(own, dict) else own
        return template

    def encode(self, text: str, special: bool = False) -> tuple[int, ...]:
        """The token ids of a text; `special` adds those with which the tokenizer begins and ends one."""
        return tuple(self.hf.encode(text, add_special_tokens=special))
