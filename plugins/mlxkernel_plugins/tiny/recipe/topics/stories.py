"""Short stories of four or five sentences about a hero that the user may choose."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import random

from ..conversation import Exchange
from ..names import first_name
from ..phrasing import casual, one_of, with_article
from ..scene import Scene
from ..words import ADJECTIVES, ANIMALS, NOUNS

_HEROES = (
    *ANIMALS,
    "king",
    "queen",
    "girl",
    "boy",
    "robot",
    "baker",
    "farmer",
    "dragon",
    "witch",
    "sailor",
    "princess",
    "knight",
)
_ASK = (
    "[Tell me|Write|Please tell me|Can you tell me|I want|Give me|Make up] a [short |little |nice |funny |]story about {hero}[.|, please.|]",
    "A [short |]story about {hero}[, please|].",
)
_ASK_ANY = (
    "[Tell me|Write|Please tell me|Can you tell me|I want|Give me|Do you know] a [short |little |nice |funny |bedtime |]story[.|, please.|]",
    "[Another story|One more story|A story], please.",
)
_BEGIN = (
    "Once upon a time there was {adj_hero} called {name}.",
    "Once there lived {adj_hero} called {name}.",
)
_PROBLEM = (
    "One day {name} [lost|could not find] a {noun} and was very sad.",
    "One day {name} found a {adj} {noun} [in the forest|by the river|on the hill].",
    "{name} wanted to see the [sea|moon|big city|mountains] more than anything else.",
    "{name} had no friends and felt [alone|sad].",
)
_MIDDLE = (
    "So {name} walked and walked [for three days|until the night came|over the hills].",
    'On the way {name} met a {adj2} {animal} who said: "I can help you!"',
    "Then a {adj2} {animal} came and sat down beside {name}.",
    "{name} asked a {adj2} {animal} for help.",
)
_END = (
    "Together they [found|went home with|shared] the {noun}, and they were happy.",
    "From that day on the two were [best |good |]friends.",
    "In the end {name} was happy and [went home|fell asleep|sang a song].",
)


SHORT = (_BEGIN, _PROBLEM, _MIDDLE, _END)
"""The sentences of a short story."""
LONG = (_BEGIN, _PROBLEM, _MIDDLE, _PROBLEM, _MIDDLE, _PROBLEM, _MIDDLE, _END)
"""The sentences of a long one."""


def body(rng: random.Random, name: str, hero: str, sentences: tuple[tuple[str, ...], ...]) -> str:
    """Return a story about `hero` called `name`, with one sentence out of each group."""
    slots = {
        "name": name,
        "adj_hero": with_article(f"{rng.choice(ADJECTIVES[:12])} {hero}"),
        "noun": rng.choice(NOUNS),
        "adj": rng.choice(ADJECTIVES),
        "adj2": rng.choice(ADJECTIVES[:12]),
        "animal": rng.choice(ANIMALS),
    }
    return " ".join(one_of(rng, group, **slots) for group in sentences)


def story(scene: Scene) -> Exchange:
    """The user asks for a story, with or without saying about whom."""
    rng = scene.rng
    hero = rng.choice(_HEROES)
    named = rng.random() < 0.75
    name = first_name(rng, scene.part)
    if rng.random() < 0.2 and named:
        subject = f"{with_article(hero)} [called|named] {name}"
    else:
        subject = with_article(hero) if rng.random() < 0.8 else f"the {hero}"
        name = rng.choice(("Mimi", "Toto", "Lulu", "Koko"))
    user = casual(
        rng,
        one_of(rng, _ASK, hero="\0").replace("\0", one_of(rng, (subject,)))
        if named
        else one_of(rng, _ASK_ANY),
    )
    hero_noun = hero if named else "fox"
    text = body(rng, name, hero_noun, SHORT)
    return Exchange(user, text, f"A story about {with_article(hero_noun)}.", (f" {hero_noun} called",))
