"""Embedded data: files that travel inside a JSON body as base64 (RFC 4648, section 4)."""

from __future__ import annotations

import base64
import binascii

_PIECE = 64 * 1024
"""Characters decoded in one go, whole groups of four: a fraction of a millisecond."""


def decode(text: str) -> bytes:
    """The bytes that `text` stands for, padding included. Raises `ValueError` for what is not base64.

    A dialect reads a large body on a thread. Decoding holds Python's lock, so it is done in pieces, and the
    event loop runs between them.
    """
    padding = text.find("=")
    # Whoever decodes in one go would see padding that is not at the end.
    if padding != -1 and padding // _PIECE != (len(text) - 1) // _PIECE:
        raise ValueError("the padding is not at the end")
    try:
        pieces = [
            base64.b64decode(text[start : start + _PIECE], validate=True)
            for start in range(0, len(text), _PIECE)
        ]
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return b"".join(pieces)
