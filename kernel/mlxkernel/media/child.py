"""The inspector's own end: a process that looks at one picture after another until its input ends."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from typing import BinaryIO

from mlxkernel.media import verdict
from mlxkernel.media.inspection import look

BASE_MEMORY = 1024 * 1024 * 1024
"""Bytes of address space for Python, its libraries and a picture's encoded bytes."""

BYTES_PER_PIXEL = 16
"""What decoding takes at most: four bytes a pixel, in a few copies."""


def main() -> int:
    """Serve on stdin and stdout; the kernel closes them to end it. Returns the exit code."""
    # A Ctrl-C in the terminal is for the kernel, which drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, open(os.dup(1), "wb")  # noqa: SIM115  # for the process's life
    _quieten()
    _send(sink, verdict.Ready())
    bounded = False
    while (picture := _receive(source)) is not None:
        if not bounded:
            _bound_memory(BASE_MEMORY + BYTES_PER_PIXEL * picture.limits.max_pixels)
            bounded = True
        _send(sink, look(picture.data, picture.limits))
    return 0


def _quieten() -> None:
    """Keep what libraries print out of the messages and of the server's log; Python's own words stay."""
    sys.stdout = sys.stderr = open(os.dup(2), "w", buffering=1)  # noqa: SIM115  # for the process's life
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _bound_memory(size: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    # Not every system can: macOS refuses.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (size, most))


def _send(sink: BinaryIO, message: verdict.FromInspector) -> None:
    sink.write(verdict.encode(message))
    sink.flush()


def _receive(source: BinaryIO) -> verdict.Look | None:
    header = source.read(verdict.HEADER.size)
    if len(header) < verdict.HEADER.size:
        return None
    (size,) = verdict.HEADER.unpack(header)
    body = source.read(size)
    return verdict.to_inspector.decode(body) if len(body) == size else None
