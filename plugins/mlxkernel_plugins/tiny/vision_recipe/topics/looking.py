"""Questions about one picture: what it shows, in which colours, how many, where, and what it says."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from ...recipe.phrasing import capital, listed
from ..conversation import Turn
from ..scenes import SHAPES, TINTS
from ..view import (
    NUMBERS,
    View,
    alone,
    alone_in_colour,
    counted,
    described,
    holds,
    kind_of_text,
    place,
    plural,
)

_THING = "[picture|image|picture|photo]"
_COLOR = "[colour|color]"
_HERE = "[ in the picture| in this image| here| there|||]"

_DESCRIBE = (
    f"[Describe|Please describe|Can you describe] [the|this] {_THING}[.|]",
    "What do you see[ here| in the picture| in this image|]?",
    f"What is [in|on] [the|this] {_THING}?",
    f"What does [the|this] {_THING} show?",
    "[What is this|What's this|What is that|What's here|What is here|What can you see][?|]",
    f"Tell me what [you see|is in the {_THING}].",
    "[Describe it|Look|Look at this|Describe|What about this one|And this one]?",
    "[What is in it|What can be seen|What's in this image|What is shown]?",
)
_COLOUR_OF = (
    f"What {_COLOR} is the {{kind}}{_HERE}?",
    f"[Which|What] {_COLOR} [has the {{kind}}|does the {{kind}} have]?",
    f"[What is|What's|Tell me|Name] the {_COLOR} of the {{kind}}[?|]",
    f"What is the {{kind}}'s {_COLOR}?",
    f"The {{kind}}: [what|which] {_COLOR}?",
)
_COLOUR_OF_IT = (
    f"What {_COLOR} is [it|this|that|the shape|this shape]?",
    f"[Which|And what|And which] {_COLOR}[ is it|]?",
    f"[What is|What's|Tell me|Name] [its|the] {_COLOR}[?|]",
    f"What {_COLOR} [does it have|do you see]?",
    f"[What is|What's] the {_COLOR} of [it|this|the shape]{_HERE}?",
)
_COLOURS = (
    f"[Which|What] {_COLOR}s [do you see|are there|are in the {_THING}|can you see]?",
    f"[Name|List|Tell me] [the|all] {_COLOR}s[.|]",
)
_SHAPE = (
    "[What|Which] shape is [it|this|that|in the picture]?",
    "[What|Which] [shape|form|figure] do you see?",
    f"[What|Which] shape is there{_HERE}?",
    "What is this shape[ called|]?",
    "[What is|What's|Name] the shape[?|]",
    "[And what|And which|What] shape[ is it|]?",
    "What kind of shape is [it|this]?",
)
_SHAPE_OF = (
    "[What|Which] shape is {colour}?",
    "What is {colour}[ here| in the picture|]?",
    "[What|Which] shape is the {colour} [one|thing|shape]?",
    "[What is|What's] the {colour} [one|thing|shape]?",
)
_BOTH = (
    f"[What|Which] shape and [what |which |]{_COLOR} is [it|this]?",
    f"[Name|Tell me] [the|its] shape and [the |its |]{_COLOR}[.|]",
    f"[Name|Tell me] [the|its] {_COLOR} and [the |its |]shape[.|]",
)
_SHAPES = (
    "[What|Which] shapes [do you see|are there|are in the picture|can you see]?",
    "[Name|List] [the|all] shapes[.|]",
)
_COUNT = (
    "How many [shapes|things|objects|figures|forms][ are there| do you see| are in the picture| can you see|]?",
    f"How many [shapes|objects] [are there|can you see]{_HERE}?",
    "[Count|Please count] the [shapes|things|objects|figures][.|]",
    "[What is|What's] the number of [shapes|things|objects]?",
    "How many [are there|do you see][ in all|]?",
)
_COUNT_OF = (
    "How many {kinds}[ are there| do you see| are in the picture| can you see|]?",
    f"How many {{kinds}} [are there|can you see]{_HERE}?",
    "[Count|Please count] the {kinds}[.|]",
    "[And how|How] many {kinds}?",
)
_IS_THERE = (
    f"Is there {{one}}{_HERE}?",
    "[Do|Can] you see {one}[ in the picture| here|]?",
    f"[Does|Has] the {_THING} [have|show|contain] {{one}}?",
    "[And is|Is] there {one}?",
)
_ANYTHING = (
    "Is there [anything|something] {colour}[ here| in the picture|]?",
    "[Do|Can] you see [anything|something] {colour}?",
    "Is [anything|something] {colour}?",
)
_IS_A: tuple[str, ...] = ("Is [it|this|that|the shape] {guess}?",)
_IS_IT: tuple[str, ...] = (*_IS_A, "Is the {kind} {guess}?")
_WHERE = (
    f"Where is the {{name}}{_HERE}?",
    "Where [do you see|can I find] the {name}?",
    "In which [place|part|corner] is the {name}?",
)
_LEFT = (
    "[What|Which shape] is [on|at] the {side}[ side|]?",
    "[What|Which shape] is [furthest|most] to the {side}?",
)
_BIGGER = (
    "Which [one|shape] is [bigger|larger]?",
    "Which is [bigger|larger], the {a} or the {b}?",
)
_SAYS = (
    "What does it say?",
    f"What does [the|this] {_THING} say?",
    "What is written [here|there|in the picture|]?",
    "[Read|Please read|Can you read] [it|this|the text|the word|what it says][.|?|]",
    "[What|Which] {sort} [is this|is it|do you see|is shown|is written here]?",
    "[What is|What's] the {sort}?",
    "What [word|text] is in the picture?",
)
_GROUND = (
    f"What {_COLOR} is the [background|ground]?",
    f"[What is|What's] the {_COLOR} of the background?",
    f"[Which|What] {_COLOR} is behind [it|them]?",
)


def describe(view: View) -> Turn | None:
    """What is in the picture?"""
    seen = described(view.picture)
    return view.turn(_DESCRIBE, f"I see {seen or 'nothing'}.", holds(view.picture) or (("nothing",),))


def colour(view: View) -> Turn | None:
    """Which colour has the shape, or one of several?"""
    items = alone(view.picture)
    if not items:
        return None
    item = view.rng.choice(items)
    if len(view.picture.items) == 1 and view.rng.random() < 0.6:
        return view.turn(_COLOUR_OF_IT, f"It is {item.colour}.", ((item.colour,),))
    answer = f"The {item.kind} is {item.colour}."
    return view.turn(_COLOUR_OF, answer, ((item.colour,),), kind=item.kind)


def colours(view: View) -> Turn | None:
    """Which colours are there?"""
    if not view.picture.items:
        return None
    names = list(dict.fromkeys(item.colour for item in view.picture.ordered))
    return view.turn(_COLOURS, f"I see {listed(names)}.", tuple((name,) for name in names))


def shape(view: View) -> Turn | None:
    """Which shape is it, or has one of several colours?"""
    items = alone_in_colour(view.picture)
    if not items:
        return None
    item = view.rng.choice(items)
    if len(view.picture.items) == 1 and view.rng.random() < 0.7:
        return view.turn(_SHAPE, f"It is a {item.kind}.", ((item.kind,),))
    answer = f"The {item.colour} shape is a {item.kind}."
    return view.turn(_SHAPE_OF, answer, ((item.kind,),), colour=item.colour)


def shape_and_colour(view: View) -> Turn | None:
    """Which shape and which colour is it?"""
    if len(view.picture.items) != 1:
        return None
    item = view.picture.items[0]
    return view.turn(_BOTH, f"It is {counted(1, item.kind, item.colour)}.", ((item.called,),))


def shape_kinds(view: View) -> Turn | None:
    """Which shapes are there?"""
    kinds = list(dict.fromkeys(item.kind for item in view.picture.ordered))
    if not kinds:
        return None
    numbers = {kind: sum(item.kind == kind for item in view.picture.items) for kind in kinds}
    answer = listed([counted(numbers[kind], kind) for kind in kinds])
    return view.turn(_SHAPES, f"I see {answer}.", tuple((kind, plural(kind)) for kind in kinds))


def count(view: View) -> Turn | None:
    """How many shapes are there?"""
    number = len(view.picture.items)
    answer = "There is one shape." if number == 1 else f"There are {NUMBERS[number]} shapes."
    return view.turn(_COUNT, answer, ((NUMBERS[number], str(number)),))


def count_of(view: View) -> Turn | None:
    """How many are of this kind or this colour?"""
    items = view.picture.items
    if not items:
        return None
    if view.rng.random() < 0.6:
        kind = view.rng.choice(items).kind if view.rng.random() < 0.75 else view.rng.choice(SHAPES)
        number = sum(item.kind == kind for item in items)
        one, many = kind, plural(kind)
    else:
        tint = view.rng.choice(items).colour if view.rng.random() < 0.75 else view.rng.choice(tuple(TINTS))
        number = sum(item.colour == tint for item in items)
        one, many = f"{tint} shape", f"{tint} shapes"
    answer = f"There is one {one}." if number == 1 else f"There are {NUMBERS[number]} {many}."
    return view.turn(_COUNT_OF, answer, ((NUMBERS[number], str(number)),), kinds=many)


def is_there(view: View) -> Turn | None:
    """Is there such a shape? Half of the time there is one; else kind or colour is another one's at times."""
    items = view.picture.items
    rng = view.rng
    if items and rng.random() < 0.5:
        found = rng.choice(items)
        kind, tint = found.kind, found.colour if rng.random() < 0.6 else ""
    else:
        kind = rng.choice(items).kind if items and rng.random() < 0.4 else rng.choice(SHAPES)
        tint = rng.choice(tuple(TINTS))
        if items and rng.random() < 0.4:
            tint = rng.choice(items).colour
        tint = tint if rng.random() < 0.6 else ""
    there = any(item.kind == kind and tint in ("", item.colour) for item in items)
    name = f"{tint} {kind}" if tint else kind
    number = sum(item.kind == kind and tint in ("", item.colour) for item in items)
    one = counted(1, kind, tint)
    if there:
        answer = f"Yes, there is {one}." if number == 1 else f"Yes, there are {counted(number, kind, tint)}."
        return view.turn(_IS_THERE, answer, (("yes",),), one=one)
    return view.turn(_IS_THERE, f"No, there is no {name}.", (("no",),), ("yes",), one=one)


