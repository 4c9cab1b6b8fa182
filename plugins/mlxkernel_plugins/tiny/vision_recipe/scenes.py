"""What pictures show, drawn by chance: shapes, a word or number, and the ground behind them. Values only."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from ..recipe.names import HELD_OUT, TRAINING, Part, part_of
from ..recipe.words import ANIMALS, COLOURS, NOUNS

RGB = tuple[int, int, int]

SHAPES: tuple[str, ...] = ("circle", "square", "triangle", "star", "heart", "cross")
"""The kinds of shapes."""

TINTS: dict[str, tuple[RGB, ...]] = {
    "red": ((255, 0, 0), (220, 20, 60), (205, 30, 30), (235, 50, 40)),
    "orange": ((255, 165, 0), (255, 140, 0), (245, 120, 20)),
    "yellow": ((255, 255, 0), (250, 230, 40), (240, 220, 0)),
    "green": ((0, 128, 0), (0, 255, 0), (50, 170, 60), (34, 139, 34), (60, 200, 80)),
    "blue": ((0, 0, 255), (30, 80, 220), (65, 105, 225), (0, 90, 200), (30, 144, 255)),
    "purple": ((128, 0, 128), (150, 50, 190), (138, 43, 226), (148, 0, 211)),
    "pink": ((255, 192, 203), (255, 105, 180), (255, 150, 190)),
    "brown": ((139, 69, 19), (150, 80, 30), (120, 72, 30), (160, 82, 45), (165, 42, 42)),
    "grey": ((128, 128, 128), (150, 150, 150), (110, 110, 110)),
    "black": ((0, 0, 0), (25, 25, 25)),
    "white": ((255, 255, 255), (245, 245, 245)),
}
"""Each colour's name and the values it is drawn around, the usual ones of HTML and drawing programs among
them.
"""

_WORDS = tuple(sorted({
    word.upper()
    for word in (*ANIMALS, *COLOURS, *NOUNS, *TRAINING, *HELD_OUT,
                 "hello", "hi", "yes", "no", "stop", "go", "exit", "open", "shut", "sale", "free", "bus",
                 "taxi", "cafe", "bar", "home", "love", "good", "bad", "up", "down", "left", "right", "on",
                 "off", "new", "old", "hot", "cold", "push", "pull", "help", "wait", "slow", "fast", "east",
                 "west", "north", "south", "one", "two", "three", "four", "five", "six", "seven", "eight",
                 "nine", "ten", "mlx", "tiny", "ok", "big", "small", "day", "night", "sun", "milk", "tea")
    if 2 <= len(word) <= 5
}))  # fmt: skip
WORDS: dict[Part, tuple[str, ...]] = {
    "training": tuple(word for word in _WORDS if part_of(word) == "training"),
    "held-out": tuple(word for word in _WORDS if part_of(word) == "held-out"),
}
"""The words that may be written in a picture; one in eight, by checksum, is held out."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


@dataclass(frozen=True)
class Item:
    """One shape: its centre in shares of width and height, its radius in shares of the shorter side, its turn
    in degrees.
    """

    kind: str
    colour: str
    x: float
    y: float
    radius: float
    turn: float = 0.0
    rgb: RGB = (0, 0, 0)
    edged: bool = False

    @property
    def called(self) -> str:
        """The shape in words, such as "red circle"."""
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True)
class Caption:
    """A word or a number in a picture; `text` is in capitals, `shown` as it is drawn.

    `width` and `height` are in shares of the picture's, and so is the centre.
    """

    text: str
    shown: str
    x: float
    y: float
    width: float
    height: float
    rgb: RGB = (0, 0, 0)
    bold: bool = False
    slant: float = 0.0


@dataclass(frozen=True)
class Ground:
    """What is behind: a colour, another one that it turns into downwards, and the strength of the noise."""

    rgb: RGB
    below: RGB
    noise: float = 0.0
    grain: int = 1


