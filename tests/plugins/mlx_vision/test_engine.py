"""Pictures beside other work: fairness, faults, cancellation, constraints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.plugins.mlx_text.harness import Driver, completion
from tests.plugins.mlx_vision.harness import ask, picture, user

from mlxkernel.api import ModelLimits
from mlxkernel.events import Failed, TextDelta
from mlxkernel.request import JsonSchema, Sampling
from mlxkernel_plugins.mlx_vision.network import VisionNetwork
from mlxkernel_plugins.mlx_vision.sight import Album

QUESTION = user("Look: ", picture(1), "What is it?")


def network(driver: Driver) -> VisionNetwork:
    found = driver.engine._network
    assert isinstance(found, VisionNetwork)
    return found


def test_a_picture_takes_its_turn_with_a_long_prompt_and_with_running_rows(
    load: Callable[..., Driver],
) -> None:
    driver = load(cache="none", limits=ModelLimits(prefill_chunk=16))
    long, short = "word " * 90, "Hello there"
    alone = {
        "long": driver.ask(completion("long-alone", long)).choices[0].text,
        "seen": driver.ask(ask("seen-alone", QUESTION)).choices[0].text,
        "short": driver.ask(completion("short-alone", short, max_tokens=40)).choices[0].text,
    }
    driver.admit(completion("short", short, max_tokens=40))
    driver.step()
    driver.admit(completion("long", long))
    driver.step()
    driver.admit(ask("seen", QUESTION))
    before = len(driver.events["short"])
    while not any(isinstance(event, TextDelta) for event in driver.events["seen"]):
        driver.step()
    assert len(driver.events["short"]) > before, "the running stream must not wait for the others"
    driver.run()
    assert {name: driver.answer(name).choices[0].text for name in alone} == alone


def test_a_picture_that_cannot_be_encoded_ends_its_own_request_only(
    load: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = load(cache="none")
    driver.admit(completion("good", "Hello there", max_tokens=20))
    driver.step()

    def failing(album: Album, image_token: int) -> object:
        raise RuntimeError("[metal::malloc] out of memory")

    monkeypatch.setattr(network(driver), "encode", failing)
    driver.admit(ask("bad", QUESTION))
    driver.run()
    last = driver.events["bad"][-1]
    assert isinstance(last, Failed)
    assert last.fault.message == (
        "The prompt could not be processed (RuntimeError); the server's log has the details"
    )
    assert driver.answer("good").usage.completion_tokens == 20


def test_a_request_that_is_cancelled_before_its_picture_is_encoded_costs_nothing(driver: Driver) -> None:
    before = network(driver).features.encoded
    driver.admit(ask("gone", user(picture(77), "What?")))
    driver.engine.cancel("gone")
    driver.run()
    assert driver.events["gone"] == []
    assert network(driver).features.encoded == before


def test_seeds_and_logprobs_and_forms_are_each_row_s_own(driver: Driver) -> None:
    schema = JsonSchema({"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]})
    hot = Sampling(temperature=1.0, seed=11)
    alone = driver.ask(ask("hot-alone", QUESTION, sampling=hot, max_tokens=10)).choices[0].text
    answers = driver.staggered(
        [
            ask("hot", QUESTION, sampling=hot, max_tokens=10),
            ask("bound", QUESTION, response_format=schema, max_tokens=60, ignore_eos=False),
            ask("ranked", user(picture(2), "b"), logprobs=3),
        ]
    )
    assert answers["hot"].choices[0].text == alone
    assert answers["bound"].choices[0].text.replace(" ", "") in ('{"n":1}', '{"n":2}')
    ranked = answers["ranked"].choices[0].logprobs
    assert [len(entry.top) for entry in ranked] == [3] * 12
    assert all(entry.top[0].token_id == entry.token_id for entry in ranked), "greedy takes the best"
