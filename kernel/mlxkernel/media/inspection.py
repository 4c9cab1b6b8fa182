"""Looking at a picture: its format, size and frames from its header, then whether it can be decoded.

This runs in a process of its own. The header is read first, and nothing is decoded that is over a limit.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import DecompressionBombError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from mlxkernel.media.formats import sniff
from mlxkernel.media.verdict import Found, Limits, Refused, Verdict

# The classes themselves, not `Image.open`: it would also try formats that were not asked for, and treat a
# phone's JPEG with a second, hidden picture as an animation.
_OPENERS: dict[str, Callable[[BytesIO], ImageFile]] = {
    "png": PngImageFile,
    "jpeg": JpegImageFile,
    "webp": WebPImageFile,
    "gif": GifImageFile,
    "bmp": BmpImageFile,
    "tiff": TiffImageFile,
}

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow raises on broken data, depending on the format and on where it breaks."""


def look(data: bytes, limits: Limits) -> Verdict:
    """Judge the bytes of a picture whose format is one of the six."""
    name = sniff(data)
    if name is None or name not in _OPENERS:
        return Refused("invalid_image", "it is not a picture of a known format")
    try:
        # Pillow warns of oddities in metadata; what matters here is raised or checked.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _judge(name, data, limits)
    except DecompressionBombError:
        return Refused("image_too_large", "one of its frames is larger than a picture may be")
    except MemoryError:
        return Refused("image_too_large", "decoding it takes more memory than a picture may take")
    except _BROKEN:
        return Refused("invalid_image", f"it cannot be decoded: the {name} data is truncated or damaged")


def _judge(name: str, data: bytes, limits: Limits) -> Verdict:
    if name == "webp":
        # libwebp takes memory for the whole canvas as soon as it opens one.
        size = _webp_canvas(data)
        if size[0] * size[1] > limits.max_pixels:
            return _too_many_pixels(size, limits)
    with _OPENERS[name](BytesIO(data)) as picture:
        width, height = picture.size
        if width * height > limits.max_pixels:
            return _too_many_pixels(picture.size, limits)
        if width < 1 or height < 1:
            return Refused("invalid_image", "it has no pixels")
        if _frames(picture, limits.max_frames) > limits.max_frames:
            return Refused(
                "image_too_large",
                f"it has more than {limits.max_frames} {'frame' if limits.max_frames == 1 else 'frames'} "
                "([media] max_frames)",
            )
        picture.seek(0)
        # A JPEG is read to its end at an eighth of its size, in a fraction of the time.
        picture.draft("RGB", (max(1, width // 8), max(1, height // 8)))
        picture.load()
    return Found(name, width, height)


def _too_many_pixels(size: tuple[int, int], limits: Limits) -> Refused:
    words = f"its {size[0]} x {size[1]} pixels are more than {limits.max_pixels} ([media] max_pixels)"
    return Refused("image_too_large", words)


def _frames(picture: ImageFile, most: int) -> int:
    """How many frames there are; counting ends one beyond `most`."""
    for number in range(1, most + 1):
        try:
            picture.seek(number)
        except EOFError:
            return number
    return most + 1


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height as the first chunk has them (RFC 9649). Raises `ValueError` or `struct.error`."""
    match data[12:16]:
        case b"VP8X":
            low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", data, 24)
            return 1 + low_w + (high_w << 16), 1 + low_h + (high_h << 16)
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case _:
            raise ValueError("no picture chunk comes first")
