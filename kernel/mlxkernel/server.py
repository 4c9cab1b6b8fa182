"""The server: a bound socket, Hypercorn on it, and an end that lets streams finish."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import time
import weakref
from collections.abc import Callable
from typing import Any

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config as HypercornConfig
from hypercorn.config import Sockets
from hypercorn.utils import LifespanFailureError

from mlxkernel.app import build_app
from mlxkernel.config import ServerConfig
from mlxkernel.errors import StartError
from mlxkernel.kernel import Kernel

logger = logging.getLogger("mlxkernel.server")

LAST_BYTES = 2.0
"""Seconds that connections get to take their last bytes after every run has ended."""


class Listener(socket.socket):
    """A listening socket that remembers its connections, for the server to end those that would not."""

    def __init__(self, family: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self._connections: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection."""
        connection, address = super().accept()
        self._connections.add(connection)
        return connection, address

    def hang_up(self) -> None:
        """End every connection that is still open."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def bind(server: ServerConfig) -> Listener:
    """A listening socket at the configured address. Raises `StartError` in one line."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    listener = Listener(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((server.host, server.port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise StartError(_bind_words(server, error)) from None
    return listener


def _bind_words(server: ServerConfig, error: OSError | OverflowError) -> str:
    where = f"{server.host}:{server.port}"
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"{where} is already in use; stop the other program, or choose another with --port"
        case errno.EACCES:
            return f"{where} needs rights that this user has not; choose a port above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{server.host} is no address of this machine; choose another with --host"
        case _:
            return f"cannot listen on {where}: {error}"


class Server:
    """A kernel on a socket. `port` is the real one, also when the configured one was 0."""

    def __init__(self, kernel: Kernel, listener: Listener) -> None:
        self.kernel = kernel
        self._refusal: str | None = None
        self._listener = listener
        self._stop = asyncio.Event()
        self.port: int = listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address to open."""
        host = self.kernel.config.server.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def run(self, on_ready: Callable[[Server], None] | None = None) -> None:
        """Serve until `stop`; `on_ready` is called when connections are accepted."""
        config = HypercornConfig()
        config.loglevel = "ERROR"
        # Hypercorn cancels what is left then; the connections have been ended before.
        config.graceful_timeout = LAST_BYTES * 2
        config.shutdown_timeout = 30.0
        config.include_server_header = False
        with self._listener:
            app = ASGIWrapper(self._noticing(build_app(self.kernel)))
            sockets = Sockets([], [self._listener], [])
            # Connections that come while the plugins' lifespans start wait in the listening socket's queue.
            if on_ready is not None:
                on_ready(self)
            ending = asyncio.get_running_loop().create_task(self._hang_up())
            try:
                await worker_serve(app, config, sockets=sockets, shutdown_trigger=self._stop.wait)
            except LifespanFailureError as error:
                raise StartError(self._refusal or str(error)) from error
            finally:
                ending.cancel()

    async def _hang_up(self) -> None:
        """End the connections that outlast the last run: idle ones are closed at once, these would not be.

        A half-sent request or a client that does not read would hold Hypercorn up, since Python 3.12
        for ever (`asyncio.Server.wait_closed`).
        """
        await self._stop.wait()
        await asyncio.sleep(LAST_BYTES)
        self._listener.hang_up()

    def _noticing(self, app: Any) -> Any:
        """The application; why it would not start is kept, since Hypercorn wraps it in words of its own."""

        async def noticing(scope: Any, receive: Any, send: Any) -> None:
            async def tell(message: Any) -> None:
                if message["type"] == "lifespan.startup.failed":
                    self._refusal = message.get("message")
                await send(message)

            await app(scope, receive, tell if scope["type"] == "lifespan" else send)

        return noticing

    async def stop(self) -> None:
        """Refuse new requests, let the running ones finish within the grace, end the rest, then close."""
        pipeline = self.kernel.pipeline
        pipeline.draining = True
        deadline = time.monotonic() + self.kernel.config.server.drain_grace
        if pipeline.active:
            logger.info("draining: %d requests may finish", pipeline.active)
        while pipeline.active and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if pipeline.active:
            logger.warning("the grace is over: %d requests are ended", pipeline.active)
            pipeline.abort()
        while pipeline.active and time.monotonic() < deadline + LAST_BYTES:
            await asyncio.sleep(0.02)
        self._stop.set()

    def stop_now(self) -> None:
        """End every request and close, without grace."""
        self.kernel.pipeline.abort()
        self._stop.set()


async def serve(kernel: Kernel, listener: Listener, on_ready: Callable[[Server], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; a second signal ends it without further grace."""
    server = Server(kernel, listener)
    stopping: set[asyncio.Task[Any]] = set()

    def on_signal() -> None:
        if stopping:
            server.stop_now()
        else:
            stopping.add(asyncio.get_running_loop().create_task(server.stop()))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, on_signal)
    await server.run(on_ready)
    await asyncio.gather(*stopping)
