"""Registries on their own: names, owners and preferences."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from mlxkernel.api import ModelFamily
from mlxkernel.errors import ConfigError, PluginError
from mlxkernel.registry import Registries, Registry


class Owner(Struct, frozen=True):
    name: str
    distribution: str


class Value(Struct, frozen=True):
    name: str
    content: int = 0


ACME, BOLT = Owner("a", "acme"), Owner("b", "bolt")


def registry(prefer: dict[str, str] | None = None) -> Registry[Any]:
    return Registry("cache", prefer or {})


def test_values_keep_their_order_and_owner() -> None:
    caches = registry()
    caches.add(BOLT, Value("z"))
    caches.add(ACME, Value("a"))
    assert list(caches) == ["z", "a"]
    assert (len(caches), "a" in caches, caches.owner("z")) == (2, True, BOLT)


def test_two_owners_of_one_name_never_replace_each_other() -> None:
    caches = registry()
    caches.add(ACME, Value("c", 1))
    with pytest.raises(PluginError) as caught:
        caches.add(BOLT, Value("c", 2))
    assert str(caught.value) == (
        "cache 'c' is brought by acme (plugin a) and by bolt (plugin b); choose one with "
        '[kernel.prefer] "cache c" = "acme", or disable the other plugin'
    )
    assert caches["c"] == Value("c", 1)


@pytest.mark.parametrize(("chosen", "content", "owner"), [("acme", 1, ACME), ("bolt", 2, BOLT)])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_preferred_owner_wins_in_any_order(
    chosen: str, content: int, owner: Owner, order: tuple[int, int]
) -> None:
    caches = registry({"cache c": chosen})
    for number in order:
        caches.add(ACME if number == 1 else BOLT, Value("c", number))
    assert (caches["c"].content, caches.owner("c")) == (content, owner)


def test_a_name_that_is_not_there() -> None:
    caches = registry()
    with pytest.raises(ConfigError) as caught:
        caches.find("prefix", "[models.m] cache")
    assert str(caught.value) == "[models.m] cache: there is no cache 'prefix'; known: none"
    caches.add(ACME, Value("prefix"))
    with pytest.raises(ConfigError) as caught:
        caches.find("prefx", "[models.m] cache")
    assert str(caught.value) == "[models.m] cache: there is no cache 'prefx'; did you mean 'prefix'?"
    assert caches.find("prefix", "") == Value("prefix")


def test_the_toolbox_finds_a_family_by_model_type() -> None:
    registries = Registries({})
    family = ModelFamily(name="qwen", model_types=("qwen2", "qwen3"))
    registries.families.add(ACME, family)
    toolbox = registries.toolbox()
    assert toolbox.family_of("qwen3") is family
    assert toolbox.family_of("llama") is None
