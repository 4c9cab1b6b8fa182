"""What the packaging tests share: the built distributions, and a fresh venv with the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]


class Built(Struct, frozen=True):
    """The two files that a release consists of."""

    sdist: Path
    wheel: Path


class Installation(Struct, frozen=True):
    """A venv with nothing but the wheel and what it requires, in a folder away from the tree."""

    folder: Path

    @property
    def command(self) -> Path:
        """The script `mlxkernel`."""
        return self.folder / "venv" / "bin" / "mlxkernel"

    @property
    def python(self) -> Path:
        """The venv's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def environment(self) -> Mapping[str, str]:
        """This process's environment without what leads back to the tree; a home and a port of its own."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLXKERNEL_"))
        }
        return {**kept, "HOME": str(self.folder), "XDG_CONFIG_HOME": "", "MLXKERNEL_SERVER__PORT": "0"}

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of the tree, and the wheel that is built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="session")
def installation(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel, installed by pip with what it requires."""
    installed = Installation(tmp_path_factory.mktemp("away"))
    venv.create(installed.folder / "venv", with_pip=True)
    pip = [installed.python, "-m", "pip", "install", "--quiet", built.wheel]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(pip, cwd=installed.folder, env=kept, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return installed
