"""Constraints: grammars that an answer must follow, compiled by llguidance and applied as masks.

A compiled grammar is kept under its source, so that a tool's schema is compiled once. Compiling has a
thread of its own and a time limit; it never holds up a step. The mask of a row is computed by llguidance
as bits and unpacked by plain MLX operations, which every backend has.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any, Protocol, TypeAlias

import llguidance
import llguidance.hf
import mlx.core as mx
import numpy as np

from mlxkernel.api import ReasoningFormat
from mlxkernel.errors import invalid
from mlxkernel.formats.culprit import culprit
from mlxkernel.formats.lark import Rules
from mlxkernel.messages import Json
from mlxkernel_mlx.wishes import Form

logger = logging.getLogger(__name__)

COMPILE_LIMIT = 10.0
"""Seconds that compiling one grammar may take."""

KEPT = 128
"""Compiled grammars that are kept, the least recently used one going first."""

SOURCE_LIMIT = 1_000_000
"""Characters of a grammar; a larger schema is refused."""

_WORD = 32

Mask: TypeAlias = "np.ndarray[Any, np.dtype[np.uint32]]"
"""Bits of allowed tokens, 32 to a word."""


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

    def compile(self, form: Form) -> Any:
        """A matcher to copy for this form. Raises `RequestFailed` (400)."""
        source = form.source
        with self._lock:
            matcher = self._kept.get(source)
            if matcher is not None:
                self._kept.move_to_end(source)
        if matcher is None:
            matcher = self._compiled(source, form)
            with self._lock:
                self._kept[source] = matcher
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return matcher

    def _compiled(self, source: str, form: Form) -> Any:
        param = form.param
        if len(source) > SOURCE_LIMIT:
            raise invalid(
                f"'{param}' makes a grammar of {len(source)} characters; the limit is {SOURCE_LIMIT}",
                param=param,
            )
        try:
            matcher, reason = self._compiler.submit(self._checked, source, form).result(COMPILE_LIMIT)
        except Late:
            # The thread cannot be ended; a new one takes its place, and the old one ends with its work.
            self._compiler.shutdown(wait=False)
            self._compiler = ThreadPoolExecutor(1, thread_name_prefix="mlxkernel-grammar")
            raise invalid(
                f"'{param}' is too complex: its grammar was not compiled within {COMPILE_LIMIT:g} s",
                param=param,
            ) from None
        if reason:
            raise invalid(f"'{param}' cannot be turned into a grammar: {reason}", param=param)
        probe = matcher.deep_copy()
        probe.compute_bitmask()
        if probe.is_error():
            raise invalid(f"'{param}' allows no answer at all: nothing satisfies it", param=param)
        return matcher

    def _checked(self, source: str, form: Form) -> tuple[Any, str]:
        """A matcher, and what is wrong with it, with the place in the schema; "" when nothing is."""
        matcher = self._match(source)
        if not matcher.is_error():
            return matcher, ""
        reason = _reason(matcher.get_error())
        for owner, schema in form.schemas.items():
            place = culprit(schema, reason, self._refusal)
            if place is not None:
                return matcher, f"{reason} (in {owner} at {place})"
        return matcher, reason

    def _refusal(self, schema: Json) -> str:
        """Why a schema by itself cannot be forced; "" when it can."""
        rules = Rules({})
        matcher = self._match(Form({"schema": rules.source(rules.json(schema))}, "").source)
        return _reason(matcher.get_error()) if matcher.is_error() else ""

    def _match(self, source: str) -> Any:
        if self._tokenizer is None:
            self._tokenizer = llguidance.hf.from_tokenizer(
                self._hf, n_vocab=self._vocabulary, eos_token=self._ends
            )
        return llguidance.LLMatcher(self._tokenizer, source, log_level=0)


class Guide(Protocol):
    """Something that says which tokens of one row may come next."""

    @property
    def active(self) -> bool:
        """Whether it has anything to say about the next token."""

    @property
    def fault(self) -> str | None:
        """Why it can say nothing any more, so that the answer must not go on; None while it can."""

    def advance(self, token: int) -> None:
        """The row has written this token."""

    def fill(self, mask: Mask) -> None:
        """Clear the bits of the tokens that may not come next in one row [W] of a mask."""


class Constraint:
    """One row's place in its grammar."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher
        self.fault: str | None = None

    @property
    def active(self) -> bool:
        """Always: at its end the grammar allows nothing but the answer's end."""
        return True

    def advance(self, token: int) -> None:
        """The row has written this token."""
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)

    def fill(self, mask: Mask) -> None:
        """Clear what the grammar forbids."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint32)
        if self._matcher.is_error():
            # The mask of a failed matcher allows the answer's end, which would pass for a whole answer.
            self.fault = _reason(self._matcher.get_error())
            logger.warning("a grammar cannot be followed: %s", self.fault)
        width = min(len(bits), len(mask))
        mask[:width] &= bits[:width]
        mask[width:] = 0


class ThinkingBudget:
    """Keeps the thinking of one row within `limit` tokens, its markers among them, by closing it in time.

    `inside` is whether the prompt has begun it; `closing` are the tokens that end it. Without `repeats` an
    opening marker counts only where the answer begins; with it, all thinking counts together. The markers are
    written whatever the limit is: that is all that it can be exceeded by.
    """

    def __init__(
        self,
        limit: int,
        inside: bool,
        opens: Sequence[str],
        closes: Sequence[str],
        closing: Sequence[int],
        piece: Callable[[int], bytes],
        repeats: bool = False,
    ) -> None:
        self._limit = limit - _spent(closing, closes, piece)
        self._inside = inside
        self._opens = tuple(marker.encode() for marker in opens)
        self._closes = tuple(marker.encode() for marker in closes)
        self._keep = max(map(len, (*self._opens, *self._closes)))
        self._closing = closing
        self._piece = piece
        self._tail = b""
        self._lengths: deque[int] = deque(maxlen=self._keep)
        self._count = 0
        self._forced = 0
        self._repeats = repeats
        self._answering = False
        self.fault: str | None = None

    @property
    def active(self) -> bool:
        """Whether the thinking must end now."""
        return self._inside and self._count >= self._limit

    def advance(self, token: int) -> None:
        """The row has written this token."""
        if self.active:
            self._forced += 1
            if self._forced == len(self._closing):
                self._forced = 0
                self._forget()
                self._close()
            return
        piece = self._piece(token)
        tail = self._tail + piece
        self._lengths.append(len(piece))
        if self._inside:
            self._count += 1
            if any(marker in tail for marker in self._closes):
                self._close()
        elif not self._answering:
            self._look_for_opening(tail)
            if self._inside:
                self._count += self._tokens_of(tail)
                self._forget()
                return
        self._tail = tail[-self._keep :]

    def _tokens_of(self, tail: bytes) -> int:
        """How many of the last tokens hold the marker that has just been written."""
        start = min(tail.find(marker) for marker in self._opens if marker in tail)
        tokens, left = 0, len(tail) - start
        for length in reversed(self._lengths):
            tokens, left = tokens + 1, left - length
            if left <= 0:
                break
        return tokens

    def _forget(self) -> None:
        self._tail = b""
        self._lengths.clear()

    def _close(self) -> None:
        self._inside, self._answering = False, not self._repeats

    def _look_for_opening(self, tail: bytes) -> None:
        if self._repeats:
            self._inside = any(marker in tail for marker in self._opens)
            return
        begun = tail.lstrip()
        self._inside = begun.startswith(self._opens)
        self._answering = not self._inside and not any(marker.startswith(begun) for marker in self._opens)

    def fill(self, mask: Mask) -> None:
        """Allow only the next token of the closing marker."""
        token = self._closing[self._forced]
        mask.fill(0)
        mask[token // _WORD] = 1 << (token % _WORD)


def _spent(closing: Sequence[int], closes: Sequence[str], piece: Callable[[int], bytes]) -> int:
    """How many of the closing tokens are thinking: those up to the marker's end."""
    written = b""
    for number, token in enumerate(closing, 1):
        written += piece(token)
        if any(marker.encode() in written for marker in closes):
            return number
    return len(closing)


