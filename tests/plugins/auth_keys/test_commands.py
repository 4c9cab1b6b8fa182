"""``mlxkernel keys create | list | revoke``."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mlxkernel.errors import StartError
from mlxkernel_plugins.auth_keys import mlxkernel_register_commands
from mlxkernel_plugins.auth_keys.authenticators import Keys
from mlxkernel_plugins.auth_keys.keyring import Keyring, keyring_path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual file, in a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return keyring_path(None)


def run(*words: str) -> Result:
    cli = typer.Typer()
    mlxkernel_register_commands(cli)
    cli.command("other")(lambda: None)
    return CliRunner().invoke(cli, ["keys", *words])


def error(*words: str) -> str:
    result = run(*words)
    assert isinstance(result.exception, StartError)
    return str(result.exception)


def test_a_key_from_its_making_to_its_end(path: Path) -> None:
    keys = Keys(Keyring(path))
    made = run("create", "laptop", "--scope", "inference", "--scope", "admin")
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert made.stdout == f"{key}\n"
    assert made.stderr == "The key 'laptop' is made. It is shown this once; keep it where it is safe:\n"
    assert keys.authenticate({"x-api-key": key}, "").scopes == ("inference", "admin")

    run("create", "phone")
    listed = run("list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["laptop", "phone"]
    assert listed[0].endswith("+00:00  inference admin") and listed[1].endswith("  inference")
    assert key not in run("list").output

    assert run("revoke", "laptop").stderr == "The key 'laptop' is revoked.\n"
    assert [entry.name for entry in Keyring(path).entries()] == ["phone"]
    with pytest.raises(Exception, match="The API key is not valid here"):
        keys.authenticate({"x-api-key": key}, "")


def test_another_file(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    run("create", "a", "--file", str(other))
    assert [entry.name for entry in Keyring(other).entries()] == ["a"]
    assert not path.exists()
    assert run("list", "--file", str(other)).stdout.startswith("a  ")


def test_no_keys(path: Path) -> None:
    result = run("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"There are no keys in {path}; make one: mlxkernel keys create NAME\n"


def test_a_name_that_is_taken(path: Path) -> None:
    run("create", "a")
    assert error("create", "a") == (
        f"there is a key named 'a' in {path} already; "
        "revoke it first (mlxkernel keys revoke a) or choose another name"
    )


def test_a_name_that_is_not_there(path: Path) -> None:
    run("create", "a")
    assert error("revoke", "b") == f"there is no key named 'b' in {path}; known: a"


@pytest.mark.parametrize("words", [("a b",), ("",), ("a", "--scope", "Not A Scope")])
def test_a_name_that_is_none(path: Path, words: tuple[str, ...]) -> None:
    scopes = words[2] if len(words) > 1 else "inference"
    assert error("create", *words) == (
        f"a key cannot be named '{words[0]}' with the scopes {scopes}: a name is up to 64 letters, "
        "digits and . _ @ - and begins with a letter or digit, a scope is a word in lower case"
    )
    assert not path.exists()
