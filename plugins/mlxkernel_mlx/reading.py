"""Reading: how a conversation becomes tokens. Models that see do it otherwise than those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from mlxkernel.messages import Message
from mlxkernel_mlx.conversation import Turn, turns
from mlxkernel_mlx.jobs import Medium
from mlxkernel_mlx.tokenizer import Tokenizer


class Said(NamedTuple):
    """A conversation as a chat template sees it, and its pictures in order, in the reader's own form."""

    turns: list[Turn]
    pictures: tuple[Any, ...] = ()


class Read(NamedTuple):
    """A rendered conversation in tokens; the rest is as in `mlxkernel_mlx.jobs.Prompt`."""

    tokens: tuple[int, ...]
    media: tuple[Medium, ...] = ()
    content: Any = None
    solid: int = 0


class Reader(Protocol):
    """Reads conversations for one model, on the intake thread."""

    def turns(self, messages: Sequence[Message]) -> Said:
        """The messages for the template. Raises `RequestFailed` (400) that names the part."""

    def read(self, text: str, said: Said) -> Read:
        """The rendered conversation in tokens. Raises `RequestFailed` (400)."""

    def shared(self, text: str, read: Read, other: str) -> int:
        """How many leading tokens of what was `read` from `text` another rendered text would have too."""


class TextReader:
    """The reader of a model that reads text only."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def turns(self, messages: Sequence[Message]) -> Said:
        """The messages for the template; pictures and sound are refused."""
        return Said(turns(messages))

    def read(self, text: str, said: Said) -> Read:
        """The text's tokens. The template has written the special ones: adding them would double the BOS."""
        return Read(self._tokenizer.encode(text))

    def shared(self, text: str, read: Read, other: str) -> int:
        """The length of the common prefix."""
        return shared(read.tokens, self._tokenizer.encode(other))


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many leading tokens the two have in common."""
    for place, (mine, theirs) in enumerate(zip(one, other)):  # noqa: B905  the lengths differ by design
        if mine != theirs:
            return place
    return min(len(one), len(other))
