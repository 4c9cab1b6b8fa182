"""What the tests of the media policy share: pictures, and a request around them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image as Pillow

from mlxkernel.api import Health, ModelInfo
from mlxkernel.messages import Image, Message, Role, Text
from mlxkernel.request import Conversation, Request


def picture(format: str = "PNG", size: tuple[int, int] = (8, 6), frames: int = 1, **options: Any) -> bytes:
    """A picture's file."""
    file = io.BytesIO()
    shots = [Pillow.new("RGB", size, (40 * number, 20, 90)) for number in range(frames)]
    if frames > 1:
        options = {"save_all": True, "append_images": shots[1:], **options}
    shots[0].save(file, format, **options)
    return file.getvalue()


def asked(*images: Image) -> Request:
    """A request with a question and these pictures."""
    message = Message(Role.USER, (Text("What is it?"), *images))
    return Request(id="r", model="m", input=Conversation((message,)))


class Seeing:
    """An engine as far as the policy looks at one: its model, which takes pictures unless told otherwise.

    `looks` counts how often its health was asked for.
    """

    def __init__(self, modalities: tuple[str, ...] = ("text", "image"), state: str = "ready") -> None:
        self.modalities = modalities
        self.state = state
        self.looks = 0

    @property
    def info(self) -> ModelInfo:
        if self.state != "ready":
            raise LookupError("not loaded")
        return ModelInfo(
            name="m",
            architecture="a",
            engine="e",
            context=9,
            vocabulary=9,
            modalities=self.modalities,
        )

    def health(self) -> Health:
        self.looks += 1
        return Health(state=self.state)


class Kit:
    """The functions above, for tests that cannot import this file."""

    picture = staticmethod(picture)
    asked = staticmethod(asked)
    Seeing = Seeing


@pytest.fixture
def media() -> type[Kit]:
    """What the tests of the media policy share."""
    return Kit
