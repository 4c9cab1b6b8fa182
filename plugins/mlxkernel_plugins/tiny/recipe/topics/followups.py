"""What comes later in the curriculum: corrections, second wishes, two facts at once, small stories with a sum in them."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from collections.abc import Callable

from ..conversation import Exchange
from ..facts import DEFINITIONS, KINDS, NUMBER_WORDS, OPPOSITES, RHYMES
from ..names import first_name
from ..phrasing import casual, hurried, one_of
from ..scene import Scene
from ..words import ADJECTIVES, ANIMALS, COLOURS, LOVABLE_OF, NOUNS, VERBS
from . import stories

_WORDS = tuple(
    sorted(
        {*ANIMALS, *COLOURS, *NOUNS, *VERBS, *ADJECTIVES, *NUMBER_WORDS, *LOVABLE_OF["training"]}
        | {word for group in (*KINDS.values(), *OPPOSITES, *RHYMES) for word in group}
    )
)
"""Every plain word that the generator knows."""


def another_story(scene: Scene) -> Exchange:
    """The user wants one more story."""
    name = scene.rng.choice(("Mimi", "Toto", "Lulu", "Koko"))
    story = stories.body(scene.rng, name, "fox", stories.SHORT)
    user = one_of(
        scene.rng,
        (
            "[Tell me|Give me|And|Now|] [another|one more|a different|a new] [one|story][, please|][.|!|]",
            "[More|Again], please.",
        ),
    )
    return Exchange(hurried(scene.rng, user.strip()), story, "Another story.", (" fox called",))


def long_story(scene: Scene) -> Exchange:
    """The user wants a long story: two in a row about the same hero."""
    rng = scene.rng
    user = one_of(rng, ("[Tell me|Write|I want|Can you tell me] a [very |]long story[.|, please.|!|]",))
    name = first_name(rng, scene.part)
    story = stories.body(rng, name, "fox", stories.LONG)
    return Exchange(hurried(rng, user), story, "A long story about a fox.", (" fox called",))


def name_and_pet(scene: Scene) -> Exchange:
    """The user tells their name and a pet's in one message."""
    pet = scene.rng.choice(("dog", "cat"))
    scene.user = scene.name()
    scene.told[pet] = value = scene.name()
    user = one_of(scene.rng, (
        "[My name is|I am|I'm] {name}[,|] and my {pet} is [called|named] {value}[.|!|]",
        "[My name is|I am|I'm] {name}. I have a {pet} [called|named] {value}[.|!|]",
    ), name=scene.user, pet=pet, value=value)  # fmt: skip
    answer = f"Nice to meet you, {scene.user}! Your {pet} is called {value}."
    return Exchange(
        casual(scene.rng, user), answer, f"The user is {scene.user}, the {pet} is {value}.", (answer,)
    )


def correction(scene: Scene) -> Exchange:
    """The user gives another name than before; the newer one counts."""
    scene.user = scene.name()
    user = one_of(
        scene.rng,
        ("[No|Sorry|Oh no], my name is {name}[.|!|]", "[Actually|Now][,|] [I am|call me] {name}[.|!|]"),
        name=scene.user,
    )
    return Exchange(
        casual(scene.rng, user),
        f"Nice to meet you, {scene.user}!",
        f"The user is called {scene.user}.",
        (scene.user,),
    )


def is_my_name(scene: Scene) -> Exchange:
    """The user asks whether they are called so: yes, no, or nobody told."""
    asked = scene.user if scene.user and scene.rng.random() < 0.5 else scene.name()
    user = casual(scene.rng, one_of(scene.rng, ("[Is my name|Am I|Am I called] {name}?",), name=asked))
    if not scene.user:
        return Exchange(user, "You have not told me your name yet.", "Nobody has told me.", ("not told",))
    word = "Yes" if asked == scene.user else "No"
    thought = f"The user is called {scene.user}."
    return Exchange(
        user, f"{word}, your name is {scene.user}.", thought, (f"{word}, your name is {scene.user}.",)
    )


def gibberish(scene: Scene) -> Exchange:
    """The user types something that is no sentence."""
    rng = scene.rng
    letters = "".join(rng.choice("asdfghjklqwertzuiopyxcvbnm") for _ in range(rng.randint(4, 9)))
    user = rng.choice(
        (letters, letters, letters.upper(), "?", "??", "...", "!", "???", str(rng.randint(0, 9999)))
    )
    return Exchange(user, "I am sorry. Please ask me again.", "I do not understand this.", ("ask me again",))


def counting_in_words(scene: Scene) -> Exchange:
    """The user says in a word how far to count."""
    last = scene.rng.randint(2, 12)
    user = one_of(
        scene.rng,
        ("[Count|Please count|Count up|Can you count] [from one |]to {b}[.|]",),
        b=NUMBER_WORDS[last],
    )
    row = ", ".join(str(n) for n in range(1, last + 1))
    return Exchange(hurried(scene.rng, user), f"{row}.", f"I count from 1 to {last}.", (f"{row}.",))


