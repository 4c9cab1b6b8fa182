"""What a model thought, on its way to a client and back.

``encrypted_content`` is for clients that keep no items with us and send back only what they cannot read.
Ours is not secret: it is the thought, which the client could have read, in base64 behind a mark.
"""

from __future__ import annotations

import base64
import binascii

from mlxkernel_plugins.openai.responses.items import ReasoningItem

_MARK = "mlxkernel-thought:"


def sealed(thought: str) -> str:
    """The thought as ``encrypted_content``."""
    return _MARK + base64.b64encode(thought.encode()).decode()


def read(item: ReasoningItem) -> str:
    """The thought of an item that came back; "" for one that another server sealed."""
    if item.content:
        return "".join(part.text for part in item.content)
    if item.encrypted_content and (thought := _opened(item.encrypted_content)):
        return thought
    return "\n\n".join(part.text for part in item.summary or [])


def _opened(seal: str) -> str:
    if not seal.startswith(_MARK):
        return ""
    try:
        return base64.b64decode(seal[len(_MARK) :], validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
