"""The generator draws the same pictures for the same seed, says what is in them, and holds words back."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlxkernel_plugins.tiny import vision_recipe
from mlxkernel_plugins.tiny.vision_recipe.drawing import draw, marks
from mlxkernel_plugins.tiny.vision_recipe.scenes import (
    SHAPES,
    TINTS,
    WORDS,
    Caption,
    Ground,
    Item,
    Picture,
    captioned,
    shapes,
    written,
)

WHITE = Ground((255, 255, 255), (255, 255, 255))
DIGEST = """
import hashlib, random
from mlxkernel_plugins.tiny.vision_recipe.drawing import draw
from mlxkernel_plugins.tiny.vision_recipe.scenes import captioned, shapes
rng = random.Random(3)
drawn = [draw(shapes(rng, 3)) for _ in range(20)] + [draw(captioned(rng, "training")) for _ in range(20)]
print(hashlib.sha256(b"".join(image.tobytes() for image in drawn)).hexdigest())
"""


def test_one_seed_gives_the_same_pixels_in_every_process() -> None:
    path = str(Path(vision_recipe.__file__).parents[3])
    paths = os.pathsep.join([path, str(Path(path).parent / "kernel"), *sys.path])
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("colour", sorted(TINTS))
def test_a_shape_has_its_colour_in_its_middle_and_the_ground_around_it(kind: str, colour: str) -> None:
    rgb = TINTS[colour][0]
    behind = Ground((255, 255, 255) if max(rgb) < 250 or colour != "white" else (0, 0, 0), (255, 255, 255))
    behind = replace(behind, below=behind.rgb)
    image = draw(Picture(100, 80, behind, (Item(kind, colour, 0.5, 0.5, 0.3, 0.0, rgb),)))
    assert image.size == (100, 80)
    assert image.getpixel((50, 40)) == rgb
    assert {image.getpixel(corner) for corner in ((0, 0), (99, 0), (0, 79), (99, 79))} == {behind.rgb}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_shapes_do_not_touch_and_stand_out_from_the_ground(count: int) -> None:
    rng = random.Random(count)
    for _ in range(50):
        picture = shapes(rng, count)
        assert len(picture.items) == count
        for i, one in enumerate(picture.items):
            for other in picture.items[i + 1 :]:
                across, down = (one.x - other.x) * picture.width, (one.y - other.y) * picture.height
                reach = (one.radius + other.radius) * min(picture.width, picture.height)
                assert (across**2 + down**2) ** 0.5 > reach
            assert sum(abs(a - b) for a, b in zip(one.rgb, picture.ground.rgb, strict=True)) > 40


def test_noise_is_on_the_ground_and_not_on_the_shapes() -> None:
    item = Item("circle", "red", 0.5, 0.5, 0.3, 0.0, (255, 0, 0))
    noisy = draw(Picture(64, 64, Ground((90, 90, 90), (90, 90, 90), 30.0), (item,), seed=1))
    pixels = np.asarray(noisy).astype(int)
    assert pixels[:10, :10].std() > 10
    assert (pixels[28:36, 28:36] == (255, 0, 0)).all()


def test_a_word_is_drawn_within_the_picture_and_its_letters_are_marked_in_order() -> None:
    caption = Caption("CAT", "Cat", 0.5, 0.5, 0.6, 0.3, (0, 0, 0))
    picture = Picture(120, 100, WHITE, (), caption)
    ink = np.argwhere(np.asarray(draw(picture).convert("L")) < 128)
    (top, left), (bottom, right) = ink.min(0), ink.max(0)
    assert left == pytest.approx(24, abs=2) and right == pytest.approx(96, abs=2)
    assert top == pytest.approx(35, abs=2) and bottom == pytest.approx(65, abs=2)
    seen = marks(picture)
    assert [mark.sign for mark in seen] == ["C", "A", "T"]
    assert 0.2 < seen[0].x < seen[1].x < seen[2].x < 0.8


def test_every_shape_is_marked_where_it_is() -> None:
    picture = shapes(random.Random(1), 3)
    assert [(mark.sign, mark.colour, mark.x, mark.y) for mark in marks(picture)] == [
        (item.kind, item.colour, item.x, item.y) for item in picture.items
    ]


def test_words_are_held_back_from_the_training() -> None:
    assert not set(WORDS["training"]) & set(WORDS["held-out"])
    assert len(WORDS["held-out"]) > 25
    rng = random.Random(0)
    held_out = {word for word in WORDS["held-out"] if len(word) > 3}
    assert not held_out & {written(rng, "training") for _ in range(5000)}
    texts = {written(rng, "held-out") for _ in range(500)}
    assert {text for text in texts if not text.isdigit() and len(text) > 1} <= set(WORDS["held-out"])


def test_a_caption_fits_into_its_picture() -> None:
    rng = random.Random(2)
    for _ in range(200):
        caption = captioned(rng, "training").caption
        assert caption is not None
        assert caption.x - caption.width / 2 >= 0 and caption.x + caption.width / 2 <= 1
        assert caption.y - caption.height / 2 >= 0 and caption.y + caption.height / 2 <= 1
