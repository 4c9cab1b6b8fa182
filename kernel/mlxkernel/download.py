"""Downloads: a model's files fetched by its source, in a process that ends with whoever waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncGenerator

import msgspec

from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.events import Progress
from mlxkernel.host import PluginHost
from mlxkernel.pool import worker_tables
from mlxkernel.worker import download

logger = logging.getLogger("mlxkernel.download")

_PATHS = (".", "/", "~")
"""How a source begins that is a path, which is nobody's business outside."""


def download_command() -> list[str]:
    """The command line of the process; a frozen binary is its own interpreter."""
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "mlxkernel"]
    return [*program, "download"]


async def fetch(source: str, host: PluginHost) -> AsyncGenerator[Progress, None]:
    """Fetch what the source holds; the stage is ``download``, `done` of `total` are per mille.

    Ends when every file is here; closing it ends the download. Raises `RequestFailed` with the source's
    reason.
    """
    process = await asyncio.create_subprocess_exec(
        *download_command(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(download.Order(source, worker_tables(host))))
        process.stdin.close()
        reason = "its process ended; the server's log has the details"
        async for line in process.stdout:
            match download.to_report.decode(line):
                case download.Advanced(done=done):
                    yield Progress("download", done, download.STEPS)
                case download.Complete():
                    return
                case download.Refused(reason=told):
                    reason = told
        logger.warning("'%s' was not fetched: %s", source, reason)
        raise RequestFailed(_unavailable(source, reason))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _unavailable(source: str, reason: str) -> Fault:
    shown = (
        "its folder is not there; the server's log has the details" if source.startswith(_PATHS) else reason
    )
    return Fault(
        kind=FaultKind.INVALID,
        message=f"The model was not fetched: {shown}",
        param="model",
        code="not_fetched",
    )
