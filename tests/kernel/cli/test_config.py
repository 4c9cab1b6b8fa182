"""``config check`` and ``config show``, and ``--set`` before both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxkernel.errors import ConfigError

MODEL = '[models.tiny]\nsource = "bundled:tiny"\n'


def _write(folder: Path, text: str) -> None:
    (folder / "mlx.toml").write_text(text, encoding="utf-8")


def test_a_right_configuration(invoke, tmp_path: Path) -> None:
    _write(tmp_path, MODEL)
    code, output = invoke("config", "check")
    assert code == 0
    assert output.startswith("mlx.toml is right: 1 model, ")


def test_the_repository_s_own_is_right(invoke) -> None:
    file = Path(__file__).resolve().parents[3] / "mlx.toml"
    code, _ = invoke("config", "check", "-c", str(file))
    assert code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sevrer]\nport = 1\n", "mlx.toml: unknown table [sevrer]; did you mean 'server'?"),
        ("[server]\nprot = 1\n", "mlx.toml: unknown key 'prot' in [server]; did you mean 'port'?"),
        ('[server]\nport = "x"\n', "mlx.toml: [server] port: expected `int`, got `str` ('x')"),
        (
            '[models.a]\nsource = "what is this"\n',
            "[models.a] source: no model source knows 'what is this' (installed: path, hub, bundled); "
            "write bundled:tiny, the path of a model's folder, or a hub id",
        ),
        (
            f'{MODEL}cache = "prefxi"\n',
            "[models.tiny] cache: there is no cache 'prefxi'; did you mean 'prefix'?",
        ),
        (
            "[plugins.opnai]\n",
            "[plugins.opnai]: no installed plugin has the name 'opnai'; did you mean 'openai'?",
        ),
    ],
)
def test_what_is_wrong_is_named(invoke, tmp_path: Path, text: str, message: str) -> None:
    _write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        invoke("config", "check")
    assert str(caught.value) == message


def test_set_overrides_and_is_named_in_errors(invoke, tmp_path: Path) -> None:
    _write(tmp_path, MODEL)
    with pytest.raises(ConfigError) as caught:
        invoke("config", "check", "--set", "server.port=abc")
    assert str(caught.value) == "option server.port: [server] port: expected `int`, got `str` ('abc')"
    with pytest.raises(ConfigError) as caught:
        invoke("config", "check", "--set", "server.port")
    assert str(caught.value) == (
        "--set server.port: write --set table.key=value, such as --set server.port=9000"
    )


def test_show_says_where_each_value_comes_from(
    invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, f"[server]\ndrain_grace = 3.0\n{MODEL}")
    monkeypatch.setenv("MLXKERNEL_SERVER__PORT", "9001")
    _, output = invoke("config", "show", "--set", 'log.level="error"', "--set", "worker.silence=9")
    lines = output.splitlines()
    assert 'server.host = "127.0.0.1"  # default' in lines
    assert "server.drain_grace = 3.0  # mlx.toml" in lines
    assert "server.port = 9001  # environment" in lines
    assert 'log.level = "error"  # option' in lines
    assert "worker.silence = 9.0  # option" in lines
    assert 'models.tiny.source = "bundled:tiny"  # mlx.toml' in lines


def test_show_as_json(invoke, tmp_path: Path) -> None:
    _write(tmp_path, MODEL)
    _, output = invoke("config", "show", "--json")
    assert json.loads(output)["models"]["tiny"]["source"] == "bundled:tiny"


def test_show_needs_no_file(invoke) -> None:
    code, output = invoke("config", "show")
    assert code == 0
    assert "server.port = 8000  # default" in output
