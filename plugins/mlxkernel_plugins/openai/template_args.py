"""``chat_template_kwargs``: what a client may hand to the model's chat template."""

from __future__ import annotations

from mlxkernel.errors import unsupported
from mlxkernel.messages import Json
from mlxkernel_plugins.openai import parsing

RESERVED = frozenset(
    {
        "add_generation_prompt",
        "chat_template",
        "continue_final_message",
        "conversation",
        "documents",
        "max_length",
        "messages",
        "padding",
        "return_assistant_tokens_mask",
        "return_dict",
        "return_tensors",
        "tokenize",
        "tokenizer_kwargs",
        "tools",
        "truncation",
    }
)
"""Arguments of the template that are the server's to set; a client's template would be its code."""

MAX_DEPTH = 32
"""Lists and objects within each other; what is deeper could not be handed on safely."""


def template_args(given: dict[str, Json]) -> dict[str, Json]:
    """The same arguments. Raises `RequestFailed` for one that the template cannot have."""
    for name, value in given.items():
        path = f"chat_template_kwargs.{name}"
        if name in RESERVED:
            raise unsupported(path, "this argument is the server's to set")
        parsing.check_value(value, path, MAX_DEPTH)
    return given
