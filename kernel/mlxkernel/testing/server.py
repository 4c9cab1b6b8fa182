"""A real server on a real port, in a thread of the test."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from types import ModuleType

from mlxkernel.config import decode_config
from mlxkernel.host import discover
from mlxkernel.kernel import Kernel
from mlxkernel.messages import Json
from mlxkernel.server import Server, bind


class ModuleEntryPoint(EntryPoint):
    """An entry point that loads a module that is at hand already."""

    def load(self) -> ModuleType:
        """The module."""
        return _MODULES[self.value]


_MODULES: dict[str, ModuleType] = {}


def entry_point(name: str, module: ModuleType) -> EntryPoint:
    """An entry point for a plugin that lives in the test itself."""
    _MODULES[f"mlxkernel.testing:{name}"] = module
    return ModuleEntryPoint(name=name, value=f"mlxkernel.testing:{name}", group="mlxkernel.v1")


class RunningServer:
    """A server that runs in a thread of its own. `kernel` may be looked at, not stepped."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mlxkernel-test-server", daemon=True)

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``"""
        assert self._server is not None
        return self._server.url

    def start(self) -> None:
        """Bind, and return when connections are accepted."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Drain and close, as SIGTERM does."""
        if self._server is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop)
        self._thread.join(60)
        if self._thread.is_alive():
            raise AssertionError("the server did not stop within 60 s")
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # handed over to the thread that started the server
            self._error = error
        finally:
            self._ready.set()
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _serve(self) -> None:
        self._server = Server(self.kernel, bind(self.kernel.config.server))
        await self._server.run(lambda _: self._ready.set())


@contextlib.contextmanager
def run_server(
    tables: Mapping[str, Json], plugins: Mapping[str, ModuleType] | None = None
) -> Iterator[RunningServer]:
    """A server with these tables of mlx.toml, on a free port, with the installed plugins and `plugins`."""
    merged = {**tables, "server": {"port": 0, "drain_grace": 5.0, **tables.get("server", {})}}
    config = decode_config(merged, "the test's configuration")
    extra = [entry_point(name, module) for name, module in (plugins or {}).items()]
    running = RunningServer(Kernel(config, [*discover(), *extra]))
    running.start()
    try:
        yield running
    finally:
        running.stop()
