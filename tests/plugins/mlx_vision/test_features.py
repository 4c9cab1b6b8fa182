"""What a vision tower made of pictures is kept by content and owner, within a budget."""

from __future__ import annotations

from collections.abc import Callable

import mlx.core as mx
from tests.plugins.mlx_text.harness import Driver
from tests.plugins.mlx_vision.harness import ask, picture, user

from mlxkernel_mlx.jobs import TextJob
from mlxkernel_plugins.mlx_vision.features import FeatureCache, Features
from mlxkernel_plugins.mlx_vision.network import VisionNetwork


def features(rows: int) -> Features:
    return Features(mx.zeros((rows, 4)), (mx.zeros((rows, 4)),))


def kept(driver: Driver) -> FeatureCache:
    network = driver.engine._network
    assert isinstance(network, VisionNetwork)
    return network.features


def test_the_least_recently_used_goes_first_and_the_budget_holds() -> None:
    size = features(10).nbytes
    cache = FeatureCache(2 * size)
    for name in ("a", "b"):
        cache.put(("me", name), features(10))
    assert cache.get(("me", "a")) is not None
    cache.put(("me", "c"), features(10))
    assert cache.nbytes == 2 * size
    assert cache.get(("me", "b")) is None
    assert cache.get(("me", "a")) is not None
    assert cache.get(("me", "c")) is not None


def test_what_is_larger_than_the_budget_is_not_kept_and_displaces_nothing() -> None:
    cache = FeatureCache(features(10).nbytes)
    cache.put(("me", "small"), features(10))
    cache.put(("me", "large"), features(11))
    assert cache.get(("me", "large")) is None
    assert cache.get(("me", "small")) is not None
    assert cache.nbytes == features(10).nbytes


def test_the_same_picture_is_encoded_once_wherever_it_stands(load: Callable[..., Driver]) -> None:
    driver, seen = load(cache="none"), picture(5)
    cold = driver.ask(ask("one", user("What is it?", seen)))
    driver.ask(ask("two", user(seen, "And where?")))
    warm = driver.ask(ask("three", user("What is it?", seen)))
    assert kept(driver).encoded == 1
    assert warm.choices[0].text == cold.choices[0].text
    assert warm.usage.cached_tokens == 0
    driver.ask(ask("four", user(seen, "beside", picture(6))))
    assert kept(driver).encoded == 2


def test_nothing_is_shared_between_tenants(load: Callable[..., Driver]) -> None:
    driver, seen = load(), picture(5)
    for name in ("ada", "eve"):
        answer = driver.ask(ask(name, user("What is it?", seen), principal=name))
        assert answer.usage.cached_tokens == 0
    assert kept(driver).encoded == 2


def test_without_a_budget_every_picture_is_encoded_again(seeing: object, load: Callable[..., Driver]) -> None:
    driver, seen = load(cache="none", budget=0), picture(5)
    answers = [driver.ask(ask(name, user("What is it?", seen))) for name in ("one", "two")]
    assert kept(driver).encoded == 2
    assert kept(driver).nbytes == 0
    assert answers[0].choices[0].text == answers[1].choices[0].text


def test_a_long_text_is_shared_by_the_pictures_that_follow_it(load: Callable[..., Driver]) -> None:
    driver, rules = load(), "One of many rules. " * 40
    first = driver.ask(ask("first", user(rules, picture(1), "What is it?")))
    second = driver.ask(ask("second", user(rules, picture(2), "What is it?")))
    alone = driver.ask(ask("alone", user(rules, picture(2), "What is it?"), principal="another"))
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens > 256
    assert second.choices[0].text == alone.choices[0].text


def test_two_pictures_share_no_prefix_but_that_before_them(load: Callable[..., Driver]) -> None:
    driver = load()
    first = driver.ask(ask("first", user("A long word before: ", picture(1), "What is it?")))
    second = driver.ask(ask("second", user("A long word before: ", picture(2), "What is it?")))
    same = driver.ask(ask("same", user("A long word before: ", picture(1), "What is it?")))
    job = driver.engine.prepare(ask("x", user("A long word before: ", picture(1))))
    assert isinstance(job, TextJob)
    place = job.prompts[0].media[0].start
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens <= place
    assert same.usage.cached_tokens == same.usage.prompt_tokens - 1
    assert same.choices[0].text == first.choices[0].text
