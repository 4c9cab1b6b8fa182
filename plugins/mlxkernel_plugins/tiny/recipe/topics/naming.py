"""Names of functions and of their parameters: put together from words, in four spellings, split in two parts.

A name belongs to the training or to the held-out part by the checksum of its words, so that the evaluation
meets names (and some of the words in them) that no training text ever had.
"""

# ruff: noqa: E501  (rows of words)

from __future__ import annotations

import random
from typing import Literal

from ..names import Part, part_of

GET: tuple[str, ...] = (
    "get", "fetch", "find", "lookup", "look_up", "check", "read", "show", "retrieve", "query", "request", "load",
    "ask", "tell", "give", "search", "view", "return", "pull", "obtain", "get_current", "collect", "see", "report",
)  # fmt: skip
"""Verbs of functions that only look something up."""

SET: tuple[str, ...] = (
    "set", "change", "update", "switch", "adjust", "put", "control", "make", "modify", "configure", "apply", "turn",
)  # fmt: skip
CREATE: tuple[str, ...] = (
    "create", "add", "make", "new", "set", "schedule", "save", "register", "start", "insert", "store", "open",
)  # fmt: skip
SEND: tuple[str, ...] = (
    "send",
    "write",
    "post",
    "deliver",
    "push",
    "compose",
    "submit",
    "transmit",
    "mail",
    "dispatch",
)

_ENDINGS = (
    "tool",
    "now",
    "api",
    "service",
    "v2",
    "info",
    "data",
    "function",
    "for_user",
    "request",
    "helper",
    "action",
)
_AFFIXES = (
    "{}_name", "my_{}", "target_{}", "{}_value", "input_{}", "{}_arg", "the_{}", "{}_text", "user_{}", "{}_1", "new_{}",
    "{}_param", "requested_{}", "{}_field", "this_{}", "main_{}", "given_{}", "{}_id", "{}_info",
)  # fmt: skip

Spelling = Literal["snake", "camel", "kebab", "pascal"]


def spelt(words: str, spelling: Spelling) -> str:
    """Return words that underscores join in one of the four spellings."""
    pieces = words.split("_")
    if spelling == "snake":
        return words
    if spelling == "kebab":
        return "-".join(pieces)
    first = pieces[0] if spelling == "camel" else pieces[0].capitalize()
    return first + "".join(piece.capitalize() for piece in pieces[1:])


def spelling(rng: random.Random) -> Spelling:
    """Return a spelling; six of ten are snake_case."""
    return rng.choices(("snake", "camel", "kebab", "pascal"), (6, 2, 1, 0.4))[0]


def function_name(rng: random.Random, part: Part, verbs: tuple[str, ...], nouns: tuple[str, ...]) -> str:
    """Return the words of a function's name, such as `get_weather`: a verb, a noun and at times an ending."""
    while True:
        noun, draw = rng.choice(nouns), rng.random()
        words = noun if draw < 0.08 or not verbs else f"{rng.choice(verbs)}_{noun}"
        if draw > 0.85:
            words = f"{words}_{rng.choice(_ENDINGS)}"
        if part_of(words) == part:
            return words


def parameter_name(rng: random.Random, part: Part, bases: tuple[str, ...]) -> str:
    """Return a parameter's name: one of `bases`, or one with something before or behind it.

    A base whose own checksum is held out never stands in the training, in no combination.
    """
    while True:
        base = rng.choice(bases)
        words = rng.choice(_AFFIXES).format(base) if rng.random() < 0.25 else base
        held_out = "held-out" in (part_of(base), part_of(words))
        if held_out == (part == "held-out"):
            return words
        if part == "held-out" and rng.random() < 0.5:
            words = rng.choice(_AFFIXES).format(base)
            if part_of(words) == part:
                return words
