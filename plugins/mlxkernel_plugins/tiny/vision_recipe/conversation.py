"""Conversations with pictures as pure values: what a topic writes and what training and evaluation read."""

from __future__ import annotations

from dataclasses import dataclass

from ..recipe.conversation import Thinking
from .scenes import Picture

Part = str | Picture
"""A piece of a message: a text or a picture."""

Wanted = tuple[tuple[str, ...], ...]
"""What an answer has to hold: of each inner tuple at least one text, in any case of letters."""


@dataclass(frozen=True)
class Turn:
    """What the user says, what the assistant answers, and what the evaluation asks of an answer.

    `refused` are texts that must not be in it.
    """

    user: tuple[Part, ...]
    answer: str
    wanted: Wanted = ()
    refused: tuple[str, ...] = ()

    def right(self, answer: str) -> bool:
        """Tell whether another answer is as good as this one."""
        said = _plain(answer)
        return all(any(_plain(text) in said for text in texts) for texts in self.wanted) and not any(
            _plain(text) in said for text in self.refused
        )


def _plain(text: str) -> str:
    """Return the words of a text in small letters between single spaces, so that "no" is not in "note"."""
    letters = "".join(letter if letter.isalnum() else " " for letter in text.lower())
    return f" {' '.join(letters.split())} "


@dataclass(frozen=True)
class Conversation:
    """A whole chat, with a system prompt or "", and the wish about thinking."""

    turns: tuple[Turn, ...]
    system: str = ""
    thinking: Thinking = "unsaid"
