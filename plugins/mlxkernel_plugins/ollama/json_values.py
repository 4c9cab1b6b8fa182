"""JSON values that go on unread, to the chat template or the grammar: whether they can be carried there."""

from __future__ import annotations

from mlxkernel.errors import invalid
from mlxkernel.messages import Json

MAX_DEPTH = 128
"""Lists and objects within each other; a nested object of a schema costs two levels."""

_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
# The integers of msgpack, which carries requests to the model's process.


def check(value: Json, path: str, depth: int = MAX_DEPTH) -> None:
    """Raises `RequestFailed` when the value is nested deeper, or holds an integer of more than 64 bits."""
    if depth == 0:
        raise invalid(
            f"invalid value for '{path}': it is nested more than {MAX_DEPTH} levels deep", param=path
        )
    if isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        raise invalid(f"invalid value for '{path}': an integer in it does not fit into 64 bits", param=path)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        check(item, path, depth - 1)
