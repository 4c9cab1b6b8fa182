"""The kernel's end of a worker: starts the process, carries frames, and tells when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator

from mlxkernel.worker import frames


def worker_command(descriptor: int) -> list[str]:
    """The command line of a worker; a frozen binary is its own interpreter."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mlxkernel"]
    return [*program, "worker", "--fd", str(descriptor)]


class WorkerProcess:
    """One worker process and its socket. The process ends when the socket closes."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, load: frames.Load) -> WorkerProcess:
        """Start a worker and send it its first frame."""
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as opened, theirs:
            opened.callback(ours.close)
            process = await asyncio.create_subprocess_exec(
                *worker_command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                # A worker's prints must not mix with what the kernel says on stdout.
                stdout=sys.stderr if _has_descriptor(sys.stderr) else asyncio.subprocess.DEVNULL,
                # A Ctrl-C in the terminal is for the kernel, which drains.
                start_new_session=True,
                # A file in the working directory must not stand in for a module of the worker's.
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"},
            )
            opened.pop_all()
        reader, writer = await asyncio.open_connection(sock=ours, limit=frames.MAX_FRAME)
        worker = cls(process, reader, writer)
        worker.send(load)
        return worker

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, frame: frames.ToWorker) -> None:
        """Queue a frame; one to a worker that is gone is dropped, since `receive` ends too."""
        if not self._writer.is_closing():
            self._writer.write(frames.encode(frame))

    async def receive(self) -> AsyncIterator[frames.FromWorker]:
        """All frames until the worker's end closes."""
        try:
            while True:
                size = frames.length(await self._reader.readexactly(4))
                yield frames.from_worker.decode(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def wait(self) -> int:
        """The exit code (negative: the signal that ended the process)."""
        return await self._process.wait()

    def kill(self) -> None:
        """End the process now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self, grace: float) -> None:
        """Ask the worker to stop, wait `grace` seconds, then end it."""
        self.send(frames.Stop())
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except asyncio.TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            self._writer.close()


def _has_descriptor(stream: object) -> bool:
    try:
        stream.fileno()  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
    return True
