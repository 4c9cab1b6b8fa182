"""A picture for the clients that send one."""

from __future__ import annotations

import struct
import zlib

_SIDE = 96
_INSIDE = range(24, 72)
_RED, _WHITE = b"\xe0\x20\x20", b"\xff\xff\xff"


def red_square() -> bytes:
    """A PNG of a red square on white."""
    rows = b"".join(
        b"\0" + b"".join(_RED if x in _INSIDE and y in _INSIDE else _WHITE for x in range(_SIDE))
        for y in range(_SIDE)
    )
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
