"""What the kernel and its inspectors say to each other: a picture and its limits, and the verdict on it.

On the wire a message is its length in 4 bytes, big-endian, and one msgpack value. An inspector that is
ready says so with the first `Ready`.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

import msgspec
from msgspec import Struct

HEADER = struct.Struct(">I")


class Limits(Struct, frozen=True):
    """What a picture may be, see `mlxkernel.media.settings.MediaConfig`."""

    max_pixels: int
    max_frames: int


class Look(Struct, frozen=True):
    """Kernel → inspector: judge these bytes."""

    data: bytes
    limits: Limits


class Ready(Struct, frozen=True, tag="ready"):
    """Inspector → kernel, first: it has everything that it needs."""


class Found(Struct, frozen=True, tag="found"):
    """A picture that is whole. Width and height in pixels, before the rotation that EXIF data may ask for."""

    format: str
    width: int
    height: int


class Refused(Struct, frozen=True, tag="refused"):
    """A picture that is none, or too much of one."""

    code: str
    message: str


Verdict: TypeAlias = Found | Refused
FromInspector: TypeAlias = Ready | Found | Refused

to_inspector = msgspec.msgpack.Decoder(Look)
from_inspector = msgspec.msgpack.Decoder(FromInspector)


def encode(message: Look | FromInspector) -> bytes:
    """The message as it goes over the wire, length first."""
    body = msgspec.msgpack.encode(message)
    return HEADER.pack(len(body)) + body
