"""Environments: each client in a place of its own, with the versions that its folder pins."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tomli
from msgspec import Struct

HERE = Path(__file__).parent
KIT = HERE / "kit"
PAGES = HERE.parents[1] / "docs" / "clients"


class About(Struct, frozen=True):
    """``about.toml``: the client's name for readers, and the packages whose versions are told."""

    title: str
    packages: tuple[str, ...]


class Subject:
    """A folder: `about.toml`, with `requirements.txt` and `check.py` or `package.json` and `check.mjs`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = HERE / name
        table = tomli.loads((self.folder / "about.toml").read_text(encoding="utf-8"))
        self.about = About(table["title"], tuple(table["packages"]))
        self.node = (self.folder / "package.json").exists()

    def place(self, cache: Path) -> Path:
        """The folder of the environment; another one when what is pinned changes."""
        pinned = self.folder / ("package.json" if self.node else "requirements.txt")
        digest = hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]
        return cache / f"{self.name}-{digest}"

    def install(self, cache: Path) -> Path:
        """Make the environment unless it is there. Raises `CalledProcessError` with what pip or npm said."""
        place = self.place(cache)
        done = place / ".done"
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            if self.node:
                shutil.copy(self.folder / "package.json", place)
                _run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], place)
            else:
                _run([sys.executable, "-m", "venv", str(place)], place)
                requirements = str(self.folder / "requirements.txt")
                _run([_python(place), "-m", "pip", "install", "--quiet", "-r", requirements], place)
            done.touch()
        return place

    def command(self, place: Path, url: str) -> Sequence[str]:
        """The command that runs the checks against the server at `url`."""
        if not self.node:
            return [_python(place), str(self.folder / "check.py"), url]
        # Node finds packages beside the script, so the script is run from where they are.
        for script in (*self.folder.glob("*.mjs"), *KIT.glob("*.mjs")):
            shutil.copy(script, place)
        return ["node", str(place / "check.mjs"), url, str(PAGES / f"{self.name}.md")]

    def versions(self, place: Path) -> tuple[str, ...]:
        """The told packages with their installed versions."""
        if self.node:
            found = (place / "node_modules" / name / "package.json" for name in self.about.packages)
            read = [json.loads(file.read_text(encoding="utf-8")) for file in found]
            return tuple(f"{package['name']} {package['version']}" for package in read)
        ask = "import sys, importlib.metadata as m; [print(n, m.version(n)) for n in sys.argv[1:]]"
        return tuple(_run([_python(place), "-c", ask, *self.about.packages], place).splitlines())


def subjects() -> list[str]:
    """The names of all clients."""
    return sorted(file.parent.name for file in HERE.glob("*/about.toml"))


def _python(place: Path) -> str:
    return str(place / "bin" / "python")


def _run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