@dataclass(frozen=True)
class Picture:
    """A whole picture, in pixels of width and height; `seed` makes its noise."""

    width: int
    height: int
    ground: Ground
    items: tuple[Item, ...] = ()
    caption: Caption | None = None
    seed: int = 0

    @property
    def ordered(self) -> tuple[Item, ...]:
        """The shapes from left to right."""
        return tuple(sorted(self.items, key=lambda item: item.x))


_SIZES: tuple[tuple[int, int], ...] = (
    (128, 128), (128, 128), (160, 160), (192, 192), (224, 224), (256, 256), (256, 256), (96, 96),
    (320, 240), (256, 192), (240, 320), (200, 150), (192, 108), (256, 144), (240, 160), (160, 240),
    (300, 200), (100, 100), (144, 128), (120, 160),
)  # fmt: skip


def _apart(a: RGB, b: RGB) -> float:
    return math.dist(a, b)


def tint(rng: random.Random, colour: str) -> RGB:
    """Return a value of the colour, a little off one of its usual ones."""
    r, g, b = rng.choice(TINTS[colour])
    return _near(rng, r), _near(rng, g), _near(rng, b)


def _near(rng: random.Random, channel: int, by: int = 10) -> int:
    return max(0, min(255, channel + rng.randint(-by, by)))


def ground(rng: random.Random, against: list[RGB], least: float = 100.0) -> Ground:
    """Return a ground that every colour of `against` stands out from: mostly light, at times noisy."""
    for attempt in range(200):
        draw = rng.random()
        if draw < 0.3:
            rgb: RGB = (255, 255, 255)
        elif draw < 0.38:
            rgb = (0, 0, 0)
        elif draw < 0.6:
            rgb = tint(rng, rng.choice(tuple(TINTS)))
        else:
            rgb = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        below = rgb
        if rng.random() < 0.2:
            below = (_near(rng, rgb[0], 60), _near(rng, rgb[1], 60), _near(rng, rgb[2], 60))
        wanted = least * (1 - attempt / 250)
        if all(min(_apart(rgb, c), _apart(below, c)) >= wanted for c in against):
            break
    noise = rng.uniform(6, 45) if rng.random() < 0.35 else 0.0
    return Ground(rgb, below, noise, rng.choice((1, 1, 2, 4)))


def _radii(count: int) -> tuple[float, float]:
    return {1: (0.12, 0.42), 2: (0.11, 0.24), 3: (0.1, 0.2)}.get(count, (0.1, 0.18))


def _turn(rng: random.Random, kind: str) -> float:
    """Return a turn in degrees that leaves the shape what it is."""
    if kind == "star" or (kind == "triangle" and rng.random() < 0.25):
        return rng.uniform(0, 360)
    return rng.uniform(-14, 14) if rng.random() < 0.5 else 0.0


def item(rng: random.Random, kind: str, colour: str, x: float, y: float, radius: float) -> Item:
    """Return a shape with the rest drawn by chance."""
    return Item(kind, colour, x, y, radius, _turn(rng, kind), tint(rng, colour), rng.random() < 0.12)


