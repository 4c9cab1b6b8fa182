"""The first lesson: the vision half learns to say, for every patch, what has its middle there and in which
colour.

The tokens of a picture have to hold it: one linear layer reads the four patches of a cell off the cell's
token. The lesson gives the language half tokens that it can read; the layer itself is not kept.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .drawing import marks
from .packing import Cut, cut
from .scenes import DIGITS, LETTERS, SHAPES, TINTS, Picture, captioned, shapes
from .sizes import MERGE
from .view import third

SIGNS: tuple[str, ...] = ("", *SHAPES, *LETTERS, *DIGITS)
COLOURS: tuple[str, ...] = ("", *TINTS)
PLACES = 1 + 3 * 3
_EMPTY = 0.05
"""How much a patch counts that holds no middle."""

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Looked:
    """Pictures ready for the network, padded to the same number of patches: (pictures, patches, 768)."""

    pixels: Tensor
    grids: list[tuple[int, int]]

    def tokens(self, seen: Tensor) -> Tensor:
        """Return the tokens without the padding, one after the other, of `seen` (pictures, cells, width)."""
        counts = torch.tensor([rows * columns // MERGE**2 for rows, columns in self.grids])
        return seen[torch.arange(seen.shape[1]) < counts[:, None]]


def looked(pictures: Sequence[Cut]) -> Looked:
    """Return the pictures together."""
    most = max(len(one.patches) for one in pictures)
    pixels = np.zeros((len(pictures), most, pictures[0].patches.shape[1]), np.float32)
    for index, one in enumerate(pictures):
        pixels[index, : len(one.patches)] = one.patches
    return Looked(torch.from_numpy(pixels), [one.grid for one in pictures])


def labels(picture: Picture, grid: tuple[int, int]) -> Labels:
    """Return what there is in every patch, cell by cell, as (rows * columns, 4), with 0 for nothing: the sign
    that has its middle there, the sign that covers the patch's middle, the colour of that one, and for a
    middle the place of the picture, in a raster of three by three.
    """
    rows, columns = grid
    down = (np.arange(rows)[:, None] + 0.5) / rows
    right = (np.arange(columns)[None] + 0.5) / columns
    found = np.zeros((rows, columns, 4), np.int64)
    seen = marks(picture)
    for mark in seen:
        covered = (abs(down - mark.y) <= mark.tall) & (abs(right - mark.x) <= mark.wide)
        found[covered, 1:3] = SIGNS.index(mark.sign), COLOURS.index(mark.colour)
    for mark in seen:
        row = min(rows - 1, max(0, int(mark.y * rows)))
        column = min(columns - 1, max(0, int(mark.x * columns)))
        sign = SIGNS.index(mark.sign)
        place = 1 + 3 * third(mark.y) + third(mark.x)
        found[row, column] = sign, sign, COLOURS.index(mark.colour), place
    cells = found.reshape(rows // MERGE, MERGE, columns // MERGE, MERGE, 4)
    return cells.transpose(0, 2, 1, 3, 4).reshape(-1, 4)


def all_labels(pictures: Sequence[Cut]) -> Tensor:
    """Return the labels (patches of all, 4) of several pictures."""
    return torch.from_numpy(np.concatenate([labels(one.picture, one.grid) for one in pictures]))


def lesson(seed: str, step: int, size: int) -> list[Cut]:
    """Return the pictures of a step; equal arguments give equal lessons."""
    rng = random.Random(f"{seed}/sight/{step}")
    drawn = [
        captioned(rng, "training") if rng.random() < 0.45 else shapes(rng, rng.choice((1, 2, 3, 4)))
        for _ in range(size)
    ]
    return [cut(picture) for picture in drawn]


class Scores(NamedTuple):
    """What the reader thinks of each patch: (patches, signs) twice, (patches, colours), (patches, places)."""

    middle: Tensor
    cover: Tensor
    colour: Tensor
    place: Tensor


class Reader(nn.Module):
    """The linear layers that read signs, colours and places off a token."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.sizes = [len(SIGNS), len(SIGNS), len(COLOURS)]
        self.read = nn.Linear(hidden, MERGE**2 * sum(self.sizes))
        self.place = nn.Linear(hidden, MERGE**2 * PLACES)

    def forward(self, tokens: Tensor) -> Scores:
        """Return the scores of the patches of tokens (cells, hidden)."""
        scores = self.read(tokens).float().view(-1, sum(self.sizes))
        middle, cover, colour = scores.split(self.sizes, dim=1)
        return Scores(middle, cover, colour, self.place(tokens).float().view(-1, PLACES))


def loss(scores: Scores, known: Tensor) -> Tensor:
    """Return the loss of all together; letters have no colour to name, and only middles have a place."""
    weight = torch.ones(len(SIGNS))
    weight[0] = _EMPTY
    middle = functional.cross_entropy(scores.middle, known[:, 0], weight)
    cover = functional.cross_entropy(scores.cover, known[:, 1], weight)
    named, placed = _of_some(scores.colour, known[:, 2]), _of_some(scores.place, known[:, 3])
    return middle + cover + 0.5 * named + 0.5 * placed


def _of_some(scores: Tensor, known: Tensor) -> Tensor:
    """Return the loss where there is something to know, or nought where there is nothing anywhere."""
    some = known > 0
    return functional.cross_entropy(scores[some], known[some], reduction="sum") / some.sum().clamp(min=1)


def share_right(scores: Scores, known: Tensor) -> dict[str, float]:
    """Return the shares of shapes, letters and colours that were read right, at their middles."""
    shape = (known[:, 0] > 0) & (known[:, 0] <= len(SHAPES))
    letter = known[:, 0] > len(SHAPES)
    cover = scores.cover.argmax(1) == known[:, 1]
    right = {
        "shape": cover[shape],
        "letter": cover[letter],
        "colour": (scores.colour.argmax(1) == known[:, 2])[shape],
        "middle": (scores.middle.argmax(1) == known[:, 0])[shape | letter],
        "place": (scores.place.argmax(1) == known[:, 3])[shape],
    }
    return {name: share.float().mean().item() for name, share in right.items() if len(share)}
