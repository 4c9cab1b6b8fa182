"""Frames: the typed, versioned messages between kernel and worker.

On the wire a frame is its length in 4 bytes, big-endian, and one msgpack array whose first item is
the frame's tag. The first frame each way is `Load` and `Hello`, which carry the protocol's version;
a difference ends the worker. One `Step` carries the events of all requests of one engine step.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

import msgspec
from msgspec import Struct

from mlxkernel.api import EngineStats, ModelInfo, ModelSpec
from mlxkernel.errors import Fault
from mlxkernel.events import StepOutput
from mlxkernel.messages import Json
from mlxkernel.request import Request

VERSION = 1
"""Raised by every change that an older worker or kernel would misread."""

MAX_FRAME = 256 * 1024 * 1024
"""Bytes; a length beyond this is a broken stream, not a message."""

_LENGTH = struct.Struct(">I")


class PluginStamp(Struct, frozen=True, array_like=True):
    """A plugin as it was loaded: kernel and worker must agree on the whole list, in order."""

    name: str
    distribution: str
    version: str


class Load(Struct, frozen=True, tag="load", kw_only=True):
    """Kernel → worker, first: what to load. `config` is the merged mlx.toml as plain tables."""

    version: int = VERSION
    spec: ModelSpec
    config: dict[str, Json]
    plugins: tuple[PluginStamp, ...]
    heartbeat: float = 0.5


class Submit(Struct, frozen=True, tag="submit"):
    """Kernel → worker: run this request."""

    request: Request


class Cancel(Struct, frozen=True, tag="cancel"):
    """Kernel → worker: free the rows of this request."""

    request_id: str


class Stop(Struct, frozen=True, tag="stop"):
    """Kernel → worker: close the engine and exit with 0."""


class Hello(Struct, frozen=True, tag="hello", kw_only=True):
    """Worker → kernel, first: who speaks."""

    version: int = VERSION
    pid: int
    plugins: tuple[PluginStamp, ...]


class Loading(Struct, frozen=True, tag="loading"):
    """Worker → kernel: a stage of the load (``download``, ``weights``, ``warm-up``) and 0…1."""

    stage: str
    fraction: float


class Ready(Struct, frozen=True, tag="ready"):
    """Worker → kernel: the model answers."""

    info: ModelInfo


class LoadFailed(Struct, frozen=True, tag="load_failed"):
    """Worker → kernel: the load cannot succeed, and why. The worker exits; a retry would be vain."""

    message: str


class Step(Struct, frozen=True, tag="step"):
    """Worker → kernel: the events of one engine step, in order."""

    outputs: tuple[StepOutput, ...]


class Refused(Struct, frozen=True, tag="refused"):
    """Worker → kernel: this request never reached the engine."""

    request_id: str
    fault: Fault


class Heartbeat(Struct, frozen=True, tag="heartbeat"):
    """Worker → kernel, a few times a second: a reading; `step_age` is how many seconds the step now
    running has taken (0 when none is).
    """

    stats: EngineStats
    step_age: float


class Stopped(Struct, frozen=True, tag="stopped"):
    """Worker → kernel, last: the engine is closed."""


ToWorker: TypeAlias = Load | Submit | Cancel | Stop
FromWorker: TypeAlias = Hello | Loading | Ready | LoadFailed | Step | Refused | Heartbeat | Stopped

_encoder = msgspec.msgpack.Encoder()
to_worker = msgspec.msgpack.Decoder(ToWorker)
from_worker = msgspec.msgpack.Decoder(FromWorker)


def encode(frame: ToWorker | FromWorker) -> bytes:
    """The frame as it goes over the wire, length first."""
    body = _encoder.encode(frame)
    return _LENGTH.pack(len(body)) + body


def length(header: bytes) -> int:
    """The number of bytes that follow this 4-byte header. Raises `ValueError` beyond `MAX_FRAME`."""
    size: int = _LENGTH.unpack(header)[0]
    if size > MAX_FRAME:
        raise ValueError(f"a frame of {size} bytes is over the limit of {MAX_FRAME}: the stream is broken")
    return size
