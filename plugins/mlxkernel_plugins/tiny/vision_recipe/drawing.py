"""Pictures become pixels here, by Pillow: the same picture gives the same pixels for ever."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .scenes import Caption, Ground, Item, Picture

Point = tuple[float, float]


def _ring(count: int, radius: float, start: float = -90.0) -> list[Point]:
    angles = (math.radians(start + 360 * index / count) for index in range(count))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _star() -> list[Point]:
    return [p for pair in zip(_ring(5, 1.0), _ring(5, 0.42, -54.0), strict=True) for p in pair]


def _heart() -> list[Point]:
    waves = ((1, 13), (2, -5), (3, -2), (4, -1))
    return [
        (math.sin(t) ** 3, -sum(high * math.cos(often * t) for often, high in waves) / 16)
        for t in (2 * math.pi * index / 40 for index in range(40))
    ]


_THIN = 0.33
OUTLINES: dict[str, list[Point]] = {
    "square": _ring(4, 1.1, 45.0),
    "triangle": _ring(3, 1.15),
    "star": _star(),
    "heart": _heart(),
    "cross": [
        (-_THIN, -1.0), (_THIN, -1.0), (_THIN, -_THIN), (1.0, -_THIN), (1.0, _THIN), (_THIN, _THIN),
        (_THIN, 1.0), (-_THIN, 1.0), (-_THIN, _THIN), (-1.0, _THIN), (-1.0, -_THIN), (-_THIN, -_THIN),
    ],
}  # fmt: skip
"""The corners of every shape but the circle, about a centre, for a radius of one."""


def _draw_item(draw: ImageDraw.ImageDraw, item: Item, width: int, height: int) -> None:
    radius = item.radius * min(width, height)
    x, y = item.x * width, item.y * height
    edge = tuple(channel // 3 for channel in item.rgb) if item.edged else None
    thick = max(1, round(radius / 12))
    if item.kind == "circle":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), item.rgb, edge, thick)
        return
    cos, sin = math.cos(math.radians(item.turn)), math.sin(math.radians(item.turn))
    corners = [
        (x + radius * (px * cos - py * sin), y + radius * (px * sin + py * cos))
        for px, py in OUTLINES[item.kind]
    ]
    draw.polygon(corners, item.rgb, edge, thick)


@lru_cache(maxsize=2)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow has no FreeType, which the words of the pictures are drawn with")
    return font


_SIZE = 48


@lru_cache(maxsize=512)
def _lettering(shown: str, bold: bool, slant: float) -> tuple[Image.Image, tuple[float, ...]]:
    """Return the text as a mask, cut to its ink, and the middle of each letter in shares of its width."""
    font = _font(_SIZE)
    stroke = 2 if bold else 0
    gap = 3
    ends = [0.0]
    for letter in shown:
        ends.append(ends[-1] + font.getlength(letter) + gap)
    margin = _SIZE
    mask = Image.new("L", (int(ends[-1]) + 2 * margin, 3 * _SIZE))
    draw = ImageDraw.Draw(mask)
    for letter, left in zip(shown, ends, strict=False):
        draw.text((margin + left, 2 * _SIZE), letter, 255, font, anchor="ls", stroke_width=stroke)
    if slant:
        mask = mask.transform(mask.size, Image.Transform.AFFINE, (1, slant, -slant * 1.6 * _SIZE, 0, 1, 0))
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    middles = [(margin + (a + b - gap) / 2 - left) / (right - left) for a, b in pairwise(ends)]
    return mask.crop((left, top, right, bottom)), tuple(middles)


def _draw_caption(image: Image.Image, caption: Caption) -> None:
    mask, _ = _lettering(caption.shown, caption.bold, round(caption.slant, 2))
    width, height = round(caption.width * image.width), round(caption.height * image.height)
    scaled = mask.resize((max(1, width), max(1, height)), Image.Resampling.BILINEAR)
    at = round(caption.x * image.width - width / 2), round(caption.y * image.height - height / 2)
    image.paste(caption.rgb, at, scaled)


def _draw_ground(ground: Ground, width: int, height: int, seed: int) -> Image.Image:
    if ground.rgb == ground.below and not ground.noise:
        return Image.new("RGB", (width, height), ground.rgb)
    top, below = np.array(ground.rgb, np.float32), np.array(ground.below, np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    pixels = np.broadcast_to(top + (below - top) * down, (height, width, 3))
    if ground.noise:
        grain = ground.grain
        rows, columns = -(-height // grain), -(-width // grain)
        random = np.random.Generator(np.random.PCG64(seed))
        noise = random.standard_normal((rows, columns, 3), dtype=np.float32) * ground.noise
        pixels = pixels + noise.repeat(grain, 0).repeat(grain, 1)[:height, :width]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw(picture: Picture) -> Image.Image:
    """Return the picture as an RGB image."""
    image = _draw_ground(picture.ground, picture.width, picture.height, picture.seed)
    on = ImageDraw.Draw(image)
    for item in picture.items:
        _draw_item(on, item, picture.width, picture.height)
    if picture.caption:
        _draw_caption(image, picture.caption)
    return image


@dataclass(frozen=True)
class Mark:
    """A shape or a letter of a picture: its middle and how far it reaches from there, in shares of width and
    height.
    """

    sign: str
    colour: str
    x: float
    y: float
    wide: float
    tall: float


def marks(picture: Picture) -> list[Mark]:
    """Return everything that there is to see in the picture; letters are in capitals and have no colour."""
    short = min(picture.width, picture.height)
    seen = [
        Mark(i.kind, i.colour, i.x, i.y, i.radius * short / picture.width, i.radius * short / picture.height)
        for i in picture.items
    ]
    if caption := picture.caption:
        _, middles = _lettering(caption.shown, caption.bold, round(caption.slant, 2))
        left = caption.x - caption.width / 2
        wide, tall = caption.width / len(caption.text) / 2, caption.height / 2
        seen += [
            Mark(letter, "", left + middle * caption.width, caption.y, wide, tall)
            for letter, middle in zip(caption.text, middles, strict=True)
        ]
    return seen
