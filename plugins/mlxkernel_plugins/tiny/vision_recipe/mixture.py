"""The mixture: which topics make a conversation, and how often. `conversation(seed, index)` is the whole
generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..recipe.conversation import Thinking
from ..recipe.mixture import SYSTEM, SYSTEM_PLAIN
from ..recipe.names import Part
from ..recipe.phrasing import one_of
from ..recipe.scene import Scene
from .conversation import Conversation, Turn
from .scenes import Picture, captioned, shapes
from .topics import chatting, comparing, looking
from .view import View

Look = Callable[[View], "Turn | None"]
Compare = Callable[[View, comparing.Pair], "Turn | None"]
Stage = Literal["talk", "detail"]
"""The curriculum: first everything, then more shapes in a picture, and more said about each of them."""

_LOOKING: tuple[tuple[Look, float], ...] = (
    (looking.colour, 6), (looking.colours, 2), (looking.shape, 6), (looking.shape_and_colour, 2),
    (looking.shape_kinds, 3), (looking.count, 9), (looking.count_of, 22), (looking.is_there, 28),
    (looking.anything, 8), (looking.is_it, 4), (looking.where, 8), (looking.side, 4), (looking.bigger, 4),
    (looking.ground, 2), (looking.says, 3),
)  # fmt: skip
_READING: tuple[tuple[Look, float], ...] = (
    (looking.says, 10), (looking.describe, 2), (looking.count, 0.5), (looking.is_there, 0.5),
    (looking.colour, 1), (looking.shape, 1),
)  # fmt: skip
_COMPARING: tuple[tuple[Compare, float], ...] = (
    (comparing.each, 4), (comparing.which_has, 4), (comparing.more, 2),
)  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """What share of a stage's conversations are of which sort.

    Attributes:
        one, two, chat: about one picture, about two in one message, without any.
        counts: how many shapes a picture has.
        asked: how many questions a picture gets.
        describe: how often a question about one picture is to describe it, or both of two, beside the others.
        captions: the share of pictures with a text.
    """

    one: float
    two: float
    chat: float
    counts: tuple[int, ...]
    asked: tuple[int, ...]
    describe: float
    captions: float = 0.27


STAGES: dict[Stage, Shares] = {
    "talk": Shares(0.62, 0.22, 0.16, counts=(1, 1, 2, 2, 3, 3, 4), asked=(1, 2, 3, 4), describe=9),
    "detail": Shares(
        0.46, 0.46, 0.08, counts=(1, 2, 2, 3, 3, 4, 4), asked=(2, 3, 4, 5), describe=20, captions=0.22
    ),
}


def a_picture(view: View, shares: Shares) -> Picture:
    """Return a picture to talk about: shapes, or a text, or now and then nothing."""
    if view.rng.random() < shares.captions:
        return captioned(view.rng, view.part)
    return shapes(view.rng, 0 if view.rng.random() < 0.02 else view.rng.choice(shares.counts))


def look(view: View, shares: Shares = STAGES["talk"]) -> Turn:
    """Return a question about the picture that is shown."""
    topics = _READING if view.picture.caption else ((looking.describe, shares.describe), *_LOOKING)
    weights = [weight for _, weight in topics]
    while True:
        topic, _ = view.rng.choices(topics, weights)[0]
        if turn := topic(view):
            return turn


def _about_one(view: View, shares: Shares) -> list[Turn]:
    """Talk about one picture, at times with small talk between, at times followed by another picture."""
    rng = view.rng
    turns = [chatting.chat(view)] if rng.random() < 0.12 else []
    view.show(a_picture(view, shares))
    asked = 1 if view.picture.caption and not view.picture.items else rng.choice(shares.asked)
    turns += [look(view, shares) for _ in range(asked)]
    if rng.random() < 0.15:
        turns.append(chatting.praise(view) if rng.random() < 0.3 else chatting.chat(view))
        turns.append(look(view, shares))
    if rng.random() < 0.2:
        view.show(a_picture(view, shares))
        turns += [look(view, shares) for _ in range(rng.choice((1, 2)))]
    return turns


def _about_two(view: View, shares: Shares) -> list[Turn]:
    """Compare two pictures that came in one message."""
    rng = view.rng
    make = rng.choices((comparing.pair, comparing.texts, comparing.unlike), (0.7, 0.08, 0.22))[0]
    pair = make(view)
    view.fresh = [pair.first, pair.second]
    differ = (comparing.difference, 30 if pair.change else 0)
    topics: tuple[tuple[Compare, float], ...] = (*_COMPARING, differ, (comparing.both, shares.describe / 4))
    turns: list[Turn] = []
    wanted = rng.choice((1, 2, 2, 3))
    while len(turns) < wanted:
        topic, _ = rng.choices(topics, [weight for _, weight in topics])[0]
        if turn := topic(view, pair):
            turns.append(turn)
    return turns


def _without(view: View, _: Shares) -> list[Turn]:
    """Chat without any picture."""
    turns = [chatting.chat(view) for _ in range(view.rng.choice((1, 2, 3, 4, 5)))]
    draw = view.rng.random()
    if draw < 0.2:
        turns.insert(view.rng.randint(0, len(turns)), chatting.no_picture(view))
    elif draw < 0.3:
        turns.insert(view.rng.randint(0, len(turns)), chatting.able(view))
    return turns


def _system(view: View) -> str:
    """Return no system prompt, a plain one, or one that sets the assistant's name."""
    draw = view.rng.random()
    if draw < 0.75:
        return ""
    if draw < 0.92:
        return one_of(view.rng, SYSTEM_PLAIN)
    view.chat.assistant = view.chat.name()
    return one_of(view.rng, SYSTEM, name=view.chat.assistant)


def new_view(rng: random.Random, part: Part) -> View:
    """Return the view of a conversation that has not begun."""
    return View(rng, part, Scene(rng, part))


def conversation(seed: str, index: int, stage: Stage = "detail", part: Part = "training") -> Conversation:
    """Return conversation number `index` of the stream `seed`: equal arguments give equal conversations."""
    rng = random.Random(f"{seed}/{stage}/{part}/{index}")
    shares = STAGES[stage]
    view = new_view(rng, part)
    thinking: Thinking = "off" if rng.random() < 0.15 else "unsaid"
    system = _system(view)
    sorts = (_about_one, _about_two, _without)
    write = rng.choices(sorts, (shares.one, shares.two, shares.chat))[0]
    return Conversation(tuple(write(view, shares)), system, thinking)
