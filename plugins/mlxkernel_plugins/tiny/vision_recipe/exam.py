"""The questions of the evaluation: held-out draws of every kind, with what a right answer has to hold."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ..recipe.topics import memory, smalltalk
from .conversation import Conversation, Turn
from .mixture import STAGES, a_picture, look, new_view
from .scenes import DIGITS, LETTERS, Picture, captioned, shapes, written
from .topics import chatting, comparing, looking
from .view import View

Look = Callable[[View], "Turn | None"]
Draw = Callable[[View], list[Turn]]

_SMALL = (smalltalk.greeting, smalltalk.how_are_you, smalltalk.thanks)


@dataclass(frozen=True)
class Paper:
    """One kind of question and the share of right answers below which the evaluation fails, or 0 for none."""

    draw: Draw
    threshold: float

    def write(self, seed: str, index: int) -> Conversation:
        """Return question number `index` of the exam `seed`: a conversation that lacks its last answer."""
        view = new_view(random.Random(f"{seed}/{index}"), "held-out")
        return Conversation(tuple(self.draw(view)))


def _until(turn: Callable[[], Turn | None]) -> Turn:
    while True:
        if drawn := turn():
            return drawn


def _asked(ask: Look, *counts: int, picture: Callable[[View, int], Picture] | None = None) -> Draw:
    """Return the drawing of one question about one picture of so many shapes."""

    def draw(view: View) -> list[Turn]:
        def once() -> Turn | None:
            count = view.rng.choice(counts)
            view.show(picture(view, count) if picture else shapes(view.rng, count))
            return ask(view)

        return [_until(once)]

    return draw


def _noisy(view: View, count: int) -> Picture:
    """A picture on a ground with strong noise."""
    while True:
        drawn = shapes(view.rng, count)
        if drawn.ground.noise > 20:
            return drawn


def _clearly_placed(view: View) -> Turn | None:
    """Where is it? Asked where the shape is not between two places."""
    middles = [at for item in view.picture.items for at in (item.x, item.y)]
    near = any(min(abs(at - 0.36), abs(at - 0.64)) < 0.06 for at in middles)
    return None if near else looking.where(view)


def _reads(number: bool) -> Draw:
    """Return the drawing of a word that the training has never shown, or of a number."""

    def draw(view: View) -> list[Turn]:
        while True:
            text = written(view.rng, "held-out")
            if text.isdigit() == number and (number or len(text) > 1):
                view.show(captioned(view.rng, "held-out", text, beside=False))
                return [_until(lambda: looking.says(view))]

    return draw


def _letter(view: View) -> list[Turn]:
    """A single letter or digit."""
    view.show(captioned(view.rng, "held-out", view.rng.choice(LETTERS + DIGITS), False))
    return [_until(lambda: looking.says(view))]


def _unequal(view: View) -> comparing.Pair:
    return comparing.pair(view, same=0.0)


def _equal(view: View) -> comparing.Pair:
    return comparing.pair(view, same=1.0)


def _compared(
    ask: Callable[[View, comparing.Pair], Turn | None],
    make: Callable[[View], comparing.Pair] = comparing.pair,
) -> Draw:
    """Return the drawing of one question about two pictures."""

    def draw(view: View) -> list[Turn]:
        def once() -> Turn | None:
            pair = make(view)
            view.fresh = [pair.first, pair.second]
            return ask(view, pair)

        return [_until(once)]

    return draw


def _second_turn(view: View) -> list[Turn]:
    """Two questions about one picture; the second one counts."""
    view.show(shapes(view.rng, view.rng.choice((1, 2, 3))))
    return [look(view), look(view)]


def _second_picture(view: View) -> list[Turn]:
    """One picture and a question, then another picture and the question that counts."""
    view.show(a_picture(view, STAGES["talk"]))
    first = look(view)
    view.show(shapes(view.rng, view.rng.choice((1, 2))))
    return [first, look(view)]


def _name_over_a_picture(view: View) -> list[Turn]:
    """A name is told, a picture is talked about, and the name is asked for."""
    told = chatting.told(view, memory.tells_name)
    view.show(shapes(view.rng, view.rng.choice((1, 2))))
    between = [look(view) for _ in range(view.rng.choice((1, 2)))]
    return [told, *between, chatting.told(view, memory.asks_name)]


def _name(view: View) -> list[Turn]:
    """A name is told and asked for, with small talk between and no picture."""
    told = chatting.told(view, memory.tells_name)
    between = [chatting.told(view, view.rng.choice(_SMALL)) for _ in range(view.rng.choice((0, 1, 2)))]
    return [told, *between, chatting.told(view, memory.asks_name)]


def _greets(view: View) -> list[Turn]:
    """Small talk without a picture."""
    return [chatting.told(view, view.rng.choice((*_SMALL, smalltalk.who_are_you, smalltalk.goodbye)))]


PAPERS: dict[str, Paper] = {
    "colour of a single shape": Paper(_asked(looking.colour, 1), 0.95),
    "colour of a single shape on a noisy ground": Paper(_asked(looking.colour, 1, picture=_noisy), 0.9),
    "kind of a single shape": Paper(_asked(looking.shape, 1), 0.9),
    "number of shapes, one to four": Paper(_asked(looking.count, 1, 2, 3, 4), 0.85),
    "number of a kind or a colour": Paper(_asked(looking.count_of, 1, 2, 3, 4), 0.5),
    "colour of one of several shapes": Paper(_asked(looking.colour, 2, 3, 4), 0.85),
    "is there such a shape": Paper(_asked(looking.is_there, 1, 2, 3), 0.7),
    "describes one to three shapes, all right": Paper(_asked(looking.describe, 1, 2, 3), 0.85),
    "where a shape is": Paper(_asked(_clearly_placed, 1, 2, 3), 0.0),
    "which of two is bigger": Paper(_asked(looking.bigger, 2), 0.5),
    "reads one letter or digit": Paper(_letter, 0.85),
    "reads a number of one to four digits": Paper(_reads(True), 0.8),
    "reads a word that it has never seen": Paper(_reads(False), 0.45),
    "difference of two pictures": Paper(_compared(comparing.difference, _unequal), 0.8),
    "says that two pictures are the same": Paper(_compared(comparing.difference, _equal), 0.0),
    "difference of two words or numbers": Paper(_compared(comparing.difference, comparing.texts), 0.3),
    "what is in the first or the second picture": Paper(_compared(comparing.each), 0.8),
    "second question about a picture": Paper(_second_turn, 0.75),
    "question about a second picture": Paper(_second_picture, 0.75),
    "remembers a name over a picture": Paper(_name_over_a_picture, 0.8),
    "remembers a name without a picture": Paper(_name, 0.8),
    "small talk without a picture": Paper(_greets, 0.9),
    "says that there is no picture": Paper(lambda view: [chatting.no_picture(view)], 0.9),
}
"""The kinds of questions."""
