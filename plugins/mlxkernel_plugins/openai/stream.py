"""What the streams of both routes share: constant bytes around a choice, usage, errors, the end.

A stream feeds one event per token, so a chunk is not encoded anew: its head and tail are encoded once
and only the choice between them changes. Tests hold that the bytes equal the encoded Structs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from mlxkernel import framing
from mlxkernel.errors import Fault
from mlxkernel.events import TokenLogprob, Usage
from mlxkernel_plugins.openai import errors, replies
from mlxkernel_plugins.openai.replies import ChatChunk, ChatChunkChoice, TextChoice, TextCompletion

DONE = b"data: [DONE]\n\n"
"""What ends every stream of chunks."""

_CHOICES = b'"choices":[]'
# Inside a JSON string quotes are escaped, so this is the field and never a part of a value.

_json = msgspec.json.Encoder()

C = TypeVar("C", ChatChunkChoice, TextChoice)


class Frame(Generic[C]):
    """The bytes around a choice. `empty` is the chunk of this stream without choices or usage."""

    def __init__(self, empty: ChatChunk | TextCompletion, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._empty = empty
        chunk = msgspec.structs.replace(empty, usage=None) if include_usage else empty
        head, _, tail = framing.one_line(_json.encode(chunk)).partition(_CHOICES)
        self.head = b"data: " + head + b'"choices":['
        self.tail = b"]" + tail + b"\n\n"

    def choice(self, choice: C) -> bytes:
        """A chunk with this choice."""
        return self.head + framing.one_line(_json.encode(choice)) + self.tail

    def usage(self, usage: Usage) -> bytes:
        """The last chunk, which has no choices; nothing if the client did not ask for it."""
        if not self._include_usage:
            return b""
        return framing.event(_json.encode(msgspec.structs.replace(self._empty, usage=replies.usage(usage))))


def text(value: str) -> bytes:
    """A string as it stands in a chunk, quotes included."""
    return framing.one_line(_json.encode(value))


def failure(fault: Fault) -> bytes:
    """The event that OpenAI's clients raise as an APIError in the middle of a stream.

    ``[DONE]`` follows as it follows every stream: clients that read up to it end too, and the
    official ones have raised by then.
    """
    return framing.event(errors.body(fault))


class Pending:
    """Logprobs of tokens that have no text yet: they wait for it, for there are no empty deltas."""

    def __init__(self) -> None:
        self._tokens: dict[int, tuple[TokenLogprob, ...]] = {}

    def hold(self, index: int, tokens: Sequence[TokenLogprob]) -> None:
        """Keep these for the next chunk of this choice."""
        self._tokens[index] = (*self._tokens.get(index, ()), *tokens)

    def take(self, index: int, tokens: Sequence[TokenLogprob] = ()) -> tuple[TokenLogprob, ...]:
        """What was held, then these."""
        return (*self._tokens.pop(index, ()), *tokens)