def anything(view: View) -> Turn | None:
    """Is anything of this colour?"""
    items = alone_in_colour(view.picture)
    if not view.picture.items:
        return None
    if items and view.rng.random() < 0.5:
        item = view.rng.choice(items)
        answer = f"Yes, the {item.kind} is {item.colour}."
        return view.turn(_ANYTHING, answer, (("yes",),), colour=item.colour)
    tint = view.rng.choice([name for name in TINTS if all(name != i.colour for i in view.picture.items)])
    return view.turn(_ANYTHING, f"No, nothing is {tint}.", (("no",),), ("yes",), colour=tint)


def is_it(view: View) -> Turn | None:
    """Is it of this colour, or of this kind?"""
    if len(view.picture.items) != 1:
        return None
    item = view.picture.items[0]
    rng = view.rng
    if rng.random() < 0.5:
        guess = item.colour if rng.random() < 0.5 else rng.choice(tuple(TINTS))
        truth, answer, phrases = guess == item.colour, f"it is {item.colour}.", _IS_IT
    else:
        kind = item.kind if rng.random() < 0.5 else rng.choice(SHAPES)
        truth, answer, phrases = kind == item.kind, f"it is a {item.kind}.", _IS_A
        guess = f"a {kind}"
    said, other = ("Yes", "no") if truth else ("No", "yes")
    wanted = ((said.lower(),),)
    return view.turn(phrases, f"{said}, {answer}", wanted, (other,), guess=guess, kind=item.kind)


