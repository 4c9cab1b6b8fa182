"""Files become upright pixels of three channels; what cannot be read is the sender's fault, by name."""

from __future__ import annotations

import io

import pytest
from PIL import Image as Pillow
from tests.plugins.mlx_vision.harness import part, picture

from mlxkernel.errors import RequestFailed
from mlxkernel.messages import Image
from mlxkernel_plugins.mlx_vision.pictures import decode

ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""


def encoded(image: Pillow.Image, form: str, **options: object) -> Image:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return Image(data=buffer.getvalue())


def corners(image: Pillow.Image) -> list[object]:
    right, bottom = image.width - 1, image.height - 1
    return [image.getpixel(place) for place in ((0, 0), (right, 0), (0, bottom), (right, bottom))]


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "TIFF", "WEBP"])
def test_a_file_of_any_format_has_the_pixels_that_were_written(form: str) -> None:
    flat = Pillow.new("RGB", (6, 4), (255, 0, 0))
    options = {"lossless": True} if form == "WEBP" else {}
    decoded = decode(encoded(flat, form, **options), "x")
    assert (decoded.pixels.mode, decoded.pixels.size) == ("RGB", (6, 4))
    assert decoded.pixels.tobytes() == flat.tobytes()


def test_a_camera_that_was_turned_makes_no_turned_picture() -> None:
    upright = picture(1, 8, 6)
    for orientation, turn in (
        (3, Pillow.Transpose.ROTATE_180),
        (6, Pillow.Transpose.ROTATE_90),
        (8, Pillow.Transpose.ROTATE_270),
    ):
        exif = Pillow.Exif()
        exif[ORIENTATION] = orientation
        decoded = decode(encoded(upright.transpose(turn), "PNG", exif=exif), "x")
        assert decoded.pixels.size == (8, 6), orientation
        assert corners(decoded.pixels) == corners(upright), orientation


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_seen_over_white(mode: str) -> None:
    clear = Pillow.new("RGBA", (4, 4), (0, 0, 0, 0))
    image = clear.convert("LA") if mode == "LA" else clear
    form = "GIF" if mode == "PA" else "PNG"
    decoded = decode(encoded(image, form), "x")
    assert set(corners(decoded.pixels)) == {(255, 255, 255)}


def test_half_transparency_is_mixed_with_white() -> None:
    half = Pillow.new("RGBA", (2, 2), (255, 0, 0, 128))
    red, green, blue = corners(decode(encoded(half, "PNG"), "x").pixels)[0]  # type: ignore[misc]
    assert red == 255
    assert abs(green - 127) <= 1
    assert abs(blue - 127) <= 1


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "I;16"])
def test_other_kinds_of_pixels_become_three_channels(mode: str) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    grey = Pillow.new("L", (5, 5), 200).convert(mode) if mode != "I;16" else Pillow.new("I;16", (5, 5), 200)
    assert decode(encoded(grey, form), "x").pixels.mode == "RGB"


def test_of_moving_pictures_the_first_is_seen() -> None:
    red, blue = Pillow.new("RGB", (4, 4), "red"), Pillow.new("RGB", (4, 4), "blue")
    moving = encoded(red, "GIF", save_all=True, append_images=[blue], duration=50)
    assert corners(decode(moving, "x").pixels)[0] == (255, 0, 0)


def test_the_digest_is_of_the_pixels_and_not_of_the_file() -> None:
    one, other = picture(1), picture(2)
    assert decode(encoded(one, "PNG"), "x").digest == decode(encoded(one, "BMP"), "y").digest
    assert decode(part(one), "x").digest != decode(part(other), "x").digest
    flat = Pillow.new("RGB", (2, 8), "red")
    assert decode(part(flat), "x").digest != decode(part(flat.resize((8, 2))), "x").digest


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_a_truncated_file_is_refused_by_the_name_of_its_part(form: str) -> None:
    whole = encoded(picture(1, 64, 64), form)
    assert whole.data is not None
    with pytest.raises(RequestFailed) as caught:
        decode(Image(data=whole.data[: len(whole.data) // 2]), "messages[2].content[1]")
    assert caught.value.fault.param == "messages[2].content[1]"
    assert str(caught.value) == (
        "'messages[2].content[1]' cannot be decoded: the picture is truncated or damaged"
    )


def test_the_dialect_s_own_name_of_the_part_is_preferred() -> None:
    with pytest.raises(RequestFailed) as caught:
        decode(Image(data=b"no picture", where="input[0].image"), "messages[0].content[0]")
    assert caught.value.fault.param == "input[0].image"
    with pytest.raises(RequestFailed, match=r"'messages\[0\]' holds no picture data"):
        decode(Image(url="https://example.org/a.png"), "messages[0]")
