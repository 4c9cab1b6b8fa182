"""The inspector: child processes that look at pictures, and the kernel's end of them.

A decoder is what hostile bytes attack. In a process of its own it can be ended when it takes too long,
its memory has a bound, and a crash costs one picture its verdict and no request its answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import sys
from collections import OrderedDict

from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.media import verdict
from mlxkernel.media.formats import MEDIA_TYPES, declared, sniff
from mlxkernel.media.refusal import PictureRefused, shown
from mlxkernel.media.settings import MediaConfig

logger = logging.getLogger("mlxkernel.media")

PROCESSES = 2
"""Inspectors at most; each starts when a picture finds the others busy."""

START_LIMIT = 60.0
"""Seconds until a new inspector must be ready."""

REMEMBERED = 1024
"""Pictures whose verdicts are kept: clients send those of earlier turns again with every turn."""


def inspector_command() -> list[str]:
    """The command line of an inspector; a frozen binary is its own interpreter."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mlxkernel"]
    return [*program, "inspector"]


class InspectorGone(Exception):
    """The process ended before it gave its verdict."""


class InspectorProcess:
    """One inspector and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls) -> InspectorProcess:
        """Start one and wait until it is ready. Raises `InspectorGone` and `asyncio.TimeoutError`."""
        process = await asyncio.create_subprocess_exec(
            *inspector_command(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
        inspector = cls(process)
        ready = False
        try:
            await asyncio.wait_for(inspector._receive(), START_LIMIT)
            ready = True
        finally:
            if not ready:
                await inspector.end()
        return inspector

    async def look(self, data: bytes, limits: verdict.Limits) -> verdict.FromInspector:
        """The verdict on these bytes. Raises `InspectorGone`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(verdict.encode(verdict.Look(data, limits)))
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError):
            raise InspectorGone from None
        return await self._receive()

    async def _receive(self) -> verdict.FromInspector:
        assert self._process.stdout is not None
        try:
            header = await self._process.stdout.readexactly(verdict.HEADER.size)
            body = await self._process.stdout.readexactly(*verdict.HEADER.unpack(header))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise InspectorGone from None
        message: verdict.FromInspector = verdict.from_inspector.decode(body)
        return message

    async def end(self) -> None:
        """End the process now and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        # Reads the pipes to their end, so that their transports close before the event loop does.
        await self._process.communicate()


class Inspector:
    """Has pictures judged by child processes, and remembers what they found."""

    def __init__(self, config: MediaConfig) -> None:
        self._config = config
        self._limits = verdict.Limits(config.max_pixels, config.max_frames)
        self._slots = asyncio.Semaphore(PROCESSES)
        self._idle: list[InspectorProcess] = []
        self._known: OrderedDict[bytes, verdict.Found] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()

    async def inspect(self, data: bytes, media_type: str | None) -> verdict.Found:
        """What a picture is that is whole and within the limits. Raises `PictureRefused`.

        `media_type` is what its sender declared.
        """
        self._check_format(data, media_type)
        digest = await asyncio.get_running_loop().run_in_executor(None, _digest, data)
        if digest in self._known:
            self._known.move_to_end(digest)
            return self._known[digest]
        async with self._slots:
            judged = await self._judge(data)
        if isinstance(judged, verdict.Refused):
            raise PictureRefused(judged.code, judged.message)
        self._known[digest] = judged
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return judged

    def _check_format(self, data: bytes, media_type: str | None) -> None:
        """Raises `PictureRefused` for a format that is not accepted, or is not the one that was declared."""
        allowed = ", ".join(self._config.formats)
        name = sniff(data)
        if name is None:
            raise PictureRefused("invalid_image", f"it is not a picture of a known format ({allowed})")
        said = declared(media_type)
        if said is not None and said != name:
            raise PictureRefused(
                "invalid_image", f"it is declared as {shown(media_type or '')} and is {MEDIA_TYPES[name]}"
            )
        if name not in self._config.formats:
            raise PictureRefused(
                "unsupported_image_format",
                f"pictures of the format {name} are not accepted, only {allowed} ([media] formats)",
            )

    async def _judge(self, data: bytes) -> verdict.Verdict:
        """One picture's verdict. An inspector that ends by itself is replaced once: it may have died idle."""
        for _ in range(2):
            inspector = self._idle.pop() if self._idle else await _started()
            judged: verdict.FromInspector | None = None
            try:
                judged = await asyncio.wait_for(
                    inspector.look(data, self._limits), self._config.inspect_timeout
                )
            except InspectorGone:
                logger.warning("an inspector of pictures ended while it looked at one")
            except asyncio.TimeoutError:
                seconds = self._config.inspect_timeout
                return verdict.Refused(
                    "invalid_image", f"it takes more than {seconds:g} s to decode ([media] inspect_timeout)"
                )
            finally:
                # One without an answer is ended, also when who asked is gone: the verdict that is under way
                # would be taken for that on the next picture.
                if judged is None:
                    self._end(inspector)
                else:
                    self._idle.append(inspector)
            if isinstance(judged, (verdict.Found, verdict.Refused)):
                return judged
        return verdict.Refused("invalid_image", "it cannot be decoded: the decoder broke on it")

    def _end(self, inspector: InspectorProcess) -> None:
        task = asyncio.get_running_loop().create_task(inspector.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the processes."""
        for inspector in self._idle:
            self._end(inspector)
        self._idle.clear()
        await asyncio.gather(*self._ending)


async def _started() -> InspectorProcess:
    """A new inspector. Raises `RequestFailed` when none can be started: then the server is at fault."""
    try:
        return await InspectorProcess.start()
    except (InspectorGone, OSError, asyncio.TimeoutError) as error:
        logger.error("the inspector of pictures does not start: %s", error or type(error).__name__)
        raise RequestFailed(
            Fault(
                kind=FaultKind.INTERNAL,
                message="The server cannot look at pictures; its log says why",
                code="inspector_failed",
            )
        ) from None


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
