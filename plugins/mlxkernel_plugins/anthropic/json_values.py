"""JSON values that go on unread, to the chat template or the grammar: whether they can be carried there."""

from __future__ import annotations

from mlxkernel.errors import invalid
from mlxkernel.messages import Json

MAX_DEPTH = 128
"""Lists and objects within each other in a schema; a nested object costs two levels."""

_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
# The integers of msgpack, which carries requests to the model's process.


def check(value: Json, path: str, depth: int = MAX_DEPTH) -> None:
    """Raises `RequestFailed` for a value that is nested too deeply or holds an integer of over 64 bits."""
    if depth == 0:
        raise invalid(f"'{path}' is nested more than {MAX_DEPTH} levels deep", param=path, code="wrong_value")
    if isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        message = f"'{path}' holds an integer that does not fit into 64 bits"
        raise invalid(message, param=path, code="wrong_value")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check(inner, path, depth - 1)
