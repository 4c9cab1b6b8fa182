"""The kernel put together: names in mlx.toml that must be registered, and who may come in."""

from __future__ import annotations

from typing import Any

import pytest

from mlxkernel.config import decode_config
from mlxkernel.errors import ConfigError, StartError
from mlxkernel.kernel import Kernel


def make(kit: Any, *entries: Any, **tables: Any) -> Kernel:
    return Kernel(decode_config(tables, "mlx.toml"), [kit.Toy().entry(), *entries])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"engine": "strng"}, "[models.m] engine: there is no engine 'strng'; did you mean 'string'?"),
        ({"engine": "auto"}, "[models.m] cache: there is no cache 'prefix'; known: none"),
        (
            {"engine": "string", "tool_format": "x"},
            "[models.m] tool_format: there is no tool format 'x'; known: none",
        ),
        (
            {"engine": "string", "reasoning_format": "x"},
            "[models.m] reasoning_format: there is no reasoning format 'x'; known: none",
        ),
    ],
)
def test_a_name_that_nothing_registered(kit: Any, model: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(kit, models={"m": {"source": "x", **model}}, auth={"use": "open"})
    assert str(caught.value) == words


def test_who_guards_the_door(kit: Any) -> None:
    assert make(kit).authenticator.name == "password"
    assert make(kit, auth={"use": "open"}).authenticator.name == "open"
    with pytest.raises(ConfigError) as caught:
        make(kit, auth={"use": "opn"})
    assert str(caught.value) == "[auth] use: there is no authenticator 'opn'; did you mean 'open'?"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.2", "::", "example.org", ""])
def test_an_open_door_to_the_world_must_be_meant(kit: Any, host: str) -> None:
    with pytest.raises(StartError) as caught:
        make(kit, server={"host": host}, auth={"use": "open"})
    assert str(caught.value) == (
        f"refusing to listen on {host} without keys: anyone who reaches it could use the models. "
        "Make a key (mlxkernel keys create NAME), or listen on 127.0.0.1, or say [server] insecure = true"
    )
    assert make(kit, server={"host": host, "insecure": True}, auth={"use": "open"})
    assert make(kit, server={"host": host})


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_may_be_open(kit: Any, host: str) -> None:
    assert make(kit, server={"host": host}, auth={"use": "open"}).authenticator.name == "open"


def test_without_any_authenticator_there_is_no_server(kit: Any) -> None:
    with pytest.raises(ConfigError, match="no plugin brings the authenticator 'open'"):
        Kernel(decode_config({}, "mlx.toml"), [])


def test_what_plugins_see_of_it(kit: Any) -> None:
    plain = {"source": "x", "engine": "string"}
    models = {"m": {**plain, "aliases": ["a/b:c"]}, "k": plain}
    kernel = make(kit, models=models)
    assert [spec.name for spec in kernel.models()] == ["m", "k"]
    assert kernel.resolve("a/b:c").name == "m"
    assert kernel.info("m") is None
    assert [health.state for health in kernel.health().values()] == ["stopped", "stopped"]
    assert kernel.started > 0