def _named(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Return kinds and colours of `count` shapes: mostly mixed, at times of one kind or colour, or equal."""
    kinds = [rng.choice(SHAPES) for _ in range(count)]
    colours = [rng.choice(tuple(TINTS)) for _ in range(count)]
    draw = rng.random()
    if draw < 0.2:
        kinds = [rng.choice((kinds[0], kind)) for kind in kinds]
    elif draw < 0.35:
        colours = [rng.choice((colours[0], colour)) for colour in colours]
    elif draw < 0.5:
        kinds, colours = [kinds[0]] * count, [colours[0]] * count
        if rng.random() < 0.4:
            kinds[-1], colours[-1] = rng.choice(SHAPES), rng.choice(tuple(TINTS))
    return list(zip(kinds, colours, strict=True))


def free(items: list[Item], x: float, y: float, radius: float, width: int, height: int) -> bool:
    """Tell whether a shape at this place touches none of the others."""
    short = min(width, height)
    return all(
        ((x - o.x) ** 2 * width**2 + (y - o.y) ** 2 * height**2) ** 0.5 > (radius + o.radius) * short * 1.08
        for o in items
    )


def placed(
    rng: random.Random, items: list[Item], radius: float, width: int, height: int, top: float = 0.0
) -> tuple[float, float] | None:
    """Return a free place for a shape of this radius below `top`, or None when none was found."""
    dx, dy = radius * min(width, height) / width, radius * min(width, height) / height
    if top + 2 * dy >= 1:
        return None
    for _ in range(40):
        x, y = rng.uniform(dx, 1 - dx), rng.uniform(top + dy, 1 - dy)
        if free(items, x, y, radius, width, height):
            return x, y
    return None


def shapes(rng: random.Random, count: int) -> Picture:
    """Return a picture of `count` shapes that do not touch."""
    width, height = rng.choice(_SIZES)
    while True:
        items: list[Item] = []
        low, high = _radii(count)
        for kind, colour in _named(rng, count) if count else ():
            radius = rng.uniform(low, high)
            place = placed(rng, items, radius, width, height)
            if place is None:
                break
            items.append(item(rng, kind, colour, *place, radius))
        if len(items) == count:
            behind = ground(rng, [i.rgb for i in items])
            return Picture(width, height, behind, tuple(items), seed=rng.getrandbits(31))


def written(rng: random.Random, part: Part) -> str:
    """Return what a picture says, in capitals: a word, a number, or (in training) letters and digits in any
    order.
    """
    draw = rng.random()
    if draw < 0.3:
        first = rng.choice("123456789") if rng.random() < 0.9 else "0"
        return first + "".join(rng.choice(DIGITS) for _ in range(rng.choice((0, 0, 1, 1, 2, 3))))
    if draw < 0.65 and part == "training":
        signs = LETTERS if rng.random() < 0.85 else LETTERS + DIGITS
        return "".join(rng.choice(signs) for _ in range(rng.choice((1, 2, 3, 3, 4, 5))))
    if draw < 0.4:
        return rng.choice(LETTERS)
    return rng.choice(WORDS[part])


def _shown(rng: random.Random, text: str) -> str:
    draw = rng.random()
    if draw < 0.7:
        return text
    return text.lower() if draw < 0.85 else text.capitalize()


def captioned(rng: random.Random, part: Part, text: str = "", beside: bool | None = None) -> Picture:
    """Return a picture of a word or number, at times with one shape below it."""
    text = text or written(rng, part)
    width, height = rng.choice(_SIZES)
    if beside is None:
        beside = rng.random() < 0.2
    room = 0.5 if beside else 0.9
    tall = rng.uniform(0.3, room if not beside else 0.48)
    letter = tall * height / width * rng.uniform(0.55, 0.85)
    wide = min(0.94, letter * len(text))
    tall = min(tall, wide / len(text) * width / height / 0.5)
    x = rng.uniform(wide / 2 + 0.02, 0.98 - wide / 2)
    y = tall / 2 + 0.02 if beside else rng.uniform(tall / 2 + 0.02, 0.98 - tall / 2)
    rgb = tint(rng, rng.choice(tuple(TINTS)))
    caption = Caption(
        text, _shown(rng, text), x, y, wide, tall, rgb, rng.random() < 0.4,
        rng.uniform(-0.15, 0.25) if rng.random() < 0.25 else 0.0,
    )  # fmt: skip
    items: list[Item] = []
    radius = rng.uniform(0.12, 0.2)
    place = placed(rng, items, radius, width, height, tall + 0.06) if beside else None
    if place is not None:
        items.append(item(rng, rng.choice(SHAPES), rng.choice(tuple(TINTS)), *place, radius))
    behind = ground(rng, [rgb, *(i.rgb for i in items)], 130.0)
    behind = replace(behind, noise=min(behind.noise, 30.0))
    return Picture(width, height, behind, tuple(items), caption, rng.getrandbits(31))


def picture(rng: random.Random, part: Part) -> Picture:
    """Return any picture: one to four shapes, or a word or number."""
    if rng.random() < 0.25:
        return captioned(rng, part)
    return shapes(rng, rng.choice((1, 1, 2, 2, 3, 4)))
