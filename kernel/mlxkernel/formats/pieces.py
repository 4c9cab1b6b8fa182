"""Pieces: what a format's reader finds in a text, in order."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Said(Struct, frozen=True, array_like=True):
    """Text that is no call."""

    text: str


class Opened(Struct, frozen=True, array_like=True):
    """A call begins. `id` is the one that the model wrote, None when its format has none."""

    name: str
    id: str | None = None


class Arguments(Struct, frozen=True, array_like=True):
    """More of the call's arguments, as JSON text."""

    text: str


class Closed(Struct, frozen=True, array_like=True):
    """The call is complete; `whole` is False when the text ended or broke off inside it."""

    whole: bool = True


Piece: TypeAlias = Said | Opened | Arguments | Closed
