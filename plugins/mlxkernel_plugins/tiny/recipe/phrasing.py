"""Phrases with choices in them: `[Hi|Hello] there` stands for two sentences."""

from __future__ import annotations

import random
import re

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def choose(rng: random.Random, phrase: str, **slots: object) -> str:
    """Return `phrase` with one option taken from each `[a|b|c]`, innermost first, and then `{slot}` filled
    in.

    Slots are filled last, so that a value may hold brackets and bars of its own.
    """
    while match := _CHOICE.search(phrase):
        option = rng.choice(match.group(1).split("|"))
        phrase = phrase[: match.start()] + option + phrase[match.end() :]
    return phrase.format(**slots) if slots else phrase


def one_of(rng: random.Random, phrases: tuple[str, ...], **slots: object) -> str:
    """Return one of `phrases` by `choose`."""
    return choose(rng, rng.choice(phrases), **slots)


def capital(text: str) -> str:
    """Return `text` with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """Return the noun with "a" or "an" before it."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def listed(items: list[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def casual(rng: random.Random, text: str) -> str:
    """Return the text as a hurried person types it: at times without its last mark or its capital letter.

    Only the first letter changes case, so that names in the text stay as they are.
    """
    if rng.random() < 0.2:
        text = text.rstrip(".?!")
    if rng.random() < 0.25 and not text.startswith("I "):
        text = text[:1].lower() + text[1:]
    return text


def hurried(rng: random.Random, text: str) -> str:
    """Return the text as `casual` does, and at times all in lower case: for texts whose names are not
    copied.
    """
    text = casual(rng, text)
    return text.lower() if rng.random() < 0.1 else text
