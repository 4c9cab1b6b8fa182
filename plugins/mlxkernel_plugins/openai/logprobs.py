"""Logprobs in OpenAI's two forms: token by token for chat, lists side by side for completions."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from mlxkernel import events
from mlxkernel_plugins.openai.replies import ChatLogprobs, TextLogprobs, TokenLogprob, TopLogprob

FLOOR = -9999.0
"""What OpenAI writes for a token that is as good as impossible; JSON has no minus infinity."""


def chat(tokens: Sequence[events.TokenLogprob]) -> ChatLogprobs | None:
    """The tokens' logprobs; null when there are no tokens."""
    if not tokens:
        return None
    return ChatLogprobs(
        [
            TokenLogprob(
                _text(token.piece),
                _finite(token.logprob),
                list(token.piece),
                [TopLogprob(_text(t.piece), _finite(t.logprob), list(t.piece)) for t in token.top],
            )
            for token in tokens
        ]
    )


class TextOffsets:
    """Writes the logprobs of one completion piece by piece: `text_offset` goes on where it was.

    An offset counts the characters before the token; bytes that are not a character yet count nothing.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._offset = 0

    def logprobs(self, tokens: Sequence[events.TokenLogprob], alternatives: int) -> TextLogprobs | None:
        """The tokens' logprobs; null when there are no tokens. The chosen one is among its alternatives."""
        if not tokens:
            return None
        offsets: list[int] = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(self._decoder.decode(token.piece))
        return TextLogprobs(
            tokens=[_label(token.piece) for token in tokens],
            token_logprobs=[_finite(token.logprob) for token in tokens],
            top_logprobs=[_alternatives(token) for token in tokens] if alternatives else None,
            text_offset=offsets,
        )


def _alternatives(token: events.TokenLogprob) -> dict[str, float]:
    top = {_label(t.piece): _finite(t.logprob) for t in reversed(token.top)}
    # Two tokens may read the same: the more probable one stands, and the chosen one over all.
    return {**dict(reversed(top.items())), _label(token.piece): _finite(token.logprob)}


def _finite(logprob: float) -> float:
    # NaN compares false with everything, so it ends at the floor too.
    return min(logprob, 0.0) if logprob > FLOOR else FLOOR


def _text(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "".join(chr(b) if b < 0x80 else f"\\x{b:02x}" for b in piece)


def _label(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{b:02x}" for b in piece)
