"""What is said about pictures is true, the same for the same seed, and as the chat template writes it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from mlxkernel_plugins.tiny import vision_recipe
from mlxkernel_plugins.tiny.vision_recipe import exam
from mlxkernel_plugins.tiny.vision_recipe.conversation import Conversation, Turn
from mlxkernel_plugins.tiny.vision_recipe.evaluate import messages
from mlxkernel_plugins.tiny.vision_recipe.mixture import conversation, new_view
from mlxkernel_plugins.tiny.vision_recipe.plan import PLAN, phase_at, rate, total
from mlxkernel_plugins.tiny.vision_recipe.rendering import PICTURE, pictures, segments, text
from mlxkernel_plugins.tiny.vision_recipe.scenes import Ground, Item, Picture, shapes
from mlxkernel_plugins.tiny.vision_recipe.topics import comparing, looking
from mlxkernel_plugins.tiny.vision_recipe.view import counted, described, place

MODEL = Path(vision_recipe.__file__).parent.parent / "vision_model"
WHITE = Ground((255, 255, 255), (255, 255, 255))


def item(kind: str, colour: str, x: float = 0.5, y: float = 0.5, radius: float = 0.1) -> Item:
    return Item(kind, colour, x, y, radius)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The tokenizer as transformers loads it, with the template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


def test_the_template_writes_what_training_reads(tokenizer: Any) -> None:
    for index in range(200):
        written = conversation("template", index)
        asked = {"enable_thinking": False} if written.thinking == "off" else {}
        prompt = tokenizer.apply_chat_template(
            messages(written), add_generation_prompt=True, tokenize=False, **asked
        )
        assert text(written) == f"{prompt}{written.turns[-1].answer}<|im_end|>\n"


def test_pictures_stand_in_their_places_among_the_words(tokenizer: Any) -> None:
    parts = [
        {"type": "text", "text": "This "},
        {"type": "image"},
        {"type": "text", "text": " or "},
        {"type": "image_url", "image_url": {"url": "data:"}},
        {"type": "text", "text": "?"},
    ]
    prompt = tokenizer.apply_chat_template([{"role": "user", "content": parts}], tokenize=False)
    assert prompt == f"<|im_start|>user\nThis {PICTURE} or {PICTURE}?<|im_end|>\n"


def test_only_answers_are_learnt() -> None:
    written = conversation("learnt", 1)
    assert [piece.text for piece in segments(written) if piece.learnt] == [
        f"{turn.answer}<|im_end|>" for turn in written.turns
    ]


def test_equal_arguments_give_equal_conversations() -> None:
    assert conversation("a", 5) == conversation("a", 5)
    assert len({text(conversation("a", 0)), text(conversation("a", 1)), text(conversation("b", 0))}) == 3


def test_the_generator_finds_its_own_answers_right() -> None:
    for index in range(500):
        for turn in conversation("right", index).turns:
            assert turn.right(turn.answer), turn


@pytest.mark.parametrize("kind", exam.PAPERS)
def test_the_exam_is_the_same_again_and_its_answers_are_right(kind: str) -> None:
    paper = exam.PAPERS[kind]
    assert paper.write("again", 3) == paper.write("again", 3)
    for index in range(20):
        last = paper.write("again", index).turns[-1]
        assert last.wanted
        assert last.right(last.answer)
        assert not last.right("")


def test_an_answer_is_right_by_whole_words_in_any_case() -> None:
    turn = Turn(("?",), "", (("red", "two"), ("circle",)), ("yes",))
    assert turn.right("A RED circle!")
    assert turn.right("two: circle")
    assert not turn.right("A reddish circle")
    assert not turn.right("Yes, a red circle")
    assert not turn.right("red")


def test_a_picture_is_described_from_left_to_right_with_equal_shapes_together() -> None:
    row = (item("star", "red", 0.8), item("circle", "blue", 0.2), item("star", "red", 0.5))
    assert described(Picture(100, 100, WHITE, row)) == "a blue circle and two red stars"
    assert described(Picture(100, 100, WHITE)) == ""
    assert counted(0, "cross", "orange") == "no orange crosses"
    assert counted(1, "cross", "orange") == "an orange cross"


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (0.5, 0.5, "in the middle"),
        (0.1, 0.1, "at the top left"),
        (0.9, 0.5, "on the right"),
        (0.5, 0.9, "at the bottom"),
    ],
)
def test_where_a_shape_is(x: float, y: float, said: str) -> None:
    assert place(item("star", "red", x, y)) == said


def test_counts_and_colours_are_those_of_the_picture() -> None:
    view = new_view(random.Random(1), "training")
    view.show(Picture(100, 100, WHITE, (item("star", "red", 0.2), item("heart", "red", 0.8))))
    counting, colouring = looking.count(view), looking.colours(view)
    assert counting is not None and counting.answer == "There are two shapes."
    assert colouring is not None and colouring.answer == "I see red."
    assert isinstance(counting.user[0], Picture) or isinstance(counting.user[-1], Picture)
    assert all(isinstance(part, str) for part in colouring.user)


def test_two_pictures_differ_in_what_is_said() -> None:
    view = new_view(random.Random(4), "training")
    for _ in range(200):
        pair = comparing.pair(view)
        first, second = ([(i.kind, i.colour) for i in p.items] for p in (pair.first, pair.second))
        assert pair.both == (
            f"The first picture shows {described(pair.first)}, the second {described(pair.second)}."
        )
        if pair.same:
            assert first == second and pair.change == "They are the same."
        elif len(first) == len(second):
            ((old, new),) = ((a, b) for a, b in zip(first, second, strict=True) if a != b)
            assert pair.change == f"The {old[1]} {old[0]} became {counted(1, *new)}."
        else:
            more, fewer, which = (
                (first, second, "first") if len(first) > len(second) else (second, first, "second")
            )
            (added,) = set(more) - set(fewer)
            assert pair.change == f"The {which} also has {counted(1, *added)}."


def test_two_texts_differ_in_what_is_said() -> None:
    pair = comparing.texts(new_view(random.Random(5), "held-out"))
    assert pair.first.caption and pair.second.caption
    assert pair.change == f"{pair.first.caption.text} became {pair.second.caption.text}."


def test_no_question_is_asked_that_the_picture_does_not_answer() -> None:
    view = new_view(random.Random(1), "training")
    view.show(Picture(100, 100, WHITE, (item("star", "red", 0.2), item("star", "blue", 0.8))))
    assert looking.colour(view) is None
    assert looking.bigger(view) is None
    assert looking.where(view) is None
    with pytest.raises(ValueError, match="no picture was shown"):
        looking.describe(new_view(random.Random(1), "training"))


def test_a_conversation_holds_its_pictures_in_order() -> None:
    one, two = shapes(random.Random(1), 1), shapes(random.Random(2), 1)
    asked = Conversation((Turn((one, "And?"), ""), Turn(("Now?", two), "")))
    assert pictures(asked) == [one, two]


def test_the_plan_rises_stays_and_falls_in_each_phase() -> None:
    assert phase_at(PLAN, 0) == (PLAN[0], 0)
    assert phase_at(PLAN, PLAN[0].steps + 3) == (PLAN[1], 3)
    with pytest.raises(ValueError, match="the plan ends 1 steps before"):
        phase_at(PLAN, total(PLAN) + 1)
    for phase in PLAN:
        factors = [rate(phase, step) for step in range(phase.steps)]
        assert factors[0] < 0.05 and max(factors) == 1.0
        assert factors[-1] < 0.05 or not phase.decay
