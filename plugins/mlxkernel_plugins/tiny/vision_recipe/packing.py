"""Conversations and their pictures as the network reads them: a batch is known by its seed and step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .conversation import Conversation
from .drawing import draw
from .mixture import Stage, conversation
from .pixels import Patches, patches
from .rendering import IMAGE, number, pictures, segments
from .scenes import Picture
from .sizes import MERGE

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """A picture with its patches and its rows and columns of them."""

    picture: Picture
    patches: Patches
    grid: tuple[int, int]

    @property
    def tokens(self) -> int:
        """How many tokens the picture is."""
        return self.grid[0] * self.grid[1] // MERGE**2


@dataclass(frozen=True)
class Encoded:
    """One conversation, or several one after the other.

    Attributes:
        ids: (n,), the tokens; a picture's mark is there once for each token of the picture.
        learnt: (n,), whether the assistant said it.
        positions: (3, n), the time, row and column of each token in its conversation.
        lengths: the number of tokens of each conversation.
        cut: the pictures in the order of their tokens.
    """

    ids: Ids
    learnt: Flags
    positions: Ids
    lengths: list[int]
    cut: list[Cut]

    @property
    def targets(self) -> Ids:
        """The token that follows each one; behind the last one stands itself."""
        following: Ids = np.append(self.ids[1:], self.ids[-1:])
        return following

    @property
    def asked(self) -> Flags:
        """Where the loss counts: the next token is the assistant's, and of the same conversation."""
        said: Flags = np.append(self.learnt[1:], False)
        said[np.cumsum(self.lengths) - 1] = False
        return said


def cut(picture: Picture) -> Cut:
    """Return the picture, drawn and cut."""
    pixels, grid = patches(draw(picture))
    return Cut(picture, pixels, grid)


def positions(ids: list[int], image: int, grids: list[tuple[int, int]]) -> Ids:
    """Return the positions (3, n) as Qwen3-VL counts them: a picture's tokens stand in rows and columns.

    The text behind a picture goes on after its longer side.
    """
    placed: list[tuple[int, int, int]] = []
    at, index = 0, 0
    left = iter(grids)
    while index < len(ids):
        if ids[index] != image:
            placed.append((at, at, at))
            at, index = at + 1, index + 1
            continue
        rows, columns = (side // MERGE for side in next(left))
        placed += [(at, at + row, at + column) for row in range(rows) for column in range(columns)]
        at, index = at + max(rows, columns), index + rows * columns
    places: Ids = np.array(placed, np.int64).T.reshape(3, -1)
    return places


def encoded(tokenizer: Tokenizer, written: Conversation) -> Encoded:
    """Return a conversation as the network reads it."""
    seen = [cut(picture) for picture in pictures(written)]
    left = iter(seen)
    image = number(tokenizer, IMAGE)
    ids: list[int] = []
    learnt: list[bool] = []
    for piece in segments(written):
        for token in tokenizer.encode(piece.text, add_special_tokens=False).ids:
            times = next(left).tokens if token == image else 1
            ids += [token] * times
            learnt += [piece.learnt] * times
    places = positions(ids, image, [one.grid for one in seen])
    return Encoded(np.array(ids), np.array(learnt), places, [len(ids)], seen)


def joined(many: list[Encoded]) -> Encoded:
    """Return conversations one after the other."""
    return Encoded(
        np.concatenate([one.ids for one in many]),
        np.concatenate([one.learnt for one in many]),
        np.concatenate([one.positions for one in many], axis=1),
        [length for one in many for length in one.lengths],
        [seen for one in many for seen in one.cut],
    )


def batch(tokenizer: Tokenizer, seed: str, stage: Stage, step: int, size: int) -> Encoded:
    """Return the conversations of this step: as many as reach `size` tokens together."""
    many: list[Encoded] = []
    for index in count():
        many.append(encoded(tokenizer, conversation(f"{seed}/{step}", index, stage)))
        if sum(len(one.ids) for one in many) >= size:
            return joined(many)
    raise AssertionError("count() has no end")
