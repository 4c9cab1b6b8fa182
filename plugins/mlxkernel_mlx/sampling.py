"""Drawing the next token of every row at once.

A draw is Gumbel-max: the token with the greatest logit / temperature + noise. The noise of a token is a
hash of the request's seed, the prompt's and choice's numbers, the position in the answer and the token's
id; nothing of the batch enters. So a seed gives the same tokens alone and in any batch as long as the
model gives the same logits; where a batch of another shape makes them differ in the last digits, a token
changes only if two scores are closer than that difference, and the draws after it use the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import mlx.core as mx

from mlxkernel_mlx.settings import Settings

_CANDIDATES = 1024
"""Up to this top_k the rows' best tokens are picked out first instead of sorting the vocabulary."""

_XTC = 0xFFFFFFFF
"""Stands for the token id in the hash that decides whether XTC applies at a position."""


class Key(NamedTuple):
    """64 bits of randomness of one choice."""

    low: int
    high: int


def key(seed: bytes, prompt: int, choice: int) -> Key:
    """The key of a choice: from the request's seed and its place in the request, and nothing else."""
    digest = blake2b(seed + f"/{prompt}/{choice}".encode(), digest_size=8).digest()
    return Key(int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little"))


class Draw(NamedTuple):
    """How one row is drawn."""

    settings: Settings
    key: Key


class Sampler:
    """Draws for a fixed list of rows; made anew when the rows change.

    `spared` tokens are those that XTC never removes.
    """

    def __init__(self, rows: Sequence[Draw], spared: Sequence[int], vocabulary: int) -> None:
        settings = [row.settings for row in rows]
        self._greedy = all(one.temperature == 0 for one in settings)
        if self._greedy:
            return
        self._filters = _Filters(settings, spared, vocabulary) if any(s.filters for s in settings) else None
        self._temperature = _column([one.temperature or 1.0 for one in settings])
        self._cold = mx.array([one.temperature == 0 for one in settings])
        self._any_cold = any(one.temperature == 0 for one in settings)
        self._keys = mx.array([row.key for row in rows], dtype=mx.uint32)
        self._vocabulary = mx.arange(vocabulary, dtype=mx.uint32)[None]

    def __call__(self, logits: mx.array, positions: Sequence[int]) -> mx.array:
        """The next tokens [B] from logits [B, V]; `positions` counts each row's earlier draws."""
        if self._greedy:
            return _best(logits)
        keys = _mix(self._keys, mx.array(list(positions), dtype=mx.uint32)[:, None])
        scores = logits.astype(mx.float32)
        if self._filters is None:
            drawn = mx.argmax(scores / self._temperature + _noise(keys, self._vocabulary), axis=-1)
        else:
            ids, kept = self._filters(scores, keys)
            values = mx.take_along_axis(scores, ids, axis=-1) / self._temperature
            values = mx.where(kept, values + _noise(keys, ids.astype(mx.uint32)), -mx.inf)
            place = mx.argmax(values, axis=-1, keepdims=True)
            drawn = mx.take_along_axis(ids, place, axis=-1)[:, 0]
        return mx.where(self._cold, _best(logits), drawn) if self._any_cold else drawn


class _Filters:
    """Which tokens may be drawn: per-row top_k, top_p, min_p, typical_p and XTC, in this order."""

    def __init__(self, settings: Sequence[Settings], spared: Sequence[int], vocabulary: int) -> None:
        tops = [s.top_k if s.temperature else 1 for s in settings]
        bounded = all(0 < top <= _CANDIDATES for top in tops)
        self._width = max(tops) if bounded else vocabulary
        self._top_k = _column([top or vocabulary for top in tops])
        self._top_p = _column([s.top_p for s in settings])
        self._min_p = _column([s.min_p for s in settings])
        self._typical = (
            _column([s.typical_p for s in settings]) if any(s.typical_p < 1 for s in settings) else None
        )
        self._xtc = None
        if any(s.xtc_probability for s in settings):
            self._xtc = _column([s.xtc_probability for s in settings])
            self._threshold = _column([s.xtc_threshold for s in settings])
            self._spared = mx.array(list(spared), dtype=mx.int32)

    def __call__(self, scores: mx.array, keys: mx.array) -> tuple[mx.array, mx.array]:
        """Token ids [B, K], the most probable first, and whether each may be drawn."""
        ids = self._candidates(scores)
        values = mx.take_along_axis(scores, ids, axis=-1)
        kept = mx.arange(self._width)[None] < self._top_k
        odds = _softmax(values, kept)
        kept = kept & (mx.cumsum(odds, axis=-1) - odds < self._top_p)
        odds = _softmax(values, kept)
        kept = kept & (odds >= self._min_p * odds[:, :1])
        if self._typical is not None:
            kept = self._typically(values, kept, self._typical)
        if self._xtc is not None:
            kept = self._exclude_top(values, kept, ids, keys, self._xtc)
        return ids, kept

    def _candidates(self, scores: mx.array) -> mx.array:
        if self._width == scores.shape[-1]:
            return mx.argsort(-scores, axis=-1)
        ids = mx.argpartition(-scores, kth=self._width - 1, axis=-1)[:, : self._width]
        order = mx.argsort(-mx.take_along_axis(scores, ids, axis=-1), axis=-1)
        return mx.take_along_axis(ids, order, axis=-1)

    def _typically(self, values: mx.array, kept: mx.array, typical_p: mx.array) -> mx.array:
        """Locally typical sampling (arXiv:2202.00666): the tokens with information nearest the entropy."""
        odds = _softmax(values, kept)
        information = -mx.log(mx.maximum(odds, 1e-38))
        entropy = mx.sum(odds * information, axis=-1, keepdims=True)
        order = mx.argsort(mx.where(kept, mx.abs(information - entropy), mx.inf), axis=-1)
        sorted_odds = mx.take_along_axis(odds, order, axis=-1)
        chosen = mx.cumsum(sorted_odds, axis=-1) - sorted_odds < typical_p
        ranks = mx.argsort(order, axis=-1)
        return kept & mx.take_along_axis(chosen, ranks, axis=-1)

    def _exclude_top(
        self, values: mx.array, kept: mx.array, ids: mx.array, keys: mx.array, probability: mx.array
    ) -> mx.array:
        """XTC as in mlx_lm: of tokens above the threshold only the least probable and spared ones stay."""
        odds = _softmax(values, kept)
        above = kept & (odds > self._threshold)
        least = mx.min(mx.where(above, odds, mx.inf), axis=-1, keepdims=True)
        spared = mx.any(ids[..., None] == self._spared, axis=-1)
        applies = _uniform(keys, mx.array([[_XTC]], dtype=mx.uint32)) < probability
        return kept & ~(applies & above & (odds > least) & ~spared)


def _best(logits: mx.array) -> mx.array:
    # mlx_lm takes the best of the normalised logits. In half precision normalising makes ties, and they
    # must fall as they do there.
    return mx.argmax(logits - mx.logsumexp(logits, axis=-1, keepdims=True), axis=-1)


def _softmax(values: mx.array, kept: mx.array) -> mx.array:
    return mx.softmax(mx.where(kept, values, -mx.inf), axis=-1)


def _column(values: Sequence[float]) -> mx.array:
    return mx.array(list(values))[:, None]


def _mix(keys: mx.array, words: mx.array) -> mx.array:
    """New keys [B, 2] from keys [B, 2] and words [B, 1]."""
    low = _scramble(keys[:, :1] ^ _scramble(words + 0x9E3779B9))
    return mx.concatenate([low, _scramble(keys[:, 1:] + low)], axis=-1)


def _uniform(keys: mx.array, words: mx.array) -> mx.array:
    """Numbers in (0, 1) from keys [B, 2] and words [B or 1, K]: 23 bits each.

    With one bit more the greatest would be rounded to 1, whose noise is infinite: it would overrule any odds.
    """
    bits = _scramble(_scramble(words * 0x9E3779B1 ^ keys[:, :1]) ^ keys[:, 1:])
    return ((bits >> 9).astype(mx.float32) + 0.5) * 2.0**-23


def _noise(keys: mx.array, words: mx.array) -> mx.array:
    """Numbers from the standard Gumbel distribution."""
    return -mx.log(-mx.log(_uniform(keys, words)))


def _scramble(bits: mx.array) -> mx.array:
    """The finaliser of MurmurHash3 (public domain): every bit of a word changes half of the others."""
    bits = (bits ^ (bits >> 16)) * mx.array(0x85EBCA6B, dtype=mx.uint32)
    bits = (bits ^ (bits >> 13)) * mx.array(0xC2B2AE35, dtype=mx.uint32)
    return bits ^ (bits >> 16)