def where(view: View) -> Turn | None:
    """Where is it?"""
    items = alone(view.picture)
    if not items:
        return None
    item = view.rng.choice(items)
    at = place(item)
    name = item.kind if view.rng.random() < 0.6 else item.called
    return view.turn(_WHERE, f"The {item.kind} is {at}.", ((at,),), name=name)


def side(view: View) -> Turn | None:
    """What is on the left or on the right?"""
    items = view.picture.ordered
    if len(items) < 2:
        return None
    chosen = view.rng.choice(("left", "right"))
    item, next_to = (items[0], items[1]) if chosen == "left" else (items[-1], items[-2])
    if abs(item.x - next_to.x) < 0.12:
        return None
    answer = f"{capital(counted(1, item.kind, item.colour))} is on the {chosen}."
    return view.turn(_LEFT, answer, ((item.called,),), side=chosen)


def bigger(view: View) -> Turn | None:
    """Which of two shapes is the bigger one?"""
    items = view.picture.items
    if len(items) != 2 or items[0].kind == items[1].kind:
        return None
    small, big = sorted(items, key=lambda item: item.radius)
    if big.radius < 1.35 * small.radius:
        return None
    a, b = view.rng.sample((small.kind, big.kind), 2)
    return view.turn(_BIGGER, f"The {big.kind} is bigger.", ((big.kind,),), (f"{small.kind} is",), a=a, b=b)


def says(view: View) -> Turn | None:
    """What is written there?"""
    caption = view.picture.caption
    if caption is None:
        if view.rng.random() < 0.8:
            return None
        return view.turn(_SAYS[:4], "There is no text.", (("no",),))
    sort = kind_of_text(caption.text)
    phrases = _SAYS if sort in ("word", "number", "letter") else _SAYS[:4]
    return view.turn(phrases, f"It says {caption.text}.", ((caption.text,),), sort=sort)


def ground(view: View) -> Turn | None:
    """Which colour has the background? Asked where it is plain and has a name."""
    behind = view.picture.ground
    names = {(255, 255, 255): "white", (0, 0, 0): "black"}
    if behind.rgb != behind.below or behind.noise > 20 or behind.rgb not in names:
        return None
    name = names[behind.rgb]
    return view.turn(_GROUND, f"The background is {name}.", ((name,),))
