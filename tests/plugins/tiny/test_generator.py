"""The generator writes the same text for the same seed, and keeps held-out words out of the training."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from mlxkernel_plugins.tiny import recipe
from mlxkernel_plugins.tiny.recipe import names, words
from mlxkernel_plugins.tiny.recipe.conversation import Conversation
from mlxkernel_plugins.tiny.recipe.mixture import Stage, conversation
from mlxkernel_plugins.tiny.recipe.phrasing import choose, listed, with_article
from mlxkernel_plugins.tiny.recipe.plan import PLAN, Phase, phase_at, rate, total
from mlxkernel_plugins.tiny.recipe.rendering import segments, text

STAGES: tuple[Stage, ...] = get_args(Stage)
WRITE = """
from mlxkernel_plugins.tiny.recipe.mixture import conversation
from mlxkernel_plugins.tiny.recipe.rendering import text
print("".join(text(conversation("same", index)) for index in range(200)))
"""


def written(stage: Stage, count: int) -> list[Conversation]:
    return [conversation("split", index, stage) for index in range(count)]


def test_one_seed_gives_one_text_in_every_process() -> None:
    path = str(Path(recipe.__file__).parents[3])
    other = os.pathsep.join([path, str(Path(path).parent / "kernel"), *sys.path])
    texts = {
        subprocess.run(
            [sys.executable, "-c", WRITE],
            env={**os.environ, "PYTHONPATH": other, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_another_seed_another_index_and_another_part_give_another_text() -> None:
    texts = {
        text(conversation("a", 0)),
        text(conversation("b", 0)),
        text(conversation("a", 1)),
        text(conversation("a", 0, part="held-out")),
    }
    assert len(texts) == 4


@pytest.mark.parametrize("stage", STAGES)
def test_held_out_names_are_never_in_the_training(stage: Stage) -> None:
    held_out = {*names.HELD_OUT, *words.CITIES_HELD_OUT} - {"Nice", "York", "Florence"}
    for talk in written(stage, 1500):
        found = held_out & set(re.findall(r"[A-Z][a-z]+", text(talk)))
        assert not found, text(talk)


def test_held_out_things_to_love_are_never_loved_in_the_training() -> None:
    held_out = set(words.LOVABLE_OF["held-out"])
    for talk in written("chat", 2000):
        loved = re.findall(r"(?:remember that you|You) love ([^.]+)\.", text(talk))
        assert not held_out & set(loved)


def test_made_up_names_of_the_two_parts_never_meet() -> None:
    rng = random.Random(0)
    training = {names.invented(rng, "training") for _ in range(3000)}
    held_out = {names.invented(rng, "held-out") for _ in range(3000)}
    assert not training & held_out
    assert not training & set(names.HELD_OUT)


def test_only_what_the_assistant_says_is_learnt() -> None:
    for talk in written("rehearsal", 300):
        for piece in segments(talk):
            if piece.learnt:
                assert "<|im_start|>" not in piece.text
                assert piece.text.endswith(("<|im_end|>", "<|endoftext|>"))


def test_thinking_on_learns_the_thought_and_off_learns_none() -> None:
    for talk in written("rehearsal", 300):
        learnt = "".join(piece.text for piece in segments(talk) if piece.learnt)
        assert ("</think>" in learnt) == (talk.thinking == "on" and not talk.plain)


def test_choices_are_taken_innermost_first_and_slots_last() -> None:
    rng = random.Random(1)
    assert {choose(rng, "[a|b[c|d]]") for _ in range(50)} == {"a", "bc", "bd"}
    assert choose(rng, "say {text}", text="[x|y]") == "say [x|y]"


def test_lists_and_articles() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert [with_article("owl"), with_article("dog")] == ["an owl", "a dog"]


def test_the_plan_covers_every_step() -> None:
    steps = total(PLAN)
    assert phase_at(PLAN, 0) is PLAN[0]
    assert phase_at(PLAN, steps - 1) is PLAN[-1]
    assert phase_at(PLAN, steps + 5) is PLAN[-1]


def test_the_learning_rate_rises_stays_and_falls_in_each_cycle() -> None:
    plan = (Phase("copying", 1, 64, 300), Phase("chat", 1, 64, 100), Phase("agents", 1, 64, 400, cycle=2))
    assert [round(rate(plan, step), 2) for step in (0, 49, 200, 340, 399)] == [0.01, 0.5, 1.0, 0.5, 0.02]
    assert [round(rate(plan, step), 2) for step in (400, 449, 600, 740, 799)] == [0.01, 0.5, 1.0, 0.5, 0.02]
