"""Questions about two pictures in one message: what differs between them, and what is in each."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ..conversation import Turn
from ..scenes import SHAPES, TINTS, Item, Picture, captioned, ground, item, placed, shapes, tint
from ..view import View, counted, described, groups, holds

_WHAT = (
    "[What is|What's|Tell me|Find] the difference[ between the [pictures|images]| between [them|these two]|][?|]",
    "[What is|What's] different[ in the second [picture|image]| between the [two |]pictures|][?|]",
    "What [changed|has changed|differs][ between [them|the pictures]|][?|]",
    "[Compare|Please compare] the [two |][pictures|images][.|]",
    "[How|In what] do [they|the two pictures|these images] differ?",
    "[Compare them|Compare these|Spot the difference|Do you see a difference][.|]",
    "[Is there|Do you see] [a|any] difference[ between them|]?",
    "Are [they|the pictures|these|the two images|these two] [the same|equal|identical][?|]",
    "Do [they|the pictures] show the same?",
)
_EACH = (
    "What is in the {which} [picture|image|one]?",
    "[Describe|Tell me about] the {which} [picture|image|one][.|]",
    "What does the {which} [picture|image] show?",
)
_BOTH = (
    "[Describe both|Describe the two pictures|What do you see in each picture|What is in the pictures][.|?|]",
    "What do [the pictures|these images|they] show?",
)
_WHICH = (
    "Which [picture|image|one] [has|shows|contains] {one}?",
    "In which [picture|image] is [there |]{one}?",
    "Where is {one}, in the first or the second picture?",
)
_MORE = (
    "Which [picture|image|one] [has|shows] more shapes?",
    "In which [picture|image] are there more [shapes|things]?",
)


@dataclass(frozen=True)
class Pair:
    """Two pictures, what differs between them in words, and whether nothing does."""

    first: Picture
    second: Picture
    change: str
    same: bool = False

    @property
    def both(self) -> str:
        """What is in each of them."""
        return f"The first picture shows {_all(self.first)}, the second {_all(self.second)}."


def _all(picture: Picture) -> str:
    return described(picture) or "nothing"


def _other(rng: random.Random, names: tuple[str, ...], but: set[str]) -> str:
    return rng.choice([name for name in names if name not in but])


def _moved(rng: random.Random, picture: Picture) -> Picture:
    """Return the same picture once more: drawn again with other noise, at times on another ground."""
    if rng.random() < 0.7:
        return replace(picture, seed=rng.getrandbits(31))
    seen = [one.rgb for one in picture.items]
    if picture.caption:
        seen.append(picture.caption.rgb)
    return replace(picture, ground=ground(rng, seen), seed=rng.getrandbits(31))


def _with(picture: Picture, index: int, changed: Item) -> Picture:
    items = list(picture.items)
    items[index] = changed
    return replace(picture, items=tuple(items))


def _stands_out(rng: random.Random, picture: Picture) -> Picture:
    """Return the picture on a ground that all its shapes stand out from."""
    return replace(picture, ground=ground(rng, [one.rgb for one in picture.items]))


def _became(old: Item, new: Item) -> str:
    return f"The {old.called} became {counted(1, new.kind, new.colour)}."


def _colour_changed(rng: random.Random, picture: Picture) -> Pair:
    index = rng.randrange(len(picture.items))
    old = picture.items[index]
    colour = _other(rng, tuple(TINTS), {one.colour for one in picture.items})
    new = replace(old, colour=colour, rgb=tint(rng, colour))
    second = _stands_out(rng, _with(picture, index, new))
    return Pair(replace(picture, ground=second.ground), _moved(rng, second), _became(old, new))


def _kind_changed(rng: random.Random, picture: Picture) -> Pair:
    index = rng.randrange(len(picture.items))
    old = picture.items[index]
    new = replace(old, kind=_other(rng, SHAPES, {one.kind for one in picture.items}), turn=0.0)
    return Pair(picture, _moved(rng, _with(picture, index, new)), _became(old, new))


def _one_more(rng: random.Random, picture: Picture) -> Pair | None:
    radius = rng.uniform(0.1, 0.17)
    at = placed(rng, list(picture.items), radius, picture.width, picture.height)
    named = {one.called for one in picture.items}
    added = item(rng, rng.choice(SHAPES), rng.choice(tuple(TINTS)), *(at or (0.5, 0.5)), radius)
    if at is None or added.called in named:
        return None
    more = _stands_out(rng, replace(picture, items=(*picture.items, added)))
    fewer = _moved(rng, replace(picture, ground=more.ground))
    one = counted(1, added.kind, added.colour)
    if rng.random() < 0.5:
        return Pair(fewer, more, f"The second also has {one}.")
    return Pair(more, fewer, f"The first also has {one}.")


def texts(view: View) -> Pair:
    """Return two pictures of different texts."""
    while True:
        first, second = (captioned(view.rng, view.part, beside=False) for _ in range(2))
        if first.caption and second.caption and first.caption.text != second.caption.text:
            return Pair(first, second, f"{first.caption.text} became {second.caption.text}.")


def pair(view: View, same: float = 0.15) -> Pair:
    """Return two pictures of shapes that differ in one thing, or (with the chance `same`) in none."""
    rng = view.rng
    if rng.random() < same:
        picture = shapes(rng, rng.choice((1, 2, 3)))
        return Pair(picture, _moved(rng, picture), "They are the same.", same=True)
    while True:
        picture = shapes(rng, rng.choice((1, 1, 2, 2, 3)))
        if len({one.kind for one in picture.items}) < len(picture.items):
            continue
        change = rng.choice((_colour_changed, _colour_changed, _kind_changed, _kind_changed, _one_more))
        if changed := change(rng, picture):
            return changed


def difference(view: View, shown: Pair) -> Turn:
    """What differs? What is in each is said first, since the answer follows from it."""
    return view.turn(_WHAT, f"{shown.both} {shown.change}", ((shown.change,),))


def each(view: View, shown: Pair) -> Turn:
    """What is in one of them?"""
    which = view.rng.choice(("first", "second"))
    picture = shown.first if which == "first" else shown.second
    return view.turn(_EACH, f"I see {described(picture)}.", holds(picture), which=which)


def both(view: View, shown: Pair) -> Turn:
    """What is in each of them?"""
    return view.turn(_BOTH, shown.both, (*holds(shown.first), *holds(shown.second)))


def which_has(view: View, shown: Pair) -> Turn | None:
    """Which of them shows such a shape?"""
    first, second = ({(kind, colour) for kind, colour, _ in groups(p)} for p in (shown.first, shown.second))
    only = [(one, "first") for one in sorted(first - second)] + [(one, "second") for one in sorted(second - first)]  # fmt: skip
    if not only:
        return None
    (kind, colour), which = view.rng.choice(only)
    other = "second" if which == "first" else "first"
    one = counted(1, kind, colour)
    answer = f"The {which} picture shows {one}."
    return view.turn(_WHICH, answer, ((which,),), (other,), one=one)


def more(view: View, shown: Pair) -> Turn | None:
    """Which of them shows more?"""
    one, two = len(shown.first.items), len(shown.second.items)
    if one == two:
        return None
    which, other = ("first", "second") if one > two else ("second", "first")
    return view.turn(_MORE, f"The {which} picture has more shapes.", ((which,),), (other,))


def unlike(view: View) -> Pair:
    """Return two pictures that have nothing to do with each other, for questions about each."""
    rng = view.rng
    first, second = (
        captioned(rng, view.part) if rng.random() < 0.2 else shapes(rng, rng.choice((1, 1, 2, 3)))
        for _ in range(2)
    )
    return Pair(first, second, "")
