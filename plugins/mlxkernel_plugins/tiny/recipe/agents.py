"""The last stage: functions of every kind, JSON answers, styles, and long talks in many more words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .conversation import Conversation, Exchange, Layout, Message
from .scene import Scene
from .topics import calling, chains, objects, offering, styles
from .topics.offering import Offered

Talk = Callable[[Scene], Exchange]


@dataclass(frozen=True)
class Drill:
    """How a stage practises functions.

    Attributes:
        layout: how the functions are shown.
        offered: how many are on offer.
        rounds: how many more wishes follow the first one (none: one, in every seventh conversation). They
            cost little beside the description of the functions, and each is one more choice to learn from.
        upto: below which draw a wish is for one call, several, the same again, none; above is chat.
        classics: how often the functions of every tutorial are on offer, under their usual names.
    """

    layout: Layout
    offered: tuple[int, ...]
    rounds: tuple[int, ...] = ()
    upto: tuple[float, float, float, float] = (0.46, 0.68, 0.74, 0.87)
    classics: float = 0.0


_CALCULATION = re.compile(r"\d|plus|minus|times|sum", re.IGNORECASE)
_OUTSIDE = re.compile(r"weather|time|clock|date|day is|rain|where are you", re.IGNORECASE)


def answerable(exchange: Exchange, tools: list[Offered]) -> bool:
    """Tell whether a piece of chat is to be answered without a call though these functions are on offer."""
    if any(tool.kind.calculates for tool in tools) and _CALCULATION.search(exchange.user):
        return False
    return not _OUTSIDE.search(exchange.user)


def _chat(scene: Scene, talk: Talk, tools: list[Offered], count: int) -> list[Message]:
    messages: list[Message] = []
    while len(messages) < 2 * count:
        exchange = talk(scene)
        if answerable(exchange, tools):
            messages += [
                Message("user", exchange.user),
                Message("assistant", exchange.answer, exchange.thought),
            ]
    return messages


def _used(scene: Scene, talk: Talk, tools: list[Offered], drill: Drill) -> list[Message]:
    """Return what happens with functions on offer: a call, several, the same again, none, or chat."""
    draw = scene.rng.random()
    turns = (calling.single, calling.parallel, calling.again, calling.nothing_fits)
    for turn, upto in zip(turns, drill.upto, strict=True):
        if draw < upto:
            return turn(scene, tools)
    return _chat(scene, talk, tools, scene.rng.choice((1, 2, 3)))


def with_tools(scene: Scene, talk: Talk, system: tuple[Message, ...], drill: Drill) -> Conversation:
    """Return a conversation with one to eight functions on offer, at times with chat around their use."""
    rng = scene.rng
    count = rng.choice(drill.offered)
    messages: list[Message] = []
    if rng.random() < 0.2:
        chain, tools = chains.offered(scene, count)
        used = chains.written(scene, chain, tools)
    else:
        usual = drill.classics > 0 and rng.random() < drill.classics
        tools = (offering.classics if usual else offering.offered)(scene, count)
        used = _used(scene, talk, tools, drill)
    if rng.random() < 0.2:
        messages += _chat(scene, talk, tools, rng.choice((1, 1, 2)))
    messages += used
    for _ in range(rng.choice(drill.rounds) if drill.rounds else int(rng.random() < 0.15)):
        messages += _used(scene, talk, tools, drill)
    if rng.random() < 0.15:
        messages += _chat(scene, talk, tools, 1)
    described = [tool.described() for tool in tools]
    rng.shuffle(described)
    return Conversation((*system, *messages), tuple(described), layout=drill.layout)


def object_or_style(scene: Scene) -> Conversation:
    """Return a conversation whose answers follow a described object or a style."""
    draw = scene.rng.random()
    if draw < 0.5:
        return Conversation(tuple(objects.extraction(scene)))
    if draw < 0.58:
        return Conversation(tuple(objects.wrapped(scene)))
    if draw < 0.92:
        return Conversation(tuple(styles.styled(scene)))
    return Conversation(tuple(styles.called_so(scene)))
