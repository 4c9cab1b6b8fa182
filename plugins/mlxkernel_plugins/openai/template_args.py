"""``chat_template_kwargs``: what a client may hand to the model's chat template."""

from __future__ import annotations

from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Json

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

_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
# The integers of msgpack, which carries requests to the model's process.


def template_args(given: dict[str, Json]) -> dict[str, Json]:
    """The same arguments. Raises `RequestFailed` for one that the template cannot have."""
    for name, value in given.items():
        path = f"chat_template_kwargs.{name}"
        if name in RESERVED:
            raise unsupported(path, "this argument is the server's to set")
        _check(value, path, MAX_DEPTH)
    return given


def _check(value: Json, path: str, depth: int) -> None:
    if depth == 0:
        message = f"Invalid value for '{path}': it is nested more than {MAX_DEPTH} levels deep."
        raise invalid(message, param=path, code="invalid_value")
    if isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        message = f"Invalid value for '{path}': an integer in it does not fit into 64 bits."
        raise invalid(message, param=path, code="invalid_value")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check(item, path, depth - 1)
