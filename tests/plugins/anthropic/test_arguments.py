"""A call's arguments as an object."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jiter import from_json

from mlxkernel_plugins.anthropic.arguments import as_object

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def read(arguments: str) -> Any:
    return msgspec.json.decode(bytes(as_object(arguments)))


@given(st.dictionaries(st.text(max_size=3), values, max_size=3), st.booleans())
def test_an_object_stays_as_it_was_written(value: dict[str, Any], plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=plain)
    assert bytes(as_object(text)).decode() == text


@given(
    st.dictionaries(st.text(max_size=3), values, max_size=3), st.integers(1, 80), st.sampled_from([None, 1])
)
def test_cut_off_anywhere_it_is_what_the_official_client_makes_of_it(
    value: dict[str, Any], cut: int, indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)[:cut]
    assert read(text) == from_json(text.encode(), partial_mode=True)


@pytest.mark.parametrize("arguments", ["", "[]", "null", "5", "nonsense", "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_object_is_an_empty_one(arguments: str) -> None:
    assert read(arguments) == {}


def test_what_stands_after_the_object_is_left_out() -> None:
    assert read('{"a": 1}} and so on') == {"a": 1}
