"""Saying after the user what they say: the school of copying, on which the memory for names rests."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from ..conversation import Exchange
from ..phrasing import casual, one_of
from ..scene import Scene
from ..words import city, nonsense


def repeat(scene: Scene) -> Exchange:
    """The user asks to have their words repeated."""
    rng = scene.rng
    text = nonsense(rng, scene.part, rng.randint(1, 7))
    for draw in (scene.name, lambda: city(rng, scene.part)):
        if rng.random() < 0.25:
            words = text.split()
            words.insert(rng.randrange(len(words) + 1), draw())
            text = " ".join(words)
    user = one_of(rng, (
        "[Repeat after me|Say after me|Repeat this|Please repeat|Repeat|Copy this|Say this|Echo|Please say]: {text}[.|]",
        "[Repeat|Say|Please say|Copy|Can you repeat|Can you say|Write] \"{text}\"[.|?|]",
        "[Repeat|Say] the words {text}.",
    ), text=text)  # fmt: skip
    return Exchange(casual(rng, user), text, f"I repeat: {text}", (text,))


def say_name(scene: Scene) -> Exchange:
    """The user asks for a greeting of somebody else."""
    name = scene.name()
    user = one_of(
        scene.rng,
        (
            "[Say hello|Say hi|Please say hello] to [my friend |my mother |my boss |]{name}[.|!|]",
            "[Greet|Welcome] {name}[.|!|]",
        ),
        name=name,
    )
    return Exchange(casual(scene.rng, user), f"Hello, {name}!", f"I greet {name}.", (name,))


def many_times(scene: Scene) -> Exchange:
    """The user wants a word two to five times."""
    rng = scene.rng
    word = nonsense(rng, scene.part, 1)
    count = rng.randint(2, 5)
    said = ("zero", "one", "two", "three", "four", "five")[count] if rng.random() < 0.5 else str(count)
    user = one_of(
        rng,
        ("[Say|Write|Repeat] [the word |]{w} {n} times[.|]", "[Say|Write] {n} times {w}[.|]"),
        w=word,
        n=said,
    )
    row = " ".join([word] * count)
    return Exchange(casual(rng, user), row, f"I say {word} {count} times.", (row,))


def reported(scene: Scene) -> Exchange:
    """A question about what somebody said in the very same message."""
    rng = scene.rng
    one, two = scene.name(), scene.name()
    first, second = nonsense(rng, scene.part, 1), nonsense(rng, scene.part, 1)
    verb = rng.choice(("has", "likes", "wants", "bought", "sees"))
    asked, thing = rng.choice(((one, first), (two, second)))
    tell = f"{one} {verb} the {first} and {two} {verb} the {second}."
    question = f"Who {verb} the {thing}?"
    return Exchange(
        f"{tell} {question}",
        f"{asked} {verb} the {thing}.",
        f"I look at the text. {asked} {verb} the {thing}.",
        (asked,),
    )
