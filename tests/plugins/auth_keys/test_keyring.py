"""The file of key hashes: what it holds, when it is read, and when it is not trusted."""

from __future__ import annotations

import os
import stat
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from mlxkernel.errors import ConfigError
from mlxkernel_plugins.auth_keys.entries import Entry, hash_of, new_key
from mlxkernel_plugins.auth_keys.keyring import Keyring, keyring_path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def entry(name: str) -> Entry:
    return Entry(name=name, hash=hash_of(name), scopes=("inference", "admin"), created=NOW)


def written(path: Path, text: str, mode: int = 0o600) -> Keyring:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return Keyring(path)


def problem(keyring: Keyring) -> str:
    with pytest.raises(ConfigError) as caught:
        keyring.entries()
    message = str(caught.value)
    assert message.startswith(f"{keyring.path}: ")
    return message.removeprefix(f"{keyring.path}: ")


def test_what_is_written_is_read_and_only_its_owner_may(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.toml"
    keyring = Keyring(path)
    assert keyring.entries() == ()
    keyring.change(lambda entries: (*entries, entry("a"), entry("b-1@x.y")))
    assert Keyring(path).entries() == keyring.entries() == (entry("a"), entry("b-1@x.y"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["keys.toml"]


def test_the_key_itself_is_nowhere(tmp_path: Path) -> None:
    key = new_key()
    keyring = Keyring(tmp_path / "keys.toml")
    keyring.change(lambda entries: (Entry(name="a", hash=hash_of(key)),))
    assert key not in keyring.path.read_text()
    assert hash_of(key) in keyring.path.read_text()


def test_keys_are_long_and_differ() -> None:
    made = {new_key() for _ in range(50)}
    assert len(made) == 50
    assert all(key.startswith("mlxk-") and len(key) == 48 for key in made)


def test_the_file_is_read_again_when_it_changes_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.toml"
    keyring, writer = Keyring(path), Keyring(path)
    reads = 0
    real = Path.read_text

    def counted(self: Path, *args: object, **kwargs: object) -> str:
        nonlocal reads
        reads += 1
        return real(self, encoding="utf-8")

    monkeypatch.setattr(Path, "read_text", counted)
    writer.change(lambda entries: (entry("a"),))
    for _ in range(3):
        assert keyring.entries() == (entry("a"),)
    assert reads == 1
    writer.change(lambda entries: (*entries, entry("b")))
    assert keyring.entries() == (entry("a"), entry("b"))
    path.unlink()
    assert keyring.entries() == ()


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"

    def add(name: str) -> None:
        Keyring(path).change(lambda entries: (*entries, entry(name)))

    threads = [threading.Thread(target=add, args=(f"k{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {e.name for e in Keyring(path).entries()} == {f"k{i}" for i in range(8)}


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604])
def test_a_file_that_others_can_touch_is_not_trusted(tmp_path: Path, mode: int) -> None:
    keyring = written(tmp_path / "keys.toml", "", mode)
    assert problem(keyring) == (
        f"others than its owner have access to it (mode {mode:04o}); mend it with: chmod 600 '{keyring.path}'"
    )


HASH = hash_of("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[keys", "not valid TOML: "),
        ("keys = 5", "not a file of keys: Expected `array`, got `int` - at `$.keys`"),
        ("kays = []", "not a file of keys: Object contains unknown field `kays`"),
        ("[[keys]]\nname = 'a'", "not a file of keys: Object missing required field `hash` - at `$.keys[0]`"),
        (f"[[keys]]\nname = 'a'\nhash = '{HASH}x'", "not a file of keys: Expected `str` matching regex "),
        (f"[[keys]]\nname = 'a b'\nhash = '{HASH}'", "not a file of keys: Expected `str` matching regex "),
        (
            f"[[keys]]\nname = 'a'\nhash = '{HASH}'\n" * 2,
            "there are two keys named 'a'; each needs a name of its own",
        ),
    ],
)
def test_a_broken_file_is_an_error_and_never_an_empty_list(tmp_path: Path, text: str, message: str) -> None:
    assert problem(written(tmp_path / "keys.toml", text)).startswith(message)


def test_a_broken_file_cannot_be_written_over(tmp_path: Path) -> None:
    keyring = written(tmp_path / "keys.toml", "[[keys")
    with pytest.raises(ConfigError, match="not valid TOML"):
        keyring.change(lambda entries: (entry("a"),))
    assert keyring.path.read_text() == "[[keys"


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.mkdir(mode=0o700)
    assert problem(Keyring(path)) == "cannot be read: Is a directory"


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert keyring_path(None) == tmp_path / ".config" / "mlxkernel" / "keys.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert keyring_path(None) == tmp_path / "xdg" / "mlxkernel" / "keys.toml"
    monkeypatch.setattr("sys.platform", "darwin")
    assert keyring_path(None) == tmp_path / "Library" / "Application Support" / "mlxkernel" / "keys.toml"
    assert keyring_path("~/k.toml") == tmp_path / "k.toml"
