"""Draws: the right distribution, the right tokens left out, and nothing of the batch in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import mlx.core as mx
import pytest

from mlxkernel_mlx.sampling import Draw, Key, Sampler, key
from mlxkernel_mlx.settings import Settings

LOGITS = [3.0, 2.0, 2.5, 0.0, -1.0, 1.0, -4.0, 0.5]
ROWS = 4000


def draw(
    settings: Settings, rows: int = ROWS, spared: Sequence[int] = (), logits: Sequence[float] = LOGITS
) -> Counter[int]:
    """How often each token is drawn, by as many rows with keys of their own."""
    sampler = Sampler([Draw(settings, key(b"s", row, 0)) for row in range(rows)], spared, len(logits))
    tokens = sampler(mx.broadcast_to(mx.array(list(logits)), (rows, len(logits))), [0] * rows)
    return Counter(tokens.tolist())  # type: ignore[arg-type]


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    weights = [math.exp(value / temperature) for value in logits]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize("settings", [Settings(temperature=0.7), Settings(temperature=0.7, min_p=1e-9)])
def test_tokens_come_as_often_as_their_probability_says(settings: Settings) -> None:
    counts = draw(settings)
    for token, chance in enumerate(softmax(LOGITS, 0.7)):
        spread = math.sqrt(ROWS * chance * (1 - chance))
        assert abs(counts[token] - ROWS * chance) < 5 * spread + 1


def test_positions_are_independent() -> None:
    sampler = Sampler([Draw(Settings(), key(b"s", 0, 0))], (), 2)
    drawn = [int(sampler(mx.zeros((1, 2)), [position]).item()) for position in range(400)]
    assert abs(sum(drawn) - 200) < 5 * 10
    pairs = Counter(pairwise(drawn))
    assert min(pairs.values()) > 60


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        (Settings(temperature=0.0), {0}),
        (Settings(top_k=1), {0}),
        (Settings(top_k=3), {0, 1, 2}),
        (Settings(top_p=0.5), {0, 2}),
        (Settings(top_p=0.01), {0}),
        (Settings(min_p=0.5), {0, 2}),
        (Settings(top_k=2, top_p=0.9), {0, 2}),
        (Settings(temperature=5.0, top_p=0.5), {0, 2}),
        (Settings(xtc_probability=1.0, xtc_threshold=0.15), {1, 3, 4, 5, 6, 7}),
        (Settings(xtc_probability=1.0, xtc_threshold=0.5), set(range(8))),
    ],
)
def test_only_the_tokens_of_the_filters_are_drawn(settings: Settings, left: set[int]) -> None:
    assert softmax(LOGITS)[0] > 0.4
    drawn = set(draw(settings, rows=1500))
    assert drawn <= left
    assert drawn >= {token for token in left if softmax(LOGITS)[token] > 0.02} or settings.temperature == 0


def test_typical_sampling_leaves_out_what_is_too_likely_as_well() -> None:
    # One token of 0.6 (0.5 nats) and forty of 0.01 (4.6 nats): the entropy, 2.1, is nearer the former.
    logits = [math.log(0.6), *[math.log(0.01)] * 40]
    assert set(draw(Settings(typical_p=0.3), rows=300, logits=logits)) == {0}
    # One of 0.2 (1.6 nats) and eighty of 0.01: the entropy, 4.0, is nearer the eighty.
    logits = [math.log(0.2), *[math.log(0.01)] * 80]
    assert 0 not in draw(Settings(typical_p=0.5), rows=300, logits=logits)


def test_xtc_spares_the_tokens_that_end_lines_and_answers() -> None:
    settings = Settings(xtc_probability=1.0, xtc_threshold=0.15)
    assert draw(settings, rows=500, spared=[0])[0] > 100
    assert draw(settings, rows=500, spared=[5])[0] == 0


def test_xtc_comes_as_often_as_its_probability() -> None:
    counts = draw(Settings(xtc_probability=0.5, xtc_threshold=0.15))
    # Without XTC the best token has 0.47, with it none.
    assert abs(counts[0] / ROWS - softmax(LOGITS)[0] / 2) < 0.04


def test_a_row_draws_the_same_whatever_stands_beside_it() -> None:
    own = Draw(Settings(temperature=0.9), Key(1, 2))
    others = [
        Draw(Settings(temperature=0.0), Key(3, 4)),
        Draw(Settings(top_k=4), Key(5, 6)),
        Draw(Settings(top_p=0.5, temperature=2.0), Key(7, 8)),
        Draw(Settings(typical_p=0.5), Key(9, 9)),
        Draw(Settings(xtc_probability=0.5), Key(9, 9)),
    ]
    mx.random.seed(3)
    for position in range(50):
        logits = mx.random.normal((1, 40)) * 2
        alone = Sampler([own], (), 40)(logits, [position]).item()
        for other in others:
            both = mx.concatenate([mx.random.normal((1, 40)), logits])
            drawn = Sampler([other, own], (), 40)(both, [7, position])
            assert drawn[1].item() == alone


def test_a_key_depends_on_seed_prompt_and_choice() -> None:
    keys = {key(seed, prompt, choice) for seed in (b"1", b"2") for prompt in (0, 1, 11) for choice in (0, 1)}
    assert len(keys) == 12
    assert key(b"1", 0, 0) == key(b"1", 0, 0)


def test_what_cannot_be_is_never_drawn_however_high_its_noise() -> None:
    """This key draws the greatest number there is for token 27495: rounded up to 1, its noise is infinite."""
    sampler = Sampler([Draw(Settings(), key(b"s", 69, 0))], (), 100_000)
    logits = mx.where(mx.arange(100_000) == 7, 0.0, -mx.inf)[None]
    assert sampler(logits, [0]).tolist() == [7]
