"""The view of one conversation: the pictures that were shown so far, and the words for what is in them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from ..recipe.names import Part
from ..recipe.phrasing import hurried, listed, one_of, with_article
from ..recipe.scene import Scene
from .conversation import Part as Piece
from .conversation import Turn, Wanted
from .scenes import Item, Picture

NUMBERS: tuple[str, ...] = ("no", "one", "two", "three", "four", "five", "six")

ASSISTANT = "Tiny"


@dataclass
class View:
    """The running state while a conversation is written.

    Attributes:
        rng: the only source of chance.
        part: which side of the split the words come from.
        chat: the state of the talk beside the pictures.
        fresh: pictures that the next message of the user brings along.
        shown: the picture that questions are about, or None.
    """

    rng: random.Random
    part: Part
    chat: Scene
    fresh: list[Picture] = field(default_factory=list)
    shown: Picture | None = None

    @property
    def picture(self) -> Picture:
        """The picture that questions are about."""
        if self.shown is None:
            raise ValueError("no picture was shown")
        return self.shown

    def show(self, picture: Picture) -> None:
        """Let the next message bring this picture along."""
        self.fresh = [picture]
        self.shown = picture

    def turn(
        self, phrases: tuple[str, ...], answer: str, wanted: Wanted = (), refused: tuple[str, ...] = (),
        **slots: str,
    ) -> Turn:  # fmt: skip
        """Return a turn of one of the phrases, with the fresh pictures around the words."""
        text = hurried(self.rng, one_of(self.rng, phrases, **slots))
        pictures, self.fresh = self.fresh, []
        return Turn(self._mixed(text, pictures), answer, wanted, refused)

    def _mixed(self, text: str, pictures: list[Picture]) -> tuple[Piece, ...]:
        draw = self.rng.random()
        if draw < 0.45:
            return (*pictures, text)
        if draw < 0.8 or not pictures:
            return (text, *pictures)
        if len(pictures) == 2 and draw < 0.9:
            return (pictures[0], text, pictures[1])
        return (*pictures, f"\n{text}") if draw < 0.95 else (f"{text}\n", *pictures)


def plural(kind: str) -> str:
    """Return the word for several shapes of a kind."""
    return f"{kind}es" if kind.endswith(("s", "x")) else f"{kind}s"


def counted(count: int, kind: str, colour: str = "") -> str:
    """Return "a red circle", "two red circles" or "no red circles"."""
    noun = f"{colour} {kind}" if colour else kind
    if count == 1:
        return with_article(noun)
    return f"{NUMBERS[count]} {colour + ' ' if colour else ''}{plural(kind)}"


def groups(picture: Picture) -> list[tuple[str, str, int]]:
    """Return kind, colour and number of the shapes, those furthest left first, equal ones together."""
    numbers = Counter((item.kind, item.colour) for item in picture.ordered)
    return [(kind, colour, count) for (kind, colour), count in numbers.items()]


def kind_of_text(text: str) -> str:
    """Return what a caption is: a letter, a word, a number or a text."""
    if text.isdigit():
        return "number"
    if len(text) == 1:
        return "letter"
    return "word" if text.isalpha() else "text"


def described(picture: Picture) -> str:
    """Return everything in the picture in one phrase, such as "the word CAT and a red circle"."""
    pieces = [counted(count, kind, colour) for kind, colour, count in groups(picture)]
    if picture.caption:
        pieces.insert(0, f"the {kind_of_text(picture.caption.text)} {picture.caption.text}")
    return listed(pieces)


def holds(picture: Picture) -> Wanted:
    """Return what a description has to hold: each kind with its colour, and the text."""
    wanted = tuple((f"{colour} {kind}", f"{colour} {plural(kind)}") for kind, colour, _ in groups(picture))
    return ((picture.caption.text,), *wanted) if picture.caption else wanted


def third(at: float) -> int:
    """Return which third of a side a place is in, 0 to 2; the middle one is a little narrower."""
    return 0 if at < 0.36 else 2 if at > 0.64 else 1


def place(item: Item) -> str:
    """Return where a shape is, in a raster of three by three."""
    down, across = ("top", "", "bottom")[third(item.y)], ("left", "", "right")[third(item.x)]
    if not down and not across:
        return "in the middle"
    if down and across:
        return f"at the {down} {across}"
    return f"at the {down}" if down else f"on the {across}"


def alone(picture: Picture) -> list[Item]:
    """Return the shapes whose kind occurs once."""
    kinds = Counter(item.kind for item in picture.items)
    return [item for item in picture.ordered if kinds[item.kind] == 1]


def alone_in_colour(picture: Picture) -> list[Item]:
    """Return the shapes whose colour occurs once."""
    colours = Counter(item.colour for item in picture.items)
    return [item for item in picture.ordered if colours[item.colour] == 1]
