"""top-nσ: admit the tokens whose logits lie within n standard deviations of the best one.

Unlike top-p and min-p its choice does not depend on the temperature (Tang et al., "Top-nσ: Not All
Logits Are You Need", arXiv 2411.07641).
"""

from __future__ import annotations

import mlx.core as mx


class TopNSigma:
    """A logits processor. Logits that a constraint or a bias has set to -inf do not count for σ."""

    def __init__(self, sigmas: float) -> None:
        self._sigmas = sigmas

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:
        """Logits [1, V] with -inf for the tokens that are not admitted; `tokens` [T] are not looked at."""
        possible = mx.isfinite(logits)
        count = possible.sum(axis=-1, keepdims=True)
        known = mx.where(possible, logits, 0.0)
        mean = known.sum(axis=-1, keepdims=True) / count
        spread = mx.where(possible, mx.square(logits - mean), 0.0).sum(axis=-1, keepdims=True) / count
        floor = logits.max(axis=-1, keepdims=True) - self._sigmas * mx.sqrt(spread)
        return mx.where(logits >= floor, logits, -mx.inf)
