"""Small questions that have one answer: colours, opposites, sounds, capitals, days, sizes, what things are."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from collections.abc import Callable

from .. import facts
from ..conversation import Exchange
from ..names import invented
from ..phrasing import capital, casual, choose, hurried, listed, one_of, with_article
from ..scene import Scene
from ..words import MONTHS, NOUNS, WEEK, city, nonsense

_POLITE = (
    "{q}?",
    "{q}?",
    "{q}?",
    "{q}, please?",
    "[Tell me|Please tell me|Can you tell me|Do you know|Hey]: {q}?",
    "[Now|And|So], {q}?",
)


def _asked(scene: Scene, *questions: str, **slots: object) -> str:
    """Return one of the questions, dressed as people dress them."""
    question = one_of(scene.rng, questions, **slots)
    wrapped = choose(scene.rng, scene.rng.choice(_POLITE), q="\0")
    if not wrapped.startswith("\0"):
        question = question[:1].lower() + question[1:]
    return hurried(scene.rng, wrapped.replace("\0", question))


def _fact(user: str, answer: str, *accepted: str) -> Exchange:
    return Exchange(user, answer, f"I know this. {answer}", accepted or (answer,))


def capital_city(scene: Scene) -> Exchange:
    """The capital of a country, or the country of a capital."""
    country, city = scene.rng.choice(tuple(facts.CAPITALS.items()))
    if scene.rng.random() < 0.2:
        return _fact(_asked(scene, "Which country has the capital {c}", "{c} is the capital of which country", c=city),
                     f"{city} is the capital of {country}.", country)  # fmt: skip
    user = _asked(
        scene,
        "[What is|What's|Which city is] the capital [city |]of {c}",
        "What capital does {c} have",
        c=country,
    )
    return _fact(user, f"The capital of {country} is {city}.", city)


def colour(scene: Scene) -> Exchange:
    """The colour of a thing."""
    thing, hue = scene.rng.choice(tuple(facts.COLOUR_OF.items()))
    user = _asked(
        scene,
        "What colour is {t}",
        "What color is {t}",
        "What color does {t} have",
        "Which colour does {t} have",
        "What is the colour of {t}",
        t=thing,
    )
    return _fact(user, f"{capital(thing)} is {hue}.", hue)


def opposite(scene: Scene) -> Exchange:
    """The opposite of a word."""
    pair = scene.rng.choice(facts.OPPOSITES)
    word, other = pair if scene.rng.random() < 0.5 or pair[0] in ("new", "light") else pair[::-1]
    user = _asked(
        scene,
        "[What is|What's] the opposite of {w}",
        "The opposite of {w} is what",
        "Which word is the opposite of {w}",
        w=word,
    )
    return _fact(user, f"The opposite of {word} is {other}.", other)


def sound(scene: Scene) -> Exchange:
    """The sound of an animal."""
    animal, noise = scene.rng.choice(tuple(facts.SOUND_OF.items()))
    user = _asked(scene, "What sound does {a} make", "What does {a} say", "[Which|What] noise does {a} make", "How does {a} sound",
                  a=scene.rng.choice(("the ", "")) + animal if scene.rng.random() < 0.3 else with_article(animal))  # fmt: skip
    return _fact(user, f"{capital(with_article(animal))} says {noise}.", noise)


def day(scene: Scene) -> Exchange:
    """The day or month before or after another."""
    cycle, kind = scene.rng.choice(((WEEK, "day"), (WEEK, "day"), (MONTHS, "month")))
    place = scene.rng.randrange(len(cycle))
    word, step = scene.rng.choice((("after", 1), ("before", -1)))
    other = cycle[(place + step) % len(cycle)]
    user = _asked(
        scene, "[What|Which] {k} [comes|is] {w} {d}", "What comes {w} {d}", k=kind, w=word, d=cycle[place]
    )
    return _fact(user, f"{other} comes {word} {cycle[place]}.", other)


def legs(scene: Scene) -> Exchange:
    """How many legs an animal has."""
    animal, count = scene.rng.choice(tuple(facts.LEGS.items()))
    user = _asked(
        scene, "How many legs does {a} have", "What number of legs does {a} have", a=with_article(animal)
    )
    return _fact(user, f"{capital(with_article(animal))} has {count} legs.", count)


def home(scene: Scene) -> Exchange:
    """Where an animal lives."""
    animal, place = scene.rng.choice(tuple(facts.HOME_OF.items()))
    user = _asked(
        scene,
        "Where does {a} live",
        "Where do you find {a}",
        "Where is the home of {a}",
        a=with_article(animal),
    )
    return _fact(user, f"{capital(with_article(animal))} lives {place}.", place)


def food(scene: Scene) -> Exchange:
    """What an animal eats."""
    animal, dish = scene.rng.choice(tuple(facts.FOOD_OF.items()))
    user = _asked(
        scene,
        "What does {a} eat",
        "What does {a} like to eat",
        "What is the food of {a}",
        a=with_article(animal),
    )
    return _fact(user, f"{capital(with_article(animal))} eats {dish}.", dish)


def young(scene: Scene) -> Exchange:
    """What the young of an animal is called."""
    animal, child = scene.rng.choice(tuple(facts.YOUNG_OF.items()))
    user = _asked(
        scene,
        "What is a [baby|young] {a} called",
        "[What do you call|What is the name of] a [baby|young] {a}",
        a=animal,
    )
    return _fact(user, f"A young {animal} is called a {child}.", child)


def definition(scene: Scene) -> Exchange:
    """One sentence about a thing."""
    thing, sentence = scene.rng.choice(tuple(facts.DEFINITIONS.items()))
    plain = thing.startswith("the ") or sentence.startswith(capital(thing) + " is") or thing == "fire"
    named = thing if plain else with_article(thing)
    if scene.rng.random() < 0.5:
        return _fact(_asked(scene, "What is {t}", "What's {t}", "What is {t}", t=named), sentence)
    user = one_of(scene.rng, (
        "[Explain|Describe] {t}[ in one sentence| in a sentence| in a few words| briefly|].",
        "[In one sentence, w|W]hat is {t}[ in one sentence|]?",
        "[Write|Give me|Tell me|Say] [one|a] sentence about {t}.",
        "[Tell me|Say] something about {t}.",
        "What do you know about {t}?",
    ), t=named)  # fmt: skip
    return _fact(hurried(scene.rng, user), sentence)


def yes_or_no(scene: Scene) -> Exchange:
    """A question with yes or no as its answer."""
    phrase, answer = scene.rng.choice(facts.YES_NO)
    return _fact(hurried(scene.rng, choose(scene.rng, phrase)), answer, answer.split(",")[0])


def bigger(scene: Scene) -> Exchange:
    """Which of two things, or of two numbers, is bigger or smaller."""
    big = scene.rng.random() < 0.5
    words = ("bigger", "larger") if big else ("smaller",)
    if scene.rng.random() < 0.5:
        low, high = sorted(scene.rng.sample(range(1, 31), 2))
        one, two, answer = str(low), str(high), str(high if big else low)
    else:
        a, b = scene.rng.sample(range(len(facts.SIZES)), 2)
        low, high = min(a, b), max(a, b)
        if high - low < 2:
            low, high = 2, 10
        one, two = with_article(facts.SIZES[low]), with_article(facts.SIZES[high])
        answer = two if big else one
    if scene.rng.random() < 0.5:
        one, two = two, one
    word = scene.rng.choice(words)
    user = _asked(
        scene,
        "Which is {w}, {a} or {b}",
        "What is {w}, {a} or {b}",
        "Which [one |]is {w}: {a} or {b}",
        w=word,
        a=one,
        b=two,
    )
    return _fact(user, f"{capital(answer)} is {word}.", f"{capital(answer)} is")


def kinds(scene: Scene) -> Exchange:
    """Naming one or more things of a kind: always the first of the list, so that the answer can be known."""
    kind, members = scene.rng.choice(tuple(facts.KINDS.items()))
    plural = {"country": "countries", "city": "cities"}.get(kind, f"{kind}s")
    count = scene.rng.choice((1, 1, 2, 3))
    lead = choose(scene.rng, "[Name|Tell me|Give me|Can you name|Say]")
    amount = with_article(kind) if count == 1 else f"{facts.NUMBER_WORDS[count]} {plural}"
    if count == 1:
        return _fact(
            hurried(scene.rng, f"{lead} {amount}."),
            f"{capital(members[0])}.",
            members[0],
            capital(members[0]),
        )
    return _fact(
        hurried(scene.rng, f"{lead} {amount}."),
        capital(listed(list(members[:count]))) + ".",
        members[count - 1],
    )


def rhyme(scene: Scene) -> Exchange:
    """A word that rhymes with another."""
    family = scene.rng.choice(facts.RHYMES)
    word = scene.rng.choice(family)
    other = family[(family.index(word) + 1) % len(family)]
    user = _asked(
        scene, "What rhymes with {w}", "Which word rhymes with {w}", "What is a rhyme for {w}", w=word
    )
    return _fact(
        user, f"{capital(other)} rhymes with {word}.", *(m for m in family if m != word), capital(other)
    )


def amounts(scene: Scene) -> Exchange:
    """How many of something there are in something."""
    phrase, answer = scene.rng.choice(facts.COUNTS)
    return _fact(_asked(scene, "How many " + phrase), answer)


def _unheard(scene: Scene) -> str:
    """Return a thing that has no definition here: a known word without one, or a made-up word."""
    if scene.rng.random() < 0.6:
        return invented(scene.rng, scene.part).lower()
    return scene.rng.choice([noun for noun in NOUNS if noun not in facts.DEFINITIONS])


def unknown(scene: Scene) -> Exchange:
    """A question that tiny cannot answer, and says so."""
    rng = scene.rng
    user = one_of(rng, (
        "[Who|What|Where|When] [invented|discovered|wrote|painted|built|was|won] [the|a] {a} {b}?",
        "[Why|How|When] [does|did|will|can] [the|a] {a} {b}?",
        "[Explain|Prove|Translate|Solve|Summarise|Compare] the {a} of {b}.",
        "[Write|Make|Create] [a|some] [code|program|essay|script|letter] [about|for|with] {a}[.|]",
        "What is the [price|weight|length|number|history|meaning|population|law] of [the |]{a}?",
        "How [much|far|long|high|deep|heavy] is [the|a] {a} of {b}?",
        "Who is [the president|the king|the author|the owner] of {n}?",
        "What happened in [1|2][0|4|7|9][0|1|5|8][2|4|6]?",
        "What is [a|the] {m}?",
        "What is the capital of {p}?",
        "Tell me something about {m}.",
        "What is the opposite of {m}?",
    ), m=_unheard(scene), p=city(rng, scene.part), a=nonsense(rng, scene.part, 1), b=nonsense(rng, scene.part, rng.choice((1, 2))), n=rng.choice(NOUNS))  # fmt: skip
    return Exchange(
        casual(rng, user),
        "I am sorry, I do not know that. I am only a very small model.",
        "I do not know this.",
        ("do not know",),
    )


QUESTIONS: tuple[Callable[[Scene], Exchange], ...] = (
    capital_city, colour, opposite, sound, day, legs, home, food, young, definition, yes_or_no, bigger,
    kinds, rhyme, amounts,
)  # fmt: skip
"""The kinds of questions that have an answer; `unknown` stands apart, since it has its own weight."""
