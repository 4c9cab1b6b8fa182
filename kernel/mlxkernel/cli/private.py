"""A private server: one that the terminal chat starts for itself, on a free port, and ends with itself."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import httpx
import msgspec

from mlxkernel.cli.remote import Remote
from mlxkernel.errors import StartError
from mlxkernel.messages import Json

STOP_GRACE = 10.0
"""Seconds that the server has to end its worker."""

REFRESH = 0.1


class PrivateServer:
    """A context manager around a server process that serves one model to this program alone.

    `settings` are keys of the configuration (``media.fetch``) with their values.
    """

    def __init__(self, model: str, settings: Mapping[str, Json] | None = None) -> None:
        self._model = model
        self._settings = settings or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._remote: Remote | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed in __exit__

    def __enter__(self) -> PrivateServer:
        command = [sys.executable, "-m", "mlxkernel", "serve", "-m", self._model, "--port", "0"]
        # Keys that guard other servers do not concern this one: it listens on loopback for its parent.
        command += ["--exit-with-parent", "--log-level", "error", "--set", "auth.use=open"]
        for setting, value in self._settings.items():
            command += ["--set", f"{setting}={msgspec.json.encode(value).decode()}"]
        # A Ctrl-C in the terminal stops an answer, not the server.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
        )
        return self

    def remote(self, progress: Callable[[str, float], None]) -> Remote:
        """The server, once its model is ready; `progress` is told stages and 0…1.

        Raises `StartError` with the server's own words.
        """
        process = self._process
        assert process is not None and process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise self._fault()
        self._remote = Remote(msgspec.json.decode(ready)["url"])
        while process.poll() is None:
            try:
                health = next(iter(self._remote.health().models.values()))
            except httpx.HTTPError:  # it is closing; its exit follows
                continue
            if health.state == "ready":
                return self._remote
            progress(health.stage or health.state, health.progress or 0.0)
            time.sleep(REFRESH)
        raise self._fault()

    def _fault(self) -> StartError:
        assert self._process is not None
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return StartError(
            lines[-1].removeprefix("mlxkernel: ") if lines else f"the server ended with exit code {code}"
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._remote is not None:
            self._remote.close()
        process = self._process
        assert process is not None
        process.terminate()
        try:
            process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._said.close()
