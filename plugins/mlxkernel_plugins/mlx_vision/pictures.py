"""Pictures: from a file's bytes to pixels as a model reads them: upright, three channels, no transparency."""

from __future__ import annotations

import io
from hashlib import blake2b

from msgspec import Struct
from PIL import Image as Pillow
from PIL import ImageOps

from mlxkernel.errors import invalid
from mlxkernel.messages import Image

_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError)
"""Pillow's readers raise whatever their format makes them trip over."""


class Picture(Struct, frozen=True):
    """A decoded picture and what tells its pixels from any others."""

    pixels: Pillow.Image
    digest: str


def decode(image: Image, path: str) -> Picture:
    """The picture's first frame, turned as its EXIF data says, transparency over white.

    Raises `RequestFailed` (400) that names the part for data that cannot be read.
    """
    where = image.where or path
    if image.data is None:
        raise invalid(f"'{where}' holds no picture data", param=where)
    try:
        with Pillow.open(io.BytesIO(image.data)) as opened:
            opened.load()
            pixels = _opaque(ImageOps.exif_transpose(opened))
    except _BROKEN as error:
        raise invalid(
            f"'{where}' cannot be decoded: the picture is truncated or damaged", param=where
        ) from error
    content = f"{pixels.width}x{pixels.height}\0".encode() + pixels.tobytes()
    return Picture(pixels, blake2b(content, digest_size=16).hexdigest())


def _opaque(image: Pillow.Image) -> Pillow.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layers = image.convert("RGBA")
    white = Pillow.new("RGBA", layers.size, "white")
    return Pillow.alpha_composite(white, layers).convert("RGB")
