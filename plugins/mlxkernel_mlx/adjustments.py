"""What changes logits before a draw: bias, penalties, minimum length and named processors."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import mlx.core as mx

from mlxkernel.request import Sampling
from mlxkernel_mlx.settings import Settings

logger = logging.getLogger(__name__)


class Adjustment:
    """The changes of one row's logits. Everything stays on the device: no step waits for a token's value.

    `prompt` is the prompt without its last token, which comes in with the first step. `bans` are the
    tokens that must not come before `least` tokens have. `fault` is set to the name of a processor that
    raised: the row cannot go on.
    """

    def __init__(
        self,
        settings: Settings,
        sampling: Sampling,
        prompt: Sequence[int],
        bans: Sequence[int],
        least: int,
        vocabulary: int,
    ) -> None:
        self.settings = settings
        self.least = least if bans else 0
        self.bias = _sparse(settings.logit_bias, vocabulary)
        self.banned = _sparse(dict.fromkeys(bans, -mx.inf) if self.least else {}, vocabulary)
        self.counts = mx.zeros((1, vocabulary))
        self.window = settings.penalty_window if settings.penalises else None
        counted = list(prompt if self.window is None else prompt[-self.window :])
        if settings.penalises and counted:
            self.counts = self.counts.at[:, mx.array(counted)].add(1.0)
        self.recent = mx.array(counted if self.window else [], dtype=mx.int32)
        self.fault: str | None = None
        self.context = mx.array(list(prompt), dtype=mx.int32)
        self._processors = []
        for processor in settings.processors:
            try:
                self._processors.append((processor.name, processor.create(sampling)))
            except Exception:  # the plugin guard: a processor's fault ends its own row only
                self._fail(processor.name)

    @staticmethod
    def needed(settings: Settings, least: int) -> bool:
        """Whether a row with these settings has anything to adjust."""
        return bool(settings.logit_bias or settings.penalises or settings.processors or least)

    def slide(self, token: mx.array) -> mx.array | None:
        """Take `token` [1] into the window of the penalties; the token [1] that leaves it, None if none."""
        assert self.window is not None
        self.recent = mx.concatenate([self.recent, token.astype(mx.int32)])
        if self.recent.size <= self.window:
            return None
        left, self.recent = self.recent[:1], self.recent[1:]
        return left

    def process(self, logits: mx.array, token: mx.array) -> mx.array:
        """The logits [1, V] after this row's processors; `token` [1] is the newest."""
        if not self._processors:
            return logits
        self.context = mx.concatenate([self.context, token.astype(mx.int32)])
        for name, process in self._processors:
            try:
                changed = process(self.context, logits)
                if changed.shape != logits.shape:
                    raise ValueError(f"it returned logits of shape {changed.shape}, not {logits.shape}")
            except Exception:  # the plugin guard, as above
                self._fail(name)
                break
            logits = changed
        return logits

    def _fail(self, name: str) -> None:
        logger.exception("the logits processor '%s' failed", name)
        self.fault = name


class Adjuster:
    """The adjustments of a batch, for a fixed list of rows: None for rows without any.

    Rows are adjusted together; only named processors run row by row. Call `release` before the rows
    change: it hands the counts back to the rows.
    """

    def __init__(self, rows: Sequence[Adjustment | None]) -> None:
        chosen = [(place, row) for place, row in enumerate(rows) if row is not None]
        self._places = [place for place, _ in chosen]
        self._rows = [row for _, row in chosen]
        self._index = mx.array(self._places)
        settings = [row.settings for row in self._rows]
        biased = any(one.logit_bias for one in settings)
        self._bias = _stack([row.bias for row in self._rows]) if biased else None
        self._banned = _stack([row.banned for row in self._rows])
        self._counts: mx.array | None = None
        if any(one.penalises for one in settings):
            self._counts = _stack([row.counts for row in self._rows])
            self._repetition = _column([one.repetition_penalty for one in settings])
            self._presence = _column([one.presence_penalty for one in settings])
            self._frequency = _column([one.frequency_penalty for one in settings])
            self._lines = mx.arange(len(settings))
        self._windowed = [(line, row) for line, row in enumerate(self._rows) if row.window is not None]
        self._processes = any(one.processors for one in settings)

    def __call__(self, logits: mx.array, tokens: mx.array, drawn: Sequence[int]) -> mx.array:
        """The logits [B, V] to draw from; `tokens` [B] are the newest, `drawn` counts each answer's."""
        dtype = logits.dtype
        changed = logits[self._index].astype(mx.float32)
        newest = tokens[self._index]
        if self._bias is not None:
            changed = changed + self._bias
        if self._counts is not None:
            self._counts = self._counts.at[self._lines, newest].add(1.0)
            self._counts = self._slid(self._counts, newest)
            changed = self._penalise(changed, self._counts)
        early = [drawn[place] < row.least for place, row in zip(self._places, self._rows, strict=True)]
        if any(early):
            changed = mx.where(mx.array(early)[:, None], changed + self._banned, changed)
        if self._processes:
            parts = [
                row.process(changed[line : line + 1], newest[line : line + 1])
                for line, row in enumerate(self._rows)
            ]
            changed = mx.concatenate(parts)
        adjusted = mx.array(logits)
        adjusted[self._index] = changed.astype(dtype)
        return adjusted

    @property
    def state(self) -> list[mx.array]:
        """What must be computed along with each step, or its graph would grow."""
        contexts = [row.context for row in self._rows] if self._processes else []
        recent = [row.recent for _, row in self._windowed]
        return [*contexts, *recent] if self._counts is None else [*contexts, *recent, self._counts]

    def release(self) -> None:
        """Give each row its counts back."""
        if self._counts is not None:
            for line, row in enumerate(self._rows):
                row.counts = self._counts[line : line + 1]

    def _slid(self, counts: mx.array, newest: mx.array) -> mx.array:
        """The counts without what has left the windows."""
        for line, row in self._windowed:
            left = row.slide(newest[line : line + 1])
            if left is not None:
                counts = counts.at[line, left].add(-1.0)
        return counts

    def _penalise(self, logits: mx.array, counts: mx.array) -> mx.array:
        seen = counts > 0
        scaled = mx.where(logits < 0, logits * self._repetition, logits / self._repetition)
        return mx.where(seen, scaled, logits) - self._presence * seen - self._frequency * counts


def _sparse(values: Mapping[int, float], vocabulary: int) -> mx.array:
    row = mx.zeros((1, vocabulary))
    if values:
        row[:, mx.array(list(values))] = mx.array(list(values.values()))
    return row


def _stack(rows: Sequence[mx.array]) -> mx.array:
    return mx.concatenate(list(rows))


def _column(values: Sequence[float]) -> mx.array:
    return mx.array(list(values))[:, None]
