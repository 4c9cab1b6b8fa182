"""From a conversation with pictures to text, cut where training starts and stops to count the loss.

A picture stands in the text as one `IMAGE` between its marks; who makes tokens of the text repeats it for
each token of the picture, as processors do.
"""

from __future__ import annotations

from tokenizers import Tokenizer

from ..recipe.rendering import Segment
from .conversation import Conversation, Part
from .scenes import Picture

VISION_START = "<|vision_start|>"
VISION_END = "<|vision_end|>"
IMAGE = "<|image_pad|>"
VIDEO = "<|video_pad|>"
PICTURE = f"{VISION_START}{IMAGE}{VISION_END}"
"""A picture as the chat template writes it."""

PLAIN = "{{- part if part is string else part.text | default('') -}}"
"""The line of the template of `tiny` that writes a part of a message."""

PLACE = (
    "{%- if part is mapping and (part.type in ('image', 'image_url', 'input_image') or 'image' in part) -%}\n"
    f"                {{{{- '{PICTURE}' -}}}}\n"
    "            {%- else -%}\n"
    f"                {PLAIN}\n"
    "            {%- endif -%}"
)
"""What stands there in the template of `tiny-vision`."""


def message_text(parts: tuple[Part, ...]) -> str:
    """Return a message with its pictures in their places."""
    return "".join(part if isinstance(part, str) else PICTURE for part in parts)


def pictures(conversation: Conversation) -> list[Picture]:
    """Return the conversation's pictures, in order."""
    return [part for turn in conversation.turns for part in turn.user if isinstance(part, Picture)]


def segments(conversation: Conversation) -> list[Segment]:
    """Return the whole conversation in pieces, in order; `learnt` ones are the assistant's."""
    pieces: list[Segment] = []
    if conversation.system:
        pieces.append(Segment(f"<|im_start|>system\n{conversation.system}<|im_end|>\n", False))
    for turn in conversation.turns:
        empty = conversation.thinking == "off" and turn is conversation.turns[-1]
        opening = "<|im_start|>assistant\n" + ("<think>\n\n</think>\n\n" if empty else "")
        asked = f"<|im_start|>user\n{message_text(turn.user)}<|im_end|>\n"
        pieces.append(Segment(asked + opening, False))
        pieces += [Segment(f"{turn.answer}<|im_end|>", True), Segment("\n", False)]
    return pieces


def text(conversation: Conversation) -> str:
    """Return the whole conversation as one text."""
    return "".join(piece.text for piece in segments(conversation))


def number(tokenizer: Tokenizer, token: str) -> int:
    """Return the number of a special token. Raises `ValueError` where the tokenizer lacks it."""
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"the tokenizer has no {token}; `prepare` writes one that has")
    return found
