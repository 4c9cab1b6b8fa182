"""Text from tokens, one at a time: what is put together equals the tokenizer's ``decode`` of all.

A `Vocabulary` is made once per model and says how its tokens become text; a `Detokenizer` holds what
one answer has pending. Characters are never split: bytes wait until their character is complete.
Reference: ``decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)``. The one
difference: where byte-fallback tokens are no UTF-8, ``decode`` rewrites the whole run of bytes as
U+FFFD, also characters that have been shown; here only the bytes that are wrong become U+FFFD.
"""

from __future__ import annotations

import json
import re
from codecs import utf_8_decode
from collections.abc import Callable, Sequence
from typing import Any, Protocol

BROKEN = "\N{REPLACEMENT CHARACTER}"

_WINDOW = 16
"""Tokens after which text that ends in U+FFFD is shown all the same: no character is that long."""


class Detokenizer(Protocol):
    """The text of one answer."""

    def push(self, token: int) -> str:
        """The characters that this token completes, perhaps none."""

    def flush(self) -> str:
        """What was held back, when no more tokens come."""


class Vocabulary:
    """How a tokenizer's tokens become text.

    `start` makes the detokenizer of an answer; its argument is the prompt's tokens if the answer goes on
    with the prompt's text (then a leading space is kept), else empty.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.size = len(tokenizer)
        kind = _decoder(tokenizer)
        self.pieces: list[bytes] | None = None
        self.start: Callable[[Sequence[int]], Detokenizer] = self._start_window
        if kind == _BYTE_LEVEL:
            self.pieces = [_byte_level(token) for token in self._tokens()]
            texts = [_complete(piece) for piece in self.pieces]
            pieces = self.pieces
            self.start = lambda prompt: ByteDetokenizer(pieces, texts)
        elif kind is not None and kind["type"] == "Sequence" and kind["decoders"] in _BYTE_FALLBACK:
            strips = len(kind["decoders"]) > 3
            self.pieces = [_byte_fallback(token) for token in self._tokens()]
            words = [None if _is_byte(token) else token.replace("▁", " ") for token in self._tokens()]
            self.start = lambda prompt: FallbackDetokenizer(self.pieces or [], words, strips and not prompt)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, on its own; empty for an id without a token."""
        if token >= self.size:
            return b""
        if self.pieces is not None:
            return self.pieces[token]
        return self.decode([token]).encode("utf-8", "surrogatepass")

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of all these tokens at once; ids without a token are left out."""
        known = [token for token in tokens if token < self.size]
        text: str = self._tokenizer.decode(
            known, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text

    def _tokens(self) -> list[str]:
        return [token or "" for token in self._tokenizer.convert_ids_to_tokens(list(range(self.size)))]

    def _start_window(self, prompt: Sequence[int]) -> Detokenizer:
        return WindowDetokenizer(self.decode, prompt[-6:])


class ByteDetokenizer:
    """For byte-level tokens (GPT-2, Llama 3, Qwen): every token is a string of bytes."""

    def __init__(self, pieces: Sequence[bytes], texts: Sequence[str | None]) -> None:
        self._pieces = pieces
        self._texts = texts
        self._pending = b""

    def push(self, token: int) -> str:
        """The characters that this token completes."""
        if token >= len(self._texts):
            return ""
        if not self._pending:
            text = self._texts[token]
            if text is not None:
                return text
        data = self._pending + self._pieces[token]
        text, used = utf_8_decode(data, "replace", False)
        self._pending = data[used:]
        return text

    def flush(self) -> str:
        """The bytes of an unfinished character, as U+FFFD."""
        text, _ = utf_8_decode(self._pending, "replace", True)
        self._pending = b""
        return text


class FallbackDetokenizer:
    """For SentencePiece tokens (Llama 2, Gemma): words, and single bytes for what has no word."""

    def __init__(self, pieces: Sequence[bytes], words: Sequence[str | None], strip: bool) -> None:
        self._pieces = pieces
        self._words = words
        self._strip = strip
        self._pending = b""

    def push(self, token: int) -> str:
        """The characters that this token completes."""
        if token >= len(self._words):
            return ""
        word = self._words[token]
        if word is None:
            return self._byte(self._pieces[token])
        if self._pending:
            word = self.flush() + word
        return self._first(word) if self._strip else word

    def flush(self) -> str:
        """The bytes of an unfinished character, each as U+FFFD."""
        text = BROKEN * len(self._pending)
        self._pending = b""
        return text

    def _byte(self, piece: bytes) -> str:
        self._pending += piece
        try:
            text, used = utf_8_decode(self._pending, "strict", False)
        except UnicodeDecodeError:
            return self._first(self.flush())
        self._pending = self._pending[used:]
        return self._first(text)

    def _first(self, text: str) -> str:
        if self._strip and text:
            self._strip = False
            return text.removeprefix(" ")
        return text


class WindowDetokenizer:
    """For every other tokenizer: decodes the last few tokens with and without the new one."""

    def __init__(self, decode: Callable[[Sequence[int]], str], context: Sequence[int]) -> None:
        self._decode = decode
        self._tokens = list(context)
        self._shown = len(self._tokens)

    def push(self, token: int) -> str:
        """The characters that this token completes."""
        self._tokens.append(token)
        before, after = self._decode(self._tokens[: self._shown]), self._decode(self._tokens)
        waits = len(after) <= len(before) or after.endswith(BROKEN)
        if waits and len(self._tokens) - self._shown < _WINDOW:
            return ""
        del self._tokens[: self._shown]
        self._shown = len(self._tokens)
        return after[len(before) :]

    def flush(self) -> str:
        """What the tokenizer makes of tokens that wait for others."""
        before, after = self._decode(self._tokens[: self._shown]), self._decode(self._tokens)
        self._shown = len(self._tokens)
        return after[len(before) :]


_BYTE_LEVEL = {"type": "ByteLevel"}
_SPACES = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
_TAIL = [{"type": "ByteFallback"}, {"type": "Fuse"}]
_BYTE_FALLBACK = (
    [_SPACES, *_TAIL],
    [_SPACES, *_TAIL, {"type": "Strip", "content": " ", "start": 1, "stop": 0}],
)


def _decoder(tokenizer: Any) -> dict[str, Any] | None:
    """How the fast tokenizer decodes, as tokenizer.json says it; None if it decodes in its own way."""
    from transformers import PreTrainedTokenizerFast

    backend = getattr(tokenizer, "backend_tokenizer", None)
    own = type(tokenizer).decode is not PreTrainedTokenizerFast.decode
    if backend is None or backend.decoder is None or own:
        return None
    kind: dict[str, Any] = json.loads(backend.decoder.__getstate__())
    return _BYTE_LEVEL if kind["type"] == "ByteLevel" else kind


def _byte_level(token: str) -> bytes:
    try:
        return bytes(_BYTES[char] for char in token)
    except KeyError:  # an added token, which is plain text
        return token.encode("utf-8", "surrogatepass")


def _complete(piece: bytes) -> str | None:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return None


def _is_byte(token: str) -> bool:
    return _BYTE_TOKEN.fullmatch(token) is not None


def _byte_fallback(token: str) -> bytes:
    return bytes([int(token[3:5], 16)]) if _is_byte(token) else token.replace("▁", " ").encode()


def _byte_table() -> dict[str, int]:
    """The characters that GPT-2's byte-level tokens write for bytes: printable Latin-1 is itself."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printable)
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTES = _byte_table()
_BYTE_TOKEN = re.compile("<0x[0-9A-Fa-f]{2}>")
