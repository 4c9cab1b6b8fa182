"""``serve``: which models it serves, what it says when it cannot, and what it tells a program."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

import mlxkernel
import mlxkernel_plugins
from mlxkernel.cli import serve as serving
from mlxkernel.config import Config, decode_config
from mlxkernel.errors import ConfigError
from mlxkernel.testing import serve_process, until


def _config(**models: Mapping[str, object]) -> Config:
    return decode_config({"models": {name: dict(table) for name, table in models.items()}}, "mlx.toml")


def test_a_model_that_is_named_comes_first_and_is_loaded_at_once() -> None:
    config = serving.with_first(_config(big={"source": "org/big"}), "bundled:tiny")
    assert list(config.models) == ["tiny", "big"]
    assert config.models["tiny"].source == "bundled:tiny"
    assert config.models["tiny"].preload


@pytest.mark.parametrize("wish", ["small", "s", "org/small"])
def test_a_configured_model_keeps_its_table(wish: str) -> None:
    tables = _config(
        big={"source": "org/big"}, small={"source": "org/small", "aliases": ["s"], "cache": "none"}
    )
    first = next(iter(serving.with_first(tables, wish).models.values()))
    assert (first.name, first.cache, first.preload) == ("small", "none", True)


def test_a_hub_id_and_a_folder_give_their_names(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    assert list(serving.with_first(Config(), "org/name").models) == ["org/name"]
    assert list(serving.with_first(Config(), f"{tmp_path}/my-model/").models) == ["my-model"]


def test_one_name_does_not_mean_two_models() -> None:
    with pytest.raises(ConfigError) as caught:
        serving.with_first(_config(tiny={"source": "org/tiny"}), "bundled:tiny")
    assert str(caught.value) == (
        "option --model: 'tiny' already means org/tiny; add a table [models.<name>] with "
        'source = "bundled:tiny" to the configuration, and name that'
    )


def test_there_must_be_a_model(run) -> None:
    done = run("serve")
    assert done.returncode == 1
    assert done.stderr == (
        "mlxkernel: there is no model to serve; name one (mlxkernel serve -m bundled:tiny) "
        "or a configuration (mlxkernel serve -c mlx.toml)\n"
    )


def test_a_port_in_use(run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "-m", "bundled:tiny", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr == (
        f"mlxkernel: 127.0.0.1:{port} is already in use; stop the other program, "
        "or choose another with --port\n"
    )


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("./nope", "there is no folder './nope'; give the path of a model's folder, or a hub id"),
        ("bundled:nope", "no model 'nope' is bundled; bundled are: bundled:tiny, bundled:tiny-vision"),
    ],
)
def test_a_model_that_is_not_there(run, model: str, reason: str) -> None:
    done = run("serve", "-m", model, "--port", "0", "--log-level", "error")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"mlxkernel: model 'nope' cannot be loaded: {reason}"


def test_a_log_level_that_is_none(run) -> None:
    done = run("serve", "-m", "bundled:tiny", "--log-level", "inof")
    assert done.stderr == (
        "mlxkernel: option log.level: [log] level: 'inof' is no choice; did you mean 'info'?\n"
    )


def test_beyond_this_machine_only_with_keys_or_in_so_many_words(run) -> None:
    done = run("serve", "-m", "bundled:tiny", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert done.stderr.startswith("mlxkernel: refusing to listen on 0.0.0.0 without keys")
    with serve_process("-m", "bundled:tiny", "--host", "0.0.0.0", "--insecure") as server:
        until(lambda: '"event":"ready"' in server.log, "the ready line")


def test_a_strict_server_does_not_start_with_a_broken_plugin(run, tmp_path: Path) -> None:
    (tmp_path / "plugin_broken.py").write_text("import nothing_like_this\n")
    info = tmp_path / "mlxkernel_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mlxkernel-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mlxkernel.v1]\nbroken = plugin_broken\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run("serve", "-m", "bundled:tiny", "--strict-plugins", PYTHONPATH=path)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "mlxkernel: plugin 'broken' of mlxkernel-broken 1.0 cannot be used (import)"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_program_gets_one_line_of_json(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlxkernel", "serve", "-m", "bundled:tiny", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", ready["port"])):
            pass
        assert ready == {
            "event": "ready",
            "url": f"http://127.0.0.1:{ready['port']}",
            "port": ready["port"],
            "pid": process.pid,
        }
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_it_stops_with_the_program_that_started_it(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'mlxkernel', 'serve', '-m', 'bundled:tiny',"
        " '--port', '0', '--exit-with-parent'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "print(child.stdout.readline().decode(), end='', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    port = json.loads(done.stdout)["port"]
    until(lambda: not _listens(port), "the server's end")


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


# --- without MLX --------------------------------------------------------------------------------------


@pytest.fixture
def without_mlx(tmp_path: Path) -> Path:
    """The packages of this environment without MLX, for an interpreter that sees no others."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            if not entry.name.startswith("mlx") or entry.name.startswith("mlxkernel"):
                (folder / entry.name).symlink_to(entry)
    for package in (mlxkernel, mlxkernel_plugins):
        assert package.__file__ is not None
        link = folder / package.__name__
        if not link.exists():
            link.symlink_to(Path(package.__file__).parent)
    return folder


def _without(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with `folder` as its only packages (-S: none of the interpreter's own)."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "mlxkernel", *arguments],
        cwd=folder.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "HOME": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_mlx_it_says_what_is_missing_and_the_mend(without_mlx: Path) -> None:
    done = _without(without_mlx, "serve", "-m", "bundled:tiny", "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    what, _, mend = line.partition("; mend it: ")
    assert what == "mlxkernel: MLX is not installed"
    assert mend.startswith("pip install 'mlx")


def test_mlx_that_does_not_work_stops_the_server(run, tmp_path: Path) -> None:
    """As on Linux without a backend: the package is there, its library is not."""
    (tmp_path / "beside" / "mlx").mkdir(parents=True)
    (tmp_path / "beside" / "mlx" / "core.py").write_text("raise ImportError('libmlx.so: cannot open it')\n")
    (tmp_path / "beside" / "mlx" / "__init__.py").write_text("")
    (tmp_path / "mlx.toml").write_text('[models.tiny]\nsource = "bundled:tiny"\npreload = true\n')
    path = os.pathsep.join([str(tmp_path / "beside"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = run("serve", "--port", "0", "--log-level", "error", PYTHONPATH=path)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        "mlxkernel: MLX is installed and does not work (ImportError: libmlx.so: cannot open it); mend it: "
        "pip install --force-reinstall 'mlx"
    )
    checked = run("doctor", "--json", PYTHONPATH=path, MLXKERNEL_SERVER__PORT="0")
    (finding,) = (one for one in json.loads(checked.stdout) if one["subject"] == "mlx")
    assert f"mlxkernel: {finding['detail']}; mend it: {finding['mend']}" == line
    assert checked.returncode == 1
