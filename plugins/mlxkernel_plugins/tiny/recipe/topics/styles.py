"""System prompts that set a style: capital letters, one word, a word at the beginning or at the end."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from collections.abc import Callable

from ..conversation import Exchange, Message
from ..phrasing import capital, one_of
from ..scene import Scene
from ..words import nonsense
from . import knowledge, memory, smalltalk, sums

Style = Callable[[str, Exchange], str]

_PLAIN = (
    smalltalk.how_are_you, smalltalk.thanks, smalltalk.who_are_you, knowledge.capital_city, knowledge.colour,
    knowledge.opposite, knowledge.sound, knowledge.day, sums.small_sum, smalltalk.greeting,
)  # fmt: skip
_SHORT = (
    knowledge.capital_city,
    knowledge.colour,
    knowledge.opposite,
    sums.small_sum,
    knowledge.day,
    knowledge.sound,
)
_LOUD = (knowledge.capital_city, knowledge.colour, knowledge.opposite, smalltalk.how_are_you, sums.small_sum)
_CAPITALS = (
    "[Answer|Always answer|Write|Reply|Speak] in [capital letters|upper case|all capitals|capitals][ only|].",
    "[Use|Write] only [capital letters|upper case letters].", "Write everything in [upper case|capitals].",
)  # fmt: skip
_SMALL = (
    "[Answer|Always answer|Write|Reply] in [small letters|lower case][ only|].",
    "[Use|Write] [only |]no capital letters.",
)
_ONE = (
    "[Answer|Always answer|Reply] [in|with] [one|a single] word[ only|].", "[Answer|Reply] with just one word.", "Use one word[ for every answer|].",
)  # fmt: skip
_END = (
    "[End|Finish] [every|each] [answer|sentence|reply] with [the word |]\"{word}\".", "Always [end|finish] with the word {word}.",
    "[Say|Put] {word} at the end of [every|each] answer.",
)  # fmt: skip
_START = (
    "[Begin|Start] [every|each] [answer|reply] with [the word |]\"{word}\".", "Always [begin|start] with the word {word}.",
    "[Say|Put] {word} [before|at the beginning of] [every|each] answer.",
)  # fmt: skip
_TWICE = ("[Say|Write] everything twice.", "[Repeat every answer|Give each answer twice].")
_QUOTES = (
    "[Put|Write] [every|each] answer in [quotes|quotation marks].",
    "[Quote every answer|Use quotation marks around your answers].",
)


def core(exchange: Exchange) -> str:
    """Return the word that an answer is about, which is its last one: `Paris` of `The capital of France is Paris.`"""
    return capital(exchange.answer.rstrip(".!?").split()[-1])


def styled(scene: Scene) -> list[Message]:
    """A system prompt that sets a style, and one to three exchanges in it."""
    rng = scene.rng
    word = nonsense(rng, scene.part, 1) if rng.random() < 0.7 else scene.name()
    prompts, topics, shape = rng.choice((
        (_CAPITALS, _LOUD, lambda e: e.answer.upper()),
        (_CAPITALS, _LOUD, lambda e: e.answer.upper()),
        (_SMALL, _PLAIN, lambda e: e.answer.lower()),
        (_ONE, _SHORT, core),
        (_ONE, _SHORT, core),
        (_END, _PLAIN, lambda e: f"{e.answer} {capital(word)}."),
        (_END, _PLAIN, lambda e: f"{e.answer} {capital(word)}."),
        (_START, _PLAIN, lambda e: f"{capital(word)}. {e.answer}"),
        (_TWICE, _SHORT, lambda e: f"{e.answer} {e.answer}"),
        (_QUOTES, _PLAIN, lambda e: f'"{e.answer}"'),
    ))  # fmt: skip
    messages = [Message("system", one_of(rng, prompts, word=word))]
    for _ in range(rng.choice((1, 1, 2, 3))):
        exchange = rng.choice(topics)(scene)
        messages += [Message("user", exchange.user), Message("assistant", shape(exchange), exchange.thought)]
    return messages


def called_so(scene: Scene) -> list[Message]:
    """A system prompt that says how the user is to be called; the user asks later."""
    scene.user = scene.name()
    prompt = one_of(
        scene.rng,
        ("[Call the user|The user is called|You speak with|The name of the user is] {name}.",),
        name=scene.user,
    )
    exchange = scene.rng.choice((memory.asks_name, smalltalk.greeting))(scene)
    return [
        Message("system", prompt),
        Message("user", exchange.user),
        Message("assistant", exchange.answer, exchange.thought),
    ]
