"""Logprobs on the wire: one entry per token of a line."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, Struct, UnsetType

from mlxkernel import events

FLOOR = -9999.0
"""What stands for a probability of zero, whose logarithm JSON cannot write."""


class Alternative(Struct, frozen=True):
    """A token that could have been chosen."""

    token: str
    logprob: float
    bytes: list[int]


class Logprob(Struct, frozen=True):
    """The chosen token and its alternatives."""

    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[Alternative] | UnsetType = UNSET


def wire(tokens: Iterable[events.TokenLogprob]) -> list[Logprob]:
    """The tokens in their order. Bytes that are not a character by themselves show as U+FFFD in `token`."""
    return [
        Logprob(
            _text(token.piece),
            max(token.logprob, FLOOR),
            list(token.piece),
            [Alternative(_text(top.piece), max(top.logprob, FLOOR), list(top.piece)) for top in token.top]
            or UNSET,
        )
        for token in tokens
    ]


def _text(piece: bytes) -> str:
    return piece.decode("utf-8", "replace")
