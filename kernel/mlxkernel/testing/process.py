"""A server as users start it: the command line in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_URL = re.compile(r"http://\S+?:\d+")


def until(look: Callable[[], T], what: str, patience: float = 60.0) -> T:
    """The first true value that `look` gives. Raises `AssertionError` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {patience:g} s")
        time.sleep(0.02)
    return found


class ServeProcess:
    """``mlxkernel serve ARGUMENTS`` on a free port. `log` is what it has printed so far, on both streams.

    `python` is the interpreter that runs it, of this environment or of another one.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        python: str = sys.executable,
    ) -> None:
        self._path = folder / "server.log"
        self._file = self._path.open("wb")
        self.process = subprocess.Popen(
            [python, "-m", "mlxkernel", "serve", *arguments],
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "MLXKERNEL_SERVER__PORT": "0", "COLUMNS": "200", **environment},
        )

    @property
    def log(self) -> str:
        """Everything that was printed."""
        return self._path.read_text(encoding="utf-8", errors="replace")

    @property
    def url(self) -> str:
        """The address, once the server listens."""

        def look() -> str:
            self._check_alive()
            found = _URL.search(self.log)
            return found.group(0) if found else ""

        return until(look, "the server's address")

    def _check_alive(self) -> None:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")

    def health(self) -> dict[str, Any]:
        """The body of GET /health."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=10) as reply:
                return dict(json.load(reply))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def wait_ready(self, patience: float = 120.0) -> None:
        """Return when every model that was started answers."""

        def look() -> bool:
            self._check_alive()
            return bool(self.health()["status"] == "ok")

        until(look, "the models", patience)

    def workers(self) -> list[int]:
        """The process ids of the workers (Linux)."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and b"\0worker\0" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
        return found

    def stop(self, number: int = signal.SIGTERM, patience: float = 60.0) -> int:
        """Send a signal, wait for the end. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop within {patience:g} s:\n{self.log}") from None
        finally:
            self._file.close()


@contextlib.contextmanager
def serve_process(
    *arguments: str, environment: Mapping[str, str] | None = None, python: str = sys.executable
) -> Iterator[ServeProcess]:
    """A server process on a free port, ended by SIGTERM if it still runs."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServeProcess(arguments, Path(folder), environment or {}, python)
        try:
            yield server
        finally:
            server.stop()
