"""Formats: signatures, and what clients declare."""

from __future__ import annotations

import pytest

from mlxkernel.media.formats import declared, sniff


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "gif", "bmp", "tiff"])
def test_a_picture_s_own_first_bytes(media, format: str) -> None:
    assert sniff(media.picture(format)) == format


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MM\0*\0\0\0\x08", "tiff"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "heic"),
        (b"", None),
        (b"BM, said the man to his dog", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%PDF-1.7", None),
        (b" \x89PNG\r\n\x1a\n", None),
    ],
)
def test_other_bytes(data: bytes, name: str | None) -> None:
    assert sniff(data) == name


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        (None, None),
        ("", None),
        ("image/*", None),
        ("application/octet-stream", None),
        ("image/png", "png"),
        ("IMAGE/JPG; charset=binary", "jpeg"),
        ("image/x-ms-bmp", "bmp"),
        ("text/html", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_declarations(media_type: str | None, name: str | None) -> None:
    assert declared(media_type) == name
