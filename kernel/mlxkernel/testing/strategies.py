"""Strategies: calls that hypothesis makes up, with arguments of every type that a schema names."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from mlxkernel.messages import Json, ToolCall

_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,24}", fullmatch=True)
_CHARACTERS = st.characters(codec="utf-8")
_KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
_SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(_CHARACTERS, max_size=12)
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "flag": {"type": "boolean"},
        "nothing": {"type": "null"},
        "items": {"type": "array"},
        "fields": {"type": "object"},
    },
}
"""The parameters of a tool that is called so."""


def calls() -> st.SearchStrategy[ToolCall]:
    """Made-up calls whose arguments fit `SCHEMA`."""
    arguments = st.fixed_dictionaries(
        {},
        optional={
            "text": st.text(_CHARACTERS, max_size=30)
            | st.sampled_from(
                ['say "hi"', "a\\b", "tab\there", "{", "<", "[", "'", "\u2028", "true", "5", "null"]
            ),
            "count": st.integers(-(2**53), 2**53),
            "share": st.floats(allow_nan=False, allow_infinity=False),
            "flag": st.booleans(),
            "nothing": st.none(),
            "items": st.lists(_VALUES, max_size=4),
            "fields": st.dictionaries(_KEYS, _VALUES, max_size=4),
        },
    )
    return st.builds(ToolCall, st.just(""), _NAMES, arguments.map(json.dumps))
