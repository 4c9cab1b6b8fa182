"""Formats of pictures: by their first bytes, and by the media types that clients declare."""

from __future__ import annotations

import re

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "avif": "image/avif",
    "heic": "image/heic",
}
"""The media type of each format that is told apart, of the last two only to be refused by name."""

_OTHER_NAMES = {
    "image/jpg": "jpeg",
    "image/pjpeg": "jpeg",
    "image/x-png": "png",
    "image/apng": "png",
    "image/x-ms-bmp": "bmp",
    "image/x-bmp": "bmp",
    "image/tif": "tiff",
    "image/heif": "heic",
}

_DECLARED = {media_type: name for name, media_type in MEDIA_TYPES.items()} | _OTHER_NAMES

_SILENT = frozenset(("", "image/*", "application/octet-stream", "binary/octet-stream"))
"""Declarations that say nothing about the format."""

_SIGNATURES = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("bmp", re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL)),
    ("tiff", re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]")),
    ("avif", re.compile(rb"....ftypavi[fs]", re.DOTALL)),
    ("heic", re.compile(rb"....ftyp(?:hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL)),
)


def sniff(data: bytes) -> str | None:
    """The format whose signature these bytes begin with."""
    return next((name for name, signature in _SIGNATURES if signature.match(data)), None)


def declared(media_type: str | None) -> str | None:
    """The format that a declaration names, None when it names none.

    A declaration of something else than a picture, or of an unknown picture, is given back as it is.
    """
    plain = (media_type or "").partition(";")[0].strip().lower()
    return None if plain in _SILENT else _DECLARED.get(plain, plain)
