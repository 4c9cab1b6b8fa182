"""Base64 in pieces is base64."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxkernel import embedded


@given(st.integers(0, 3), st.binary(max_size=64), st.integers(-3, 3))
def test_what_was_encoded_comes_back(pieces: int, ending: bytes, shift: int) -> None:
    # Around the places where one piece ends and the next begins.
    data = b"x" * max(0, pieces * 49152 + shift) + ending
    assert embedded.decode(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAA",
        "AA=",
        "A===",
        "=AAA",
        "AA==AAAA",
        "AAAA\n",
        " AAAA",
        "AAA-",
        "AAA_",
        "AAAä",
        "AA" + "A" * 65536,
    ],
)
def test_what_is_not_base64(text: str) -> None:
    with pytest.raises(ValueError):
        embedded.decode(text)


@pytest.mark.parametrize("end", [65536, 131072])
def test_padding_within_is_refused_wherever_a_piece_ends(end: int) -> None:
    with pytest.raises(ValueError):
        embedded.decode("A" * (end - 2) + "==" + "AAAA")