def sum_in_words(scene: Scene) -> Exchange:
    """A sum told as a small story."""
    rng = scene.rng
    a, b = rng.randint(1, 10), rng.randint(1, 10)
    thing = f"{rng.choice([n for n in NOUNS if n[-1] not in 'sfhxye'])}s"
    if rng.random() < 0.6 or a == b:
        result, sign = a + b, "plus"
        user = one_of(
            rng,
            ("I have {a} {t} and [get|find|buy] {b} more. How many {t} do I have[ now|]?",),
            a=a,
            b=b,
            t=thing,
        )
    else:
        a, b = max(a, b), min(a, b)
        result, sign = a - b, "minus"
        user = one_of(
            rng,
            ("I have {a} {t} and [lose|give away|sell] {b}. How many {t} do I have[ left| now|]?",),
            a=a,
            b=b,
            t=thing,
        )
    return Exchange(
        user, f"You have {result} {thing}.", f"{a} {sign} {b} is {result}.", (f"have {result} {thing}",)
    )


def small_wish(scene: Scene) -> Exchange:
    """A wish for a few lines of verse, in other words than those of small talk."""
    user = one_of(
        scene.rng,
        (
            "[Write|Compose|Make up|Give me] [me |]a [haiku|rhyme|verse|short poem|poem about the night][.|, please.|]",
        ),
    )
    answer = "The moon is bright, the night is deep, the stars are out, and now I sleep."
    return Exchange(hurried(scene.rng, user), answer, "The user wants a poem.", ("moon",))


def _sentence(scene: Scene) -> str:
    """Return an ordinary sentence, word or row of words, which may begin with any word."""
    rng = scene.rng
    return one_of(rng, (
        "[the|a|my|this|that|one|every|no] {a} {n} {v} [in|on|under|over|near|with] [the|a|my] {m}",
        "[I|we|you|they] [like|have|see|want|know] [the|a|my|your] {a} {n}",
        "[The|A|My|This|That|One|Every|No] {n} {v}[ and {v}| today| at night|]",
        "{w}", "{w} and {x}", "{w} {x} {y}", "{d}", "{n}", "{w} is {a}",
        "[hello|good morning|thank you|yes|no|I am here|it is {a}|what is {w}|how are you] [world|my friend|{n}|{name}]",
    ), a=rng.choice(ADJECTIVES), n=rng.choice(NOUNS), m=rng.choice(NOUNS), v=rng.choice(VERBS), w=rng.choice(_WORDS),
       x=rng.choice(_WORDS), y=rng.choice(_WORDS), d=rng.choice(tuple(DEFINITIONS.values())), name=scene.name())  # fmt: skip


def repeat_anything(scene: Scene) -> Exchange:
    """The user has an ordinary sentence repeated."""
    text = _sentence(scene)
    user = one_of(scene.rng, (
        "[Repeat after me|Say after me|Repeat this|Please repeat|Repeat|Say|Please say|Echo]: {text}",
        "[Repeat|Say|Please say|Can you say|Write] \"{text}\"[.|]",
        "[Repeat after me|Please repeat after me], {text}",
    ), text=text)  # fmt: skip
    return Exchange(casual(scene.rng, user) if text[-1] != "." else user, text, f"I repeat: {text}", (text,))


def word_many_times(scene: Scene) -> Exchange:
    """The user wants an ordinary word two to five times."""
    rng = scene.rng
    word, count = rng.choice(_WORDS), rng.randint(2, 5)
    said = NUMBER_WORDS[count] if rng.random() < 0.6 else str(count)
    user = one_of(
        rng,
        ("[Say|Write|Repeat] [the word |]{w} {n} times[.|]", "[Say|Write] {n} times {w}[.|]"),
        w=word,
        n=said,
    )
    row = " ".join([word] * count)
    return Exchange(casual(rng, user), row, f"I say {word} {count} times.", (row,))


def counting_far(scene: Scene) -> Exchange:
    """The user wants to hear more numbers than twenty."""
    last = (
        scene.rng.choice((25, 30, 35, 40, 50, 60, 100))
        if scene.rng.random() < 0.5
        else scene.rng.randint(21, 45)
    )
    user = one_of(scene.rng, ("[Count|Please count|Can you count|Count up] [from 1 |]to {b}[.|]",), b=last)
    row = ", ".join(str(n) for n in range(1, last + 1))
    return Exchange(casual(scene.rng, user), f"{row}.", f"I count from 1 to {last}.", (f"{row}.",))


FOLLOW_UPS: tuple[tuple[Callable[[Scene], Exchange], float], ...] = (
    (another_story, 2), (long_story, 1.5), (name_and_pet, 2), (correction, 1.5), (is_my_name, 3), (gibberish, 2),
    (counting_in_words, 2), (sum_in_words, 4), (small_wish, 1),
    (repeat_anything, 6), (word_many_times, 2), (counting_far, 1.5),
)  # fmt: skip
"""The topics of this module with their weights."""
