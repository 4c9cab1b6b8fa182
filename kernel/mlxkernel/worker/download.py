"""Downloading a model's files in a process of its own, so that the kernel carries no hub's library.

The kernel writes one `Order` to the process's stdin and reads one `Report` per line from its stdout. When the
kernel is gone, the next report cannot be written and the process ends.
"""

from __future__ import annotations

import sys
from typing import BinaryIO, TypeAlias

import msgspec
from msgspec import Struct

from mlxkernel.api import ModelSpec
from mlxkernel.config import decode_config
from mlxkernel.errors import MlxKernelError
from mlxkernel.host import PluginHost, Scope
from mlxkernel.messages import Json
from mlxkernel.worker.loading import resolve_source

STEPS = 1000
"""A report comes when the share has grown by one of so many parts."""


class Order(Struct, frozen=True):
    """Kernel → process: the reference of the model, and the merged mlx.toml as plain tables."""

    source: str
    config: dict[str, Json]


class Advanced(Struct, frozen=True, tag="advanced"):
    """Process → kernel: so many of `STEPS` are done."""

    done: int


class Refused(Struct, frozen=True, tag="refused"):
    """Process → kernel, last: why the source did not give the model."""

    reason: str


class Complete(Struct, frozen=True, tag="complete"):
    """Process → kernel, last: every file is here."""


Report: TypeAlias = Advanced | Refused | Complete

to_report = msgspec.json.Decoder(Report)


def main() -> int:
    """Read the order, download, report. Returns the exit code."""
    sink = sys.stdout.buffer
    # Whatever a library prints must not get between the reports.
    sys.stdout = sys.stderr
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        _download(order, sink)
    except MlxKernelError as error:
        _send(sink, Refused(str(error)))
        return 1
    except BrokenPipeError:
        return 1
    _send(sink, Complete())
    return 0


def _download(order: Order, sink: BinaryIO) -> None:
    host = PluginHost(decode_config(order.config, "the kernel's configuration"), Scope.WORKER)
    host.load()
    last = 0

    def progress(stage: str, fraction: float) -> None:
        nonlocal last
        done = int(fraction * STEPS)
        if done > last:
            last = done
            _send(sink, Advanced(done))

    resolve_source(ModelSpec(name=order.source, source=order.source), host.registries, progress)


def _send(sink: BinaryIO, report: Report) -> None:
    sink.write(msgspec.json.encode(report) + b"\n")
    sink.flush()
