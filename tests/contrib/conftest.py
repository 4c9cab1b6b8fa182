"""What the tests of contrib share: venvs into which its distributions are installed by pip, and a model."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from mlxkernel.testing import ServeProcess, serve_process

CONTRIB = Path(__file__).resolve().parents[2] / "contrib"

STEPS = 120
"""Of training: enough that the answers differ from each other and end by themselves."""


class Environment(Struct, frozen=True):
    """A venv that sees what is installed beside the tests, mlxkernel too, and has more of its own."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def run(self, *arguments: str | Path, text: str = "", cwd: Path | None = None) -> Any:
        """Run its Python with these arguments, away from the tree unless told otherwise."""
        command = [self.python, *map(str, arguments)]
        return subprocess.run(
            command, cwd=cwd or self.folder, input=text, capture_output=True, text=True, timeout=300
        )


def install(folder: Path, *distributions: str) -> Environment:
    """Make a venv and pip-install distributions of contrib into it, without the network."""
    venv.create(folder, symlinks=True)
    environment = Environment(folder)
    (own,) = folder.glob("lib/python*/site-packages")
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    lines = [f"import site; site.addsitedir({place!r})\n" for place in sorted(shared)]
    (own / "shared.pth").write_text("".join(lines), encoding="utf-8")
    for distribution in distributions:
        pip = [sys.executable, "-m", "pip", "--python", environment.python, "install", "--quiet"]
        offline = ["--no-index", "--no-build-isolation", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, *offline, str(CONTRIB / distribution)], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return environment


@pytest.fixture(scope="session")
def mingru(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A venv with the plugin that brings the minGRU family."""
    return install(tmp_path_factory.mktemp("mingru") / "venv", "mlxkernel-mingru")


@pytest.fixture(scope="session")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A venv with the deliberately broken plugin."""
    return install(tmp_path_factory.mktemp("broken") / "venv", "mlxkernel-example-broken")


@pytest.fixture(scope="session")
def model(mingru: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small minGRU model, made by the distribution's own command."""
    folder = tmp_path_factory.mktemp("models") / "small-mingru"
    done = mingru.run("-m", "mlxkernel_mingru.make", folder, "--steps", str(STEPS))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def server(mingru: Environment, model: Path) -> Iterator[ServeProcess]:
    """``mlxkernel serve -m PATH``: nothing is configured but the model's path."""
    with serve_process("-m", str(model), python=mingru.python) as process:
        process.wait_ready()
        yield process


@pytest.fixture(scope="session")
def plain(mingru: Environment, model: Path) -> Callable[[list[list[dict[str, str]]]], list[dict[str, Any]]]:
    """Greedy answers from a plain loop over the model: no server, no batch, no cache."""

    def answer(conversations: list[list[dict[str, str]]]) -> list[dict[str, Any]]:
        program = Path(__file__).with_name("plain_loop.py")
        done = mingru.run(program, model, text=json.dumps(conversations))
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return answer
