"""Looking at pictures: what is whole passes, and nothing over a limit is decoded."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL.ImageFile import ImageFile

from mlxkernel.media.inspection import look
from mlxkernel.media.verdict import Found, Limits, Refused

LIMITS = Limits(max_pixels=1_000_000, max_frames=1)
FORMATS = ["png", "jpeg", "webp", "gif", "bmp", "tiff"]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG file of this size by its own account."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: ImageFile) -> None:
        raise AssertionError("a picture over a limit was decoded")

    for kind in [ImageFile, *ImageFile.__subclasses__()]:
        if "load" in vars(kind):
            monkeypatch.setattr(kind, "load", load)


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_whole(media, format: str) -> None:
    assert look(media.picture(format, (40, 30)), LIMITS) == Found(format, 40, 30)


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"quality": 20}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}]
)
def test_webp_s_three_kinds(media, options: dict[str, object]) -> None:
    assert look(media.picture("WEBP", (40, 30), **options), LIMITS) == Found("webp", 40, 30)
    verdict = look(media.picture("WEBP", (40, 30), **options), Limits(1199, 1))
    assert verdict == Refused("image_too_large", "its 40 x 30 pixels are more than 1199 ([media] max_pixels)")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_cut_off(media, format: str, share: float) -> None:
    whole = media.picture(format, (200, 100))
    verdict = look(whole[: max(16, int(len(whole) * share))], LIMITS)
    assert isinstance(verdict, Refused)
    assert verdict.code == "invalid_image"
    assert verdict.message == f"it cannot be decoded: the {format} data is truncated or damaged"


@pytest.mark.usefixtures("no_decoding")
@pytest.mark.parametrize("format", FORMATS)
def test_pixels_are_counted_before_decoding(media, format: str) -> None:
    verdict = look(media.picture(format, (1001, 1000)), LIMITS)
    words = "its 1001 x 1000 pixels are more than 1000000 ([media] max_pixels)"
    assert verdict == Refused("image_too_large", words)


@pytest.mark.usefixtures("no_decoding")
def test_a_bomb() -> None:
    bomb = png(16_000, 16_000, chunk(b"IDAT", zlib.compress(bytes(16_000 * 2_001), 1)))
    assert len(bomb) < 200_000
    verdict = look(bomb, LIMITS)
    words = "its 16000 x 16000 pixels are more than 1000000 ([media] max_pixels)"
    assert verdict == Refused("image_too_large", words)


def test_a_bomb_in_the_metadata() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80 * 1024 * 1024), 1))
    verdict = look(png(8, 8, text, chunk(b"IDAT", zlib.compress(bytes(16)))), LIMITS)
    assert verdict == Refused("invalid_image", "it cannot be decoded: the png data is truncated or damaged")


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames(media, format: str) -> None:
    film = media.picture(format, frames=4)
    verdict = look(film, LIMITS)
    assert verdict == Refused("image_too_large", "it has more than 1 frame ([media] max_frames)")
    verdict = look(film, Limits(1000, 3))
    assert verdict == Refused("image_too_large", "it has more than 3 frames ([media] max_frames)")
    assert isinstance(look(film, Limits(1000, 4)), Found)


def test_a_phone_s_jpeg_with_a_second_picture_is_one_picture(media) -> None:
    assert look(media.picture("MPO", (16, 16), frames=2), LIMITS) == Found("jpeg", 16, 16)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "invalid_image"),
        (b"no picture", "invalid_image"),
        (b"\x89PNG\r\n\x1a\n", "invalid_image"),
        (b"\xff\xd8\xff", "invalid_image"),
        (b"RIFF\0\0\0\0WEBPVP8X", "invalid_image"),
        (b"RIFF\0\0\0\0WEBPXXXX" + bytes(40), "invalid_image"),
        (b"GIF89a", "invalid_image"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "invalid_image"),
        (b"II*\0\xff\xff\xff\xff", "invalid_image"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "invalid_image"),
        (png(8, 8, chunk(b"IDAT", b"not compressed")), "invalid_image"),
        (png(0, 8, chunk(b"IDAT", zlib.compress(b""))), "invalid_image"),
        (png(8, 8), "invalid_image"),
    ],
)
def test_what_is_no_picture(data: bytes, code: str) -> None:
    verdict = look(data, LIMITS)
    assert isinstance(verdict, Refused)
    assert verdict.code == code


def test_memory_that_is_not_there_is_said(media, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: ImageFile) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile, "load", load)
    verdict = look(media.picture("BMP"), LIMITS)
    assert verdict == Refused("image_too_large", "decoding it takes more memory than a picture may take")


def test_a_frame_that_is_larger_than_its_canvas(media) -> None:
    film = bytearray(media.picture("GIF", frames=2))
    # The second image descriptor: a comma, its place, and its size, which becomes the largest there is.
    at = film.index(b",", film.index(b",") + 10)
    while film[at - 8 : at - 4] != b"\x21\xf9\x04" + film[at - 5 : at - 4]:
        at = film.index(b",", at + 1)
    film[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    verdict = look(bytes(film), Limits(1_000_000, 5))
    assert verdict == Refused("image_too_large", "one of its frames is larger than a picture may be")
