"""Who is let in, who is not, and with which words."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxkernel.api import Principal
from mlxkernel.errors import ConfigError, Fault, RequestFailed
from mlxkernel_plugins.auth_keys import Config, Keys, Open, mlxkernel_register_auth
from mlxkernel_plugins.auth_keys.entries import Entry, hash_of, new_key
from mlxkernel_plugins.auth_keys.keyring import Keyring

KEY, OTHER = new_key(), new_key()
ENTRIES = (
    Entry(name="laptop", hash=hash_of(KEY)),
    Entry(name="phone", hash=hash_of(OTHER), scopes=("inference", "admin")),
)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(Keyring(tmp_path / "keys.toml", ENTRIES))


def refused(keys: Keys, headers: dict[str, str]) -> Fault:
    with pytest.raises(RequestFailed) as caught:
        keys.authenticate(headers, "127.0.0.1")
    return caught.value.fault


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}, {"x-api-key": "y"}])
def test_open_lets_everyone_in_with_any_key(headers: dict[str, str]) -> None:
    assert Open().authenticate(headers, "127.0.0.1") == Principal()
    assert not Open().protects


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer   {KEY} "},
        {"x-api-key": KEY},
        {"authorization": "Basic dTpw", "x-api-key": KEY},
        {"authorization": "Bearer wrong", "x-api-key": KEY},
    ],
)
def test_a_key_in_either_header(keys: Keys, headers: dict[str, str]) -> None:
    assert keys.authenticate(headers, "127.0.0.1") == Principal(name="laptop", scopes=("inference",))


def test_scopes_are_the_keys_own(keys: Keys) -> None:
    assert keys.authenticate({"x-api-key": OTHER}, "").scopes == ("inference", "admin")


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer "}, {"x-api-key": " "}, {"authorization": f"Basic {KEY}"}]
)
def test_no_key(keys: Keys, headers: dict[str, str]) -> None:
    fault = refused(keys, headers)
    assert (fault.kind.status, fault.code) == (401, "invalid_api_key")
    assert fault.message == (
        "No API key was sent. Send one as 'Authorization: Bearer KEY' or 'x-api-key: KEY'."
    )


@pytest.mark.parametrize("key", ["wrong", KEY[:-1], KEY + "x", KEY.upper(), hash_of(KEY), "\udcff", "ключ"])
def test_a_wrong_key(keys: Keys, key: str) -> None:
    for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}):
        fault = refused(keys, headers)
        assert (fault.kind.status, fault.code) == (401, "invalid_api_key")
        assert fault.message == (
            "The API key is not valid here; the server's operator makes keys: mlxkernel keys create NAME"
        )


@given(value=st.text(max_size=80))
def test_no_header_does_more_than_be_refused(value: str) -> None:
    keys = Keys(Keyring(Path("absent.toml"), ENTRIES))
    for headers in ({"authorization": value}, {"authorization": f"Bearer {value}"}, {"x-api-key": value}):
        assert refused(keys, headers).kind.status == 401


def test_every_entry_is_compared_in_constant_time(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    compared: list[bytes] = []
    real = hmac.compare_digest

    def counted(a: bytes, b: bytes) -> bool:
        compared.append(b)
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    keys.authenticate({"x-api-key": KEY}, "")
    assert compared == [entry.hash.encode() for entry in ENTRIES]


def test_an_empty_keyring_guards_nothing_and_lets_nobody_in(tmp_path: Path) -> None:
    keys = Keys(Keyring(tmp_path / "keys.toml"))
    assert not keys.protects
    assert refused(keys, {"x-api-key": KEY}).kind.status == 401


def test_a_keyring_that_breaks_lets_nobody_in_and_says_so_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.toml"
    keys = Keys(Keyring(path, ENTRIES))
    keys.authenticate({"x-api-key": KEY}, "")
    path.write_text("keys = 5")
    path.chmod(0o600)
    with caplog.at_level(logging.ERROR):
        fault = refused(keys, {"x-api-key": KEY})
    assert fault.kind.status == 500
    assert fault.message == (
        "The server cannot read its list of API keys, so it lets nobody in; its log says why."
    )
    assert str(path) in caplog.text and str(path) not in fault.message
    assert keys.protects
    path.unlink()
    assert keys.authenticate({"x-api-key": KEY}, "").name == "laptop"


def test_registration(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    config = Config(file=str(path), keys=ENTRIES[:1])
    open_, keys = mlxkernel_register_auth(config)
    assert (open_.name, keys.name) == ("open", "keys")
    assert (open_.protects, keys.protects) == (False, True)
    assert not mlxkernel_register_auth(Config(file=str(path)))[1].protects


def test_a_broken_keyring_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("[[keys]]\nname = 'a'\n")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="not a file of keys: Object missing required field `hash`"):
        mlxkernel_register_auth(Config(file=str(path)))
