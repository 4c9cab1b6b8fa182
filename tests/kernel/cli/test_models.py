"""``models``: from a configuration, with the states of the server that serves it, and from a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxkernel.errors import StartError
from mlxkernel.testing import fake_plugin, run_server

FAKE = {"models": {"m": {"source": "x", "engine": "fake", "preload": True, "aliases": ["other"]}}}


def test_from_a_configuration(invoke, tmp_path: Path) -> None:
    (tmp_path / "mlx.toml").write_text(
        '[server]\nport = 1\n[models.tiny]\nsource = "bundled:tiny"\naliases = ["t"]\n'
    )
    _, output = invoke("models", "--json")
    assert json.loads(output) == [
        {
            "name": "tiny",
            "state": "not served",
            "source": "bundled:tiny",
            "aliases": ["t"],
            "demonstration": True,
            "note": None,
        }
    ]
    _, table = invoke("models")
    assert table.splitlines()[1].split() == ["tiny", "not", "served", "bundled:tiny", "t", "demonstration"]


def test_none_is_configured(invoke) -> None:
    with pytest.raises(StartError) as caught:
        invoke("models")
    assert str(caught.value) == (
        "no model is configured; write [models.<name>] in mlx.toml, or ask a server: --server URL"
    )


def test_from_a_server(invoke) -> None:
    with run_server(FAKE, {"fake": fake_plugin()}) as server:
        _, output = invoke("models", "--server", server.url, "--json")
    assert [(row["name"], row["state"]) for row in json.loads(output)] == [("m", "ready")]


def test_states_come_from_the_server_at_the_configured_address(invoke, tmp_path: Path) -> None:
    with run_server(FAKE, {"fake": fake_plugin()}) as server:
        port = server.url.rpartition(":")[2]
        (tmp_path / "mlx.toml").write_text(f'[server]\nport = {port}\n[models.m]\nsource = "x"\n')
        _, output = invoke("models", "--json")
    assert [(row["source"], row["state"]) for row in json.loads(output)] == [("x", "ready")]


def test_no_server_answers(invoke) -> None:
    with pytest.raises(StartError) as caught:
        invoke("models", "--server", "http://127.0.0.1:1")
    assert str(caught.value) == "no server answers on http://127.0.0.1:1 (ConnectError); is it running?"