class Guidance:
    """Makes the guides of a request's answers, on the intake thread. `thinking` is how the model thinks."""

    def __init__(
        self,
        grammars: Grammars,
        thinking: ReasoningFormat | None,
        encode: Callable[[str], Sequence[int]],
        piece: Callable[[int], bytes],
    ) -> None:
        self._grammars = grammars
        self._thinking = thinking
        self._encode = encode
        self._piece = piece

    def guides(
        self, form: Form | None, limit: int | None, prompt_end: str, continues: bool = False
    ) -> Callable[[], tuple[Guide, ...]]:
        """A maker of fresh guides, one set for each answer: for a form, and for `limit` tokens of thinking.

        Raises `RequestFailed` (400) for a grammar that cannot be compiled.
        """
        compiled = None if form is None else self._grammars.compile(form)
        thinking = self._thinking if limit is not None else None
        closing = self._encode(thinking.cut) if thinking is not None else ()

        def fresh() -> tuple[Guide, ...]:
            guides: list[Guide] = []
            if compiled is not None:
                guides.append(Constraint(compiled.deep_copy()))
            if thinking is not None and limit is not None:
                inside = thinking.is_open(prompt_end, continues)
                guides.append(
                    ThinkingBudget(
                        limit,
                        inside,
                        thinking.opens,
                        thinking.closes,
                        closing,
                        self._piece,
                        thinking.repeats,
                    )
                )
            return tuple(guides)

        return fresh


