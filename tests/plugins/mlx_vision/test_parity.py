"""Greedy tokens are those of mlx_vlm's own generator: alone, in a mixed batch, and on a second turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.harness import Driver
from tests.plugins.mlx_vision.architectures import ALL
from tests.plugins.mlx_vision.harness import (
    Reference,
    ask,
    assistant,
    open_engine,
    picture,
    user,
    write_model,
)

import mlxkernel_plugins.tiny
from mlxkernel.api import ModelLimits
from mlxkernel.events import TextDelta
from mlxkernel.request import Sampling
from mlxkernel_mlx.jobs import TextJob
from mlxkernel_plugins.mlx_vision.network import VisionNetwork

# transformers says so of the settings that Gemma 4's own feature extractor for sound always has.
pytestmark = pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning")

ONE, OTHER, SMALL = picture(1), picture(2), picture(3, 16, 16)


class Case:
    """One family: an engine on it, and mlx_vlm's answers."""

    def __init__(self, driver: Driver, reference: Reference) -> None:
        self.driver = driver
        self.reference = reference

    def tokens(self, request_id: str) -> list[int]:
        return [
            logprob.token_id
            for event in self.driver.events[request_id]
            if isinstance(event, TextDelta)
            for logprob in event.logprobs
        ]

    @property
    def encoded(self) -> int:
        network = self.driver.engine._network
        assert isinstance(network, VisionNetwork)
        return network.features.encoded


BUNDLED = "tiny-vision"


@pytest.fixture(scope="module", params=[BUNDLED, *ALL])
def case(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Case:
    if request.param == BUNDLED:
        folder = Path(mlxkernel_plugins.tiny.__file__).with_name("vision_model")
    else:
        folder = write_model(tmp_path_factory.mktemp(request.param) / "model", ALL[request.param])
    driver = open_engine(folder, limits=ModelLimits(prefill_chunk=16))
    return Case(driver, Reference(folder))


def test_alone(case: Case) -> None:
    question = user("Look: ", ONE, "What is it?")
    expected = case.reference.tokens([question], [ONE], 16)
    assert len(set(expected)) > 3, "a model that repeats itself proves nothing"
    case.driver.ask(ask("alone", question, max_tokens=16))
    assert case.tokens("alone") == expected


def test_what_is_seen_counts(case: Case) -> None:
    for name, seen in (("one", ONE), ("other", OTHER)):
        case.driver.ask(ask(name, user("Look: ", seen, "What is it?")))
    assert case.tokens("one") != case.tokens("other")


def test_in_a_batch_of_other_pictures_and_plain_text_with_other_settings(case: Case) -> None:
    both, text = user(ONE, "or", SMALL, "?"), user("Hello there, what is your name?")
    small = user(SMALL, "1 2 3")
    hot = Sampling(temperature=1.0, seed=3)
    requests = [
        ask("both", both, max_tokens=16),
        ask("text", text, max_tokens=14),
        ask("hot", user(OTHER, "hot"), max_tokens=20, sampling=hot),
        ask("small", small, max_tokens=9, n=2),
    ]
    case.driver.staggered(requests)
    assert case.tokens("both") == case.reference.tokens([both], [ONE, SMALL], 16)
    assert case.tokens("text") == case.reference.tokens([text], [], 14)
    answers = case.reference.tokens([small], [SMALL], 9)
    assert sorted(case.tokens("small")) == sorted(answers * 2)
    mixed = case.tokens("hot")
    case.driver.ask(ask("again", user(OTHER, "hot"), max_tokens=20, sampling=hot))
    assert case.tokens("again") == mixed


def test_on_a_second_turn_nothing_is_encoded_and_the_old_is_not_processed_again(case: Case) -> None:
    first = user("Well, ", OTHER, "what is this?")
    answer = case.driver.ask(ask("turn-1", first))
    before = case.encoded
    history = [first, assistant("It is a fox."), user("And now?")]
    expected = case.reference.tokens(history, [OTHER], 14)
    beside = ask("beside", user("Hello"), max_tokens=20)
    answers = case.driver.staggered([beside, ask("turn-2", *history, max_tokens=14)])
    assert case.tokens("turn-2") == expected
    assert answers["turn-2"].usage.cached_tokens >= answer.usage.prompt_tokens - 3
    assert case.encoded == before


def test_a_third_turn_with_another_picture(case: Case) -> None:
    turns = [user(ONE, "a"), assistant("b"), user("c ", SMALL, " d")]
    case.driver.ask(ask("first", turns[0]))
    before = case.encoded
    request = ask("third", *turns)
    job = case.driver.engine.prepare(request)
    assert isinstance(job, TextJob)
    (prompt,) = job.prompts
    answer = case.driver.ask(request)
    assert case.tokens("third") == case.reference.tokens(turns, [ONE, SMALL])
    assert case.encoded - before <= 1
    if len(prompt.media) == 2 and not prompt.solid:
        assert answer.usage.cached_tokens > prompt.media[0].start
