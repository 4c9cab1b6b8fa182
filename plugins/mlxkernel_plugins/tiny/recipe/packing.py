"""Rows of equal length packed with whole conversations, one batch a step, each known by its seed and its
number.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .conversation import Conversation
from .mixture import Stage, conversation
from .rendering import END_OF_TEXT, segments

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MISSES = 12
"""So many conversations in a row may fail to fit before a batch counts as full."""


@dataclass(frozen=True)
class Batch:
    """One step's text, each array of the shape (rows, length).

    Attributes:
        ids: the tokens.
        targets: the token that follows each one.
        learnt: where the loss counts: the next token is the assistant's.
        document: which conversation of the row a token belongs to; none can see another.
    """

    ids: Ids
    targets: Ids
    learnt: Flags
    document: Ids


def encoded(tokenizer: Tokenizer, written: Conversation) -> tuple[list[int], list[bool]]:
    """Return a conversation's tokens, and for each whether the assistant said it."""
    ids: list[int] = []
    learnt: list[bool] = []
    for piece in segments(written):
        piece_ids = tokenizer.encode(piece.text, add_special_tokens=False).ids
        ids.extend(piece_ids)
        learnt.extend([piece.learnt] * len(piece_ids))
    return ids, learnt


class Packer:
    """Makes batch number `step` of a run; equal arguments give equal batches, whatever was made before."""

    def __init__(self, tokenizer: Tokenizer, seed: str, stage: Stage, rows: int, length: int) -> None:
        self.tokenizer = tokenizer
        self.seed = seed
        self.stage: Stage = stage
        self.rows = rows
        self.length = length
        self.pad = tokenizer.token_to_id(END_OF_TEXT)

    def batch(self, step: int) -> Batch:
        """Return the batch of this step: conversations go into the first row that has room for them."""
        size = self.length + 1
        ids = np.full((self.rows, size), self.pad, dtype=np.int64)
        learnt = np.zeros((self.rows, size), dtype=np.bool_)
        document = np.full((self.rows, size), -1, dtype=np.int64)
        used = [0] * self.rows
        misses = 0
        for number in count():
            tokens, said = encoded(self.tokenizer, conversation(f"{self.seed}/{step}", number, self.stage))
            row = next((r for r in range(self.rows) if used[r] + len(tokens) <= size), None)
            if row is None:
                misses += 1
                if misses == _MISSES:
                    break
                continue
            place = slice(used[row], used[row] + len(tokens))
            ids[row, place], learnt[row, place], document[row, place] = tokens, said, number
            used[row] += len(tokens)
        return Batch(
            ids[:, :-1], ids[:, 1:], learnt[:, 1:] & (document[:, 1:] == document[:, :-1]), document[:, :-1]
        )
