"""Greedy tokens are those of mlx_lm's own generator: alone, in a batch, and with prefix reuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlx_lm import stream_generate
from mlx_lm.utils import load_model, load_tokenizer
from tests.plugins.mlx_text.architectures import ALL
from tests.plugins.mlx_text.harness import Driver, completion, open_engine, write_model

from mlxkernel.api import ModelLimits
from mlxkernel.events import TextDelta

LENGTHS = (1, 3, 40, 17, 2, 33, 8)
"""Prompt lengths: below and above the sliding window, and a prompt with nothing to prefill."""


class Case:
    """One architecture: an engine on it, and mlx_lm's answers."""

    def __init__(self, folder: Path, driver: Driver) -> None:
        self.driver = driver
        self._model, _ = load_model(folder)
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.eos_token_ids = ()

    def reference(self, prompt: tuple[int, ...], count: int) -> list[int]:
        answers = stream_generate(self._model, self._tokenizer, list(prompt), max_tokens=count)
        return [answer.token for answer in answers]

    def tokens(self, request_id: str) -> list[int]:
        return [
            logprob.token_id
            for event in self.driver.events[request_id]
            if isinstance(event, TextDelta)
            for logprob in event.logprobs
        ]


@pytest.fixture(scope="module", params=list(ALL))
def case(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = write_model(tmp_path_factory.mktemp(request.param) / "model", ALL[request.param])
    driver = open_engine(folder, limits=ModelLimits(prefill_chunk=24))
    return Case(folder, driver)


def prompt(length: int) -> tuple[int, ...]:
    return tuple((7 * place * place + 11 * length + 5) % 370 for place in range(length))


def test_alone(case: Case) -> None:
    expected = case.reference(prompt(30), 20)
    assert len(set(expected)) > 3, "a model that repeats itself proves nothing"
    case.driver.ask(completion("alone", prompt(30), max_tokens=20, logprobs=0))
    assert case.tokens("alone") == expected


def test_in_a_staggered_batch(case: Case) -> None:
    requests = [
        completion(f"batch-{length}", prompt(length), max_tokens=30 - 3 * place, logprobs=0)
        for place, length in enumerate(LENGTHS)
    ]
    case.driver.staggered(requests[:4])
    case.driver.staggered(requests[4:], gap=0)
    for place, length in enumerate(LENGTHS):
        assert case.tokens(f"batch-{length}") == case.reference(prompt(length), 30 - 3 * place), length


def test_prompts_with_nothing_left_to_process_beside_others(case: Case) -> None:
    case.driver.ask(completion("seen", prompt(29), max_tokens=3))
    lengths = (29, 1, 13, 29)
    requests = [completion(f"mixed-{i}", prompt(length), logprobs=0) for i, length in enumerate(lengths)]
    answers = case.driver.staggered(requests, gap=0)
    for place, length in enumerate(lengths):
        assert case.tokens(f"mixed-{place}") == case.reference(prompt(length), 12), length
    assert [answers[f"mixed-{place}"].usage.cached_tokens for place in (0, 1, 3)] == [28, 0, 28]


def test_on_a_second_turn_with_its_prefix_reused(case: Case) -> None:
    first = prompt(23)
    case.driver.ask(completion("turn-1", first, max_tokens=10, logprobs=0))
    second = (*first, *case.tokens("turn-1"), *prompt(7))
    other = completion("other", prompt(12), max_tokens=16)
    answers = case.driver.staggered([other, completion("turn-2", second, max_tokens=14, logprobs=0)])
    assert case.tokens("turn-2") == case.reference(second, 14)
    assert answers["turn-2"].usage.cached_tokens >= len(first)


def test_when_asked_exactly_the_same_again(case: Case) -> None:
    expected = case.reference(prompt(21), 12)
    for name in ("once", "again"):
        answer = case.driver.ask(completion(name, prompt(21), max_tokens=12, logprobs=0))
        assert case.tokens(name) == expected
    assert answer.usage.cached_tokens == 20
