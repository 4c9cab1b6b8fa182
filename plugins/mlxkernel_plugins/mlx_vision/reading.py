"""Reading: conversations with pictures become tokens and tensors, on the intake thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image as Pillow

from mlxkernel.errors import RequestFailed, invalid
from mlxkernel.messages import Image, Json, Message, Text
from mlxkernel_mlx.conversation import ChatFormat, turns
from mlxkernel_mlx.jobs import Medium
from mlxkernel_mlx.reading import Read, Said, shared
from mlxkernel_mlx.tokenizer import Tokenizer
from mlxkernel_plugins.mlx_vision.pictures import Picture, decode
from mlxkernel_plugins.mlx_vision.sight import see


class VisionReader:
    """The reader of a model that sees. `processor` is the model's own, `image_token` the id of a picture's
    tokens, `chat` the template that renders conversations, if there is one. With `solid` set, prompts are not
    to be processed in pieces before the end of their last picture.
    """

    def __init__(
        self, name: str, tokenizer: Tokenizer, processor: Any, image_token: int, chat: ChatFormat | None
    ) -> None:
        self._name = name
        self._chat = chat
        self._tokenizer = tokenizer
        self._processor = processor
        self._image_token = image_token
        source = (chat.source if chat is not None else None) or ""
        self._takes_parts = "image" in source
        self._takes_strings = not self._takes_parts or "string" in source
        token = tokenizer.hf.convert_ids_to_tokens(image_token)
        named = (getattr(processor, "boi_token", None), getattr(processor, "image_token", None), token)
        self._marks = tuple(dict.fromkeys(mark for mark in named if isinstance(mark, str) and mark))
        self.solid = False
        self._lead = tokenizer.encode("", special=True)

    def example(self, pixels: Pillow.Image) -> Read:
        """A prompt with one picture, as the template writes it, if there is one."""
        content = [{"type": "image"}, {"type": "text", "text": "What is this?"}]
        picture = Picture(pixels, "example")
        if self._chat is None:
            text = f"{self._marks[0]} What is this?"
        else:
            parts = content if self._takes_parts else f"{self._marks[0]} What is this?"
            text = self._chat.render([{"role": "user", "content": parts}], {}, False)
        return self.read(text, Said([], (picture,)))

    # --- turns ------------------------------------------------------------------------------------

    def turns(self, messages: Sequence[Message]) -> Said:
        """The messages for the template. Raises `RequestFailed` (400) that names the part."""
        pictures: list[Picture] = []
        claims: list[RequestFailed] = []

        def compose(parts: Sequence[tuple[str, Text | Image]]) -> Json:
            for path, part in parts:
                if isinstance(part, Image):
                    pictures.append(decode(part, path))
                else:
                    claims.extend(self._claims(part.text, path))
            return self._content([part for _, part in parts])

        said = turns(messages, compose)
        if pictures and claims:
            raise claims[0]
        return Said(said, tuple(pictures))

    def _claims(self, text: str, path: str) -> list[RequestFailed]:
        """Faults of a text that pretends to be a picture: the pictures would be put in the wrong places."""
        return [
            invalid(f"'{path}' holds '{mark}', with which this model's prompts mark a picture", param=path)
            for mark in self._marks
            if mark in text
        ]

    def _content(self, parts: Sequence[Text | Image]) -> Json:
        pictured = any(isinstance(part, Image) for part in parts)
        if self._takes_parts and (pictured or not self._takes_strings):
            return [
                {"type": "image"} if isinstance(part, Image) else {"type": "text", "text": part.text}
                for part in parts
            ]
        return "".join(self._marks[0] if isinstance(part, Image) else part.text for part in parts)

    # --- tokens -----------------------------------------------------------------------------------

    def read(self, text: str, said: Said) -> Read:
        """The rendered conversation in tokens, and its pictures as the model's processor lays them out."""
        if not said.pictures:
            return Read(self._tokenizer.encode(text))
        mark = self._mark(text)
        if mark is None or text.count(mark) != len(said.pictures):
            raise invalid(
                f"the chat template of model '{self._name}' has no place for a picture in one of these "
                "messages; put pictures into messages of the role 'user'",
                param="messages",
            )
        pictures: Sequence[Picture] = said.pictures
        outputs = self._process(text, pictures)
        ids = np.array(outputs["input_ids"]).reshape(-1).tolist()
        start = self._doubled(text, ids)
        tokens = tuple(ids[start:])
        places = [place for place, token in enumerate(tokens) if token == self._image_token]
        sight = see(outputs, [picture.digest for picture in pictures], places, start)
        media = tuple(Medium(album.digest, album.places[0]) for album in sight.albums)
        return Read(tokens, media, sight, places[-1] + 1 if self.solid else 0)

    def _mark(self, text: str) -> str | None:
        """What stands for a picture in a rendered text."""
        return next((mark for mark in self._marks if mark in text), None)

    def _process(self, text: str, pictures: Sequence[Picture]) -> dict[str, Any]:
        try:
            # No padding is asked for: one text needs none, and some image processors refuse the argument.
            return dict(self._processor(text=[text], images=[picture.pixels for picture in pictures]))
        except (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError) as error:
            raise invalid(
                f"the processor of model '{self._name}' refused the pictures: {error}", param="messages"
            ) from error

    def _doubled(self, text: str, ids: Sequence[int]) -> int:
        """How many leading tokens the tokenizer has added to those that the template wrote already."""
        lead = self._lead
        begins = self._tokenizer.encode(text[:256])[: len(lead)] == lead
        return len(lead) if lead and begins and tuple(ids[: 2 * len(lead)]) == lead * 2 else 0

    def shared(self, text: str, read: Read, other: str) -> int:
        """The length of the common prefix, told from the texts before their pictures are laid out."""
        brief = self._tokenizer.encode(text)
        length = shared(brief, self._tokenizer.encode(other))
        if read.content is None:
            return length
        mark = self._mark(text)
        ids = self._tokenizer.encode(mark) if mark is not None else ()
        before = [token in ids for token in brief[:length]]
        if not any(before):
            return length if read.tokens[:length] == brief[:length] else 0
        rest = brief[length:]
        if any(token in ids for token in rest) or read.tokens[len(read.tokens) - len(rest) :] != rest:
            return 0
        return len(read.tokens) - len(rest)