class Masks:
    """Applies the guides of some rows to the logits of all. A row's later guide overrules its earlier one."""

    def __init__(self, guides: Sequence[Sequence[Guide]], vocabulary: int) -> None:
        self._guides = [(place, some) for place, some in enumerate(guides) if some]
        self._vocabulary = vocabulary
        self._words = (vocabulary + _WORD - 1) // _WORD
        self._shifts = mx.arange(_WORD, dtype=mx.uint32)

    def advance(self, tokens: Sequence[int], drawn: Sequence[int]) -> None:
        """The tokens [B] that the rows have written last; a row that has drawn none yet has written none."""
        for place, some in self._guides:
            if drawn[place]:
                for guide in some:
                    guide.advance(tokens[place])

    def __call__(self, logits: mx.array) -> mx.array:
        """The logits [B, V] with what the guides forbid at minus infinity."""
        active = [(place, some) for place, some in self._guides if any(guide.active for guide in some)]
        if not active:
            return logits
        words = np.full((len(active), self._words), 0xFFFFFFFF, dtype=np.uint32)
        for line, (_, some) in enumerate(active):
            for guide in some:
                if guide.active:
                    guide.fill(words[line])
        bits = (mx.array(words)[:, :, None] >> self._shifts) & 1
        allowed = bits.reshape(len(active), -1)[:, : self._vocabulary].astype(mx.bool_)
        if len(active) == logits.shape[0]:
            return mx.where(allowed, logits, -mx.inf)
        rows = mx.array([place for place, _ in active])
        logits[rows] = mx.where(allowed, logits[rows], -mx.inf)
        return logits


def _reason(error: str) -> str:
    """llguidance's own words, on one line and without the grammar and the places in it that it repeats."""
    lines = error.split("\n")
    line = lines[0]
    if line.endswith("regex parse error:"):
        # What is wrong stands below the pattern.
        line = " ".join(
            lines[: next((n for n, text in enumerate(lines) if text.startswith("error:")), 0) + 1]
        )
    line = re.sub(r"^(at )?[0-9]+\([0-9]+\): ", "", " ".join(line.split()))
    line = re.sub(r"^(Error|Failed|failed to compile JSON schema): ", "", line)
    keys = re.fullmatch(r"Unimplemented keys: \[(.*)\]", line)
    return f"it has {keys[1]}, which is not supported" if keys is not None else line[:400]
