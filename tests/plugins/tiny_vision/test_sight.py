"""tiny-vision really sees: a slice of its exam through mlx_vlm, on pictures that it has never been shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxkernel_plugins.tiny import BundledSource, vision_recipe
from mlxkernel_plugins.tiny.recipe.evaluate import Score
from mlxkernel_plugins.tiny.vision_recipe import exam
from mlxkernel_plugins.tiny.vision_recipe.conversation import Conversation, Turn
from mlxkernel_plugins.tiny.vision_recipe.evaluate import Examinee, content, evaluate, main, score
from mlxkernel_plugins.tiny.vision_recipe.scenes import Ground, Item, Picture

MODEL = Path(vision_recipe.__file__).parent.parent / "vision_model"
MEGABYTE = 1_000_000
WHITE = Ground((255, 255, 255), (255, 255, 255))
SLICE = (
    "colour of a single shape",
    "kind of a single shape",
    "number of shapes, one to four",
    "colour of one of several shapes",
    "difference of two pictures",
    "question about a second picture",
    "remembers a name over a picture",
    "small talk without a picture",
    "says that there is no picture",
)


@pytest.fixture(scope="module")
def examinee() -> Examinee:
    return Examinee(MODEL)


@pytest.mark.parametrize("kind", SLICE)
def test_a_slice_of_the_exam(examinee: Examinee, kind: str) -> None:
    paper = exam.PAPERS[kind]
    result = score(examinee, kind, [paper.write("slice", index) for index in range(8)], paper.threshold)
    assert result.right >= int(8 * paper.threshold) - 1
    assert result.ended >= 7


@pytest.mark.parametrize("colour", ["red", "blue", "green"])
def test_a_colour_is_seen_at_any_size_and_asked_for_again(examinee: Examinee, colour: str) -> None:
    rgb = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0)}[colour]
    for width, height in ((640, 480), (64, 64)):
        shown = Picture(width, height, WHITE, (Item("circle", colour, 0.5, 0.5, 0.3, 0.0, rgb),))
        first = Turn((shown, "What shape is it?"), "It is a circle.", (("circle",),))
        second = Turn(("What colour is it?",), "", ((colour,),))
        assert first.right(examinee.answer(Conversation((first,)))[0])
        assert second.right(examinee.answer(Conversation((first, second)))[0])


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 8 * MEGABYTE


def test_it_is_a_bundled_model() -> None:
    assert BundledSource().claims("bundled:tiny-vision")
    assert BundledSource().resolve("bundled:tiny-vision", lambda stage, share: None) == MODEL


def test_parts_are_told_apart() -> None:
    assert content(("See ", Picture(8, 8, WHITE))) == [{"type": "text", "text": "See "}, {"type": "image"}]


def test_a_low_score_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    scores = [Score("colour", 50, 49, 50, 0.9), Score("counts", 50, 10, 50, 0.9)]
    monkeypatch.setattr("sys.argv", ["evaluate"])
    monkeypatch.setattr(f"{evaluate.__module__}.evaluate", lambda *arguments: scores)
    assert main() == 1
    assert "| counts | 50 | 20.0% | 90% |" in capsys.readouterr().out
