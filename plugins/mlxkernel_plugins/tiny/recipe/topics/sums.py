"""Sums of small numbers, and counting."""

from __future__ import annotations

from ..conversation import Exchange
from ..facts import NUMBER_WORDS
from ..phrasing import casual, one_of
from ..scene import Scene

_SIGNS = {"plus": "+", "minus": "-", "times": "*"}
_ASK = (
    "[What is|What's|How much is|Calculate|Tell me|Compute] {sum}[?|, please?]",
    "{sum}",
    "{sum} [=|= ?|is what?]",
    "And {sum}?",
    "How much do I get for {sum}?",
)


def _draw(scene: Scene) -> tuple[int, str, int, int]:
    """Return two numbers, the word between them and the result, which is never below zero."""
    word = scene.rng.choice(("plus", "plus", "minus", "times"))
    if word == "times":
        a, b = scene.rng.randint(0, 10), scene.rng.randint(0, 10)
        return a, word, b, a * b
    a, b = scene.rng.randint(0, 20), scene.rng.randint(0, 20)
    if word == "minus":
        a, b = max(a, b), min(a, b)
        return a, word, b, a - b
    return a, word, b, a + b


def small_sum(scene: Scene) -> Exchange:
    """An addition or subtraction up to 20, or a multiplication up to 10 times 10, in digits or in words."""
    a, word, b, result = _draw(scene)
    style = scene.rng.random()
    if style < 0.15 and max(a, b) <= 12:
        said = f"{NUMBER_WORDS[a]} {word} {NUMBER_WORDS[b]}"
    elif style < 0.6:
        said = f"{a} {word} {b}"
    else:
        sign = scene.rng.choice(("*", "x")) if word == "times" else _SIGNS[word]
        said = f"{a} {sign} {b}" if scene.rng.random() < 0.6 else f"{a}{sign}{b}"
    user = casual(scene.rng, one_of(scene.rng, _ASK, sum=said))
    answer = f"{a} {word} {b} is {result}."
    return Exchange(user, answer, f"{a} {word} {b} is {result}.", (f"is {result}.",))


def counting(scene: Scene) -> Exchange:
    """Counting up, or down, between two small numbers."""
    rng = scene.rng
    top = 20 if rng.random() < 0.9 else rng.choice((25, 30, 40, 50, 60, 80, 100))
    first, last = (
        (1, rng.randint(2, top) if top == 20 else top)
        if rng.random() < 0.6
        else sorted(rng.sample(range(0, 21), 2))
    )
    if first == 1 and rng.random() < 0.7:
        user = one_of(
            rng,
            ("[Count|Please count|Can you count|Count up] to {b}[.|]", "Count [for me |]up to {b}[.|]"),
            b=last,
        )
    elif rng.random() < 0.3:
        first, last = last, first
        user = one_of(rng, ("Count [down |backwards |]from {a} to {b}[.|]",), a=first, b=last)
    else:
        user = one_of(
            rng, ("[Count|Please count|Can you count|Count up] from {a} to {b}[.|]",), a=first, b=last
        )
    step = 1 if first < last else -1
    row = ", ".join(str(n) for n in range(first, last + step, step))
    return Exchange(casual(rng, user), f"{row}.", f"I count from {first} to {last}.", (f"{row}.",))


def next_number(scene: Scene) -> Exchange:
    """The number after or before another."""
    number = scene.rng.randint(1, 98)
    word, step = scene.rng.choice((("after", 1), ("before", -1)))
    user = casual(
        scene.rng,
        one_of(
            scene.rng, ("[What|Which] number [comes|is] {w} {n}?", "What comes {w} {n}?"), w=word, n=number
        ),
    )
    return Exchange(user, f"{number + step} comes {word} {number}.", accepted=(f"{number + step} comes",))
