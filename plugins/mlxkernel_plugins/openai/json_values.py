"""JSON values that go on unread, to the chat template or the grammar: whether they can be carried there."""

from __future__ import annotations

from mlxkernel.errors import invalid
from mlxkernel.messages import Json

_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
# The integers of msgpack, which carries requests to the model's process.


def check(value: Json, path: str, max_depth: int) -> None:
    """Raises `RequestFailed` when the value is nested deeper than `max_depth` lists and objects, or holds
    an integer of more than 64 bits.
    """
    if not _shallow(value, path, max_depth):
        message = f"Invalid value for '{path}': it is nested more than {max_depth} levels deep."
        raise invalid(message, param=path, code="invalid_value")


def _shallow(value: Json, path: str, depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        message = f"Invalid value for '{path}': an integer in it does not fit into 64 bits."
        raise invalid(message, param=path, code="invalid_value")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_shallow(item, path, depth - 1) for item in inner)
