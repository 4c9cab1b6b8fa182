"""Constraints: grammars that an answer must follow, compiled by llguidance and applied as masks.

A compiled grammar is kept under its source, so that a tool's schema is compiled once. Compiling has a
thread of its own and a time limit; it never holds up a step. The mask of a row is computed by llguidance
as bits and unpacked by plain MLX operations, which every backend has.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any

import llguidance
import llguidance.hf
import mlx.core as mx
import numpy as np

from mlxkernel.errors import invalid

COMPILE_LIMIT = 10.0
"""Seconds that compiling one grammar may take."""

KEPT = 128
"""Compiled grammars that are kept, the least recently used one going first."""

SOURCE_LIMIT = 1_000_000
"""Characters of a grammar; a larger schema is refused."""

_WORD = 32


class Grammars:
    """Compiles grammars for one tokenizer. Safe on the intake thread beside a running engine.

    `tokenizer` is the Hugging Face one, `vocabulary` the width of the logits, `ends` the ids that end an
    answer.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        self._hf = tokenizer
        self._vocabulary = vocabulary
        self._ends = list(ends)
        self._tokenizer: Any = None
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="mlxkernel-grammar")

    def compile(self, source: str, param: str) -> Any:
        """A fresh matcher for this Lark grammar. Raises `RequestFailed` (400) that names `param`."""
        with self._lock:
            matcher = self._kept.get(source)
            if matcher is not None:
                self._kept.move_to_end(source)
        if matcher is None:
            matcher = self._compiled(source, param)
            with self._lock:
                self._kept[source] = matcher
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return matcher.deep_copy()

    def _compiled(self, source: str, param: str) -> Any:
        if len(source) > SOURCE_LIMIT:
            raise invalid(
                f"'{param}' makes a grammar of {len(source)} characters; the limit is {SOURCE_LIMIT}",
                param=param,
            )
        try:
            matcher = self._compiler.submit(self._match, source).result(COMPILE_LIMIT)
        except Late:
            # The thread cannot be ended; a new one takes its place, and the old one ends with its work.
            self._compiler.shutdown(wait=False)
            self._compiler = ThreadPoolExecutor(1, thread_name_prefix="mlxkernel-grammar")
            raise invalid(
                f"'{param}' is too complex: its grammar was not compiled within {COMPILE_LIMIT:g} s",
                param=param,
            ) from None
        if matcher.is_error():
            raise invalid(
                f"'{param}' cannot be turned into a grammar: {_reason(matcher.get_error())}", param=param
            )
        if not any(matcher.deep_copy().compute_bitmask()):
            raise invalid(f"'{param}' allows no answer at all: nothing satisfies it", param=param)
        return matcher

    def _match(self, source: str) -> Any:
        if self._tokenizer is None:
            self._tokenizer = llguidance.hf.from_tokenizer(
                self._hf, n_vocab=self._vocabulary, eos_token=self._ends
            )
        return llguidance.LLMatcher(self._tokenizer, llguidance.grammar_from("lark", source), log_level=0)


class Constraint:
    """One row's place in its grammar. Until one of `after` has been written, everything is allowed.

    `advance` takes each token of the row in order; `bits` is the mask of the tokens that may come next.
    """

    def __init__(self, matcher: Any, after: Sequence[str], piece: Callable[[int], bytes]) -> None:
        self._matcher = matcher
        self._after = tuple(word.encode() for word in after)
        self._longest = max(map(len, self._after), default=0)
        self._piece = piece
        self._tail = b""
        self._begun = not after

    @property
    def active(self) -> bool:
        """Whether the grammar binds the next token."""
        return self._begun

    @property
    def complete(self) -> bool:
        """Whether nothing but the end may follow."""
        return self._begun and bool(self._matcher.is_stopped())

    def advance(self, token: int) -> None:
        """The row has written this token."""
        if self._begun:
            if not self._matcher.is_stopped():
                self._matcher.consume_token(token)
            return
        self._tail += self._piece(token)
        if any(word in self._tail for word in self._after):
            self._begun = True
        self._tail = self._tail[-self._longest :]

    def fill(self, mask: np.ndarray[Any, np.dtype[np.uint32]]) -> None:
        """Write the bits of the tokens that may come next into one row [W] of a mask."""
        if not self._begun:
            mask.fill(0xFFFFFFFF)
            return
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint32)
        width = min(len(bits), len(mask))
        mask[:width] = bits[:width]
        mask[width:] = 0


class Masks:
    """Applies the constraints of some rows to the logits of all."""

    def __init__(self, constraints: Sequence[Constraint | None], vocabulary: int) -> None:
        self._constraints = [(place, one) for place, one in enumerate(constraints) if one is not None]
        self._rows = mx.array([place for place, _ in self._constraints])
        self._vocabulary = vocabulary
        self._words = (vocabulary + _WORD - 1) // _WORD
        self._shifts = mx.arange(_WORD, dtype=mx.uint32)

    def advance(self, tokens: Sequence[int]) -> None:
        """The tokens [B] that all rows have written."""
        for place, constraint in self._constraints:
            constraint.advance(tokens[place])

    def __call__(self, logits: mx.array) -> mx.array:
        """The logits [B, V] with what the grammars forbid at minus infinity."""
        if not any(constraint.active for _, constraint in self._constraints):
            return logits
        words = np.zeros((len(self._constraints), self._words), dtype=np.uint32)
        for line, (_, constraint) in enumerate(self._constraints):
            constraint.fill(words[line])
        bits = (mx.array(words)[:, :, None] >> self._shifts) & 1
        allowed = bits.reshape(len(self._constraints), -1)[:, : self._vocabulary].astype(mx.bool_)
        if len(self._constraints) == logits.shape[0]:
            return mx.where(allowed, logits, -mx.inf)
        logits[self._rows] = mx.where(allowed, logits[self._rows], -mx.inf)
        return logits


def _reason(error: str) -> str:
    """llguidance's own words, on one line and without the grammar that it repeats."""
    line = " ".join(error.split("\n", 1)[0].split())
    return re.sub(r"^(Error|Failed): ", "", line)[:400]
