"""The store: its bounds, whose responses they are, and what leaves first."""

from __future__ import annotations

import gc

import pytest
from tests.plugins.openai.responses.harness import Desk, said

from mlxkernel.events import Started
from mlxkernel_plugins.openai.responses.store import OVERHEAD


def ids(desk: Desk, *names: str) -> list[str]:
    return [name for name in names if desk.store._kept.get(("anonymous", name)) is not None]


def test_the_one_that_was_longest_not_used_goes_first() -> None:
    desk = Desk(count=2)
    for _ in range(2):
        desk.whole()
    assert desk.store.get("anonymous", "resp_0") is not None
    desk.whole()
    assert ids(desk, "resp_0", "resp_1", "resp_2") == ["resp_0", "resp_2"]


def test_bytes_are_bounded_and_counted() -> None:
    desk = Desk()
    desk.whole()
    one = desk.store.bytes
    assert one > OVERHEAD
    small = Desk(max_bytes=2 * one + one // 2)
    for _ in range(5):
        small.whole()
    assert small.store.bytes == 2 * one
    assert ids(small, "resp_3", "resp_4") == ["resp_3", "resp_4"]
    small.whole(said("x" * 3 * one))
    assert small.store.bytes == 2 * one
    assert small.store.delete("anonymous", "resp_4")
    assert not small.store.delete("anonymous", "resp_4")
    assert small.store.bytes == one


def test_a_principal_has_what_is_theirs() -> None:
    desk = Desk()
    desk.whole(principal="ada")
    assert desk.store.get("ada", "resp_0") is not None
    assert desk.store.get("bob", "resp_0") is None
    assert not desk.store.delete("bob", "resp_0")
    assert desk.store.get("ada", "resp_0") is not None


def test_a_run_is_known_as_long_as_its_stream_lives() -> None:
    desk = Desk(count=0)
    encoder = desk.operation.encoder(desk.read(stream=True, principal="ada"))
    encoder.feed(Started(1))
    assert desk.store.live("ada", "resp_0") is not None
    assert desk.store.live("bob", "resp_0") is None
    del encoder
    gc.collect()
    assert desk.store.live("ada", "resp_0") is None


@pytest.mark.parametrize("count", [0, 1])
def test_an_ended_run_is_not_live(count: int) -> None:
    desk = Desk(count=count)
    encoder = desk.operation.encoder(desk.read(stream=True))
    for event in said("x"):
        encoder.feed(event)
    assert desk.store.live("anonymous", "resp_0") is None
    assert (desk.store.get("anonymous", "resp_0") is not None) is bool(count)
