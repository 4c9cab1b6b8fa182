"""The mixture: which topics make a conversation, and how often. `conversation(seed, index)` is the whole
generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from . import agents
from .agents import Drill
from .conversation import Conversation, Exchange, Message, Thinking
from .names import Part
from .phrasing import one_of
from .scene import Scene
from .topics import copying, followups, knowledge, memory, rephrasing, smalltalk, stories, sums, tools

Topic = Callable[[Scene], Exchange]
Stage = Literal[
    "copying", "chat", "everything", "follow-ups", "agents", "practice", "drills", "rehearsal", "performance"
]
"""The curriculum: first how to copy, then how to chat, then tools and thinking too, follow-ups, agents.

Practice shows functions as the chat template does, drills are mostly functions, the rehearsal is all there
is, and the performance has more of the functions that are in every tutorial.
"""

SYSTEM = (
    "You are {name}[, a helpful assistant|, a friendly assistant|, a small language model|][.|]",
    "[Your name is|You are called|You are named|Act as] {name}."
    "[ Answer in one sentence.| Be kind.| Be helpful.|]",
)
SYSTEM_PLAIN = (
    "You are a [helpful|friendly|kind|useful|clever] assistant.",
    "[Be helpful|Answer in one sentence|Be brief|Be kind].",
)

_TALK: tuple[tuple[Topic, float], ...] = (
    (smalltalk.greeting, 5), (smalltalk.how_are_you, 3), (smalltalk.who_are_you, 5),
    (smalltalk.what_can_you_do, 2),
    (smalltalk.remark, 2), (smalltalk.thanks, 3), (smalltalk.goodbye, 2), (smalltalk.chatter, 10),
    (memory.tells_name, 10),
    (memory.asks_name, 10), (memory.tells_both, 3), (memory.tells_and_asks, 2),
    (memory.asks_all, 2), (memory.tells_love, 6), (memory.asks_love, 5), (memory.tells_more, 6),
    (memory.asks_more, 6),
    (sums.small_sum, 9), (sums.counting, 4), (sums.next_number, 2), (copying.repeat, 5),
    (copying.say_name, 2),
    (copying.many_times, 2), (copying.reported, 2), (stories.story, 3), (knowledge.unknown, 3),
    *((question, 2.2) for question in knowledge.QUESTIONS),
)  # fmt: skip
_ALL = (
    *_TALK, *followups.FOLLOW_UPS, (sums.small_sum, 8), (sums.next_number, 2), (copying.many_times, 2),
    (memory.asks_more, 3),
)  # fmt: skip
_FREELY = (*_ALL, *rephrasing.REPHRASED)
_PRACTICE = tuple((topic, weight) for topic, weight in _FREELY if topic is not followups.sum_in_words)
_COPY: tuple[tuple[Topic, float], ...] = (
    (memory.tells_name, 5), (memory.asks_name, 5), (memory.tells_both, 2), (memory.tells_and_asks, 2),
    (memory.tells_love, 4), (memory.asks_love, 4), (memory.tells_more, 4),
    (memory.asks_more, 4), (copying.repeat, 8), (copying.say_name, 4), (copying.many_times, 3),
    (copying.reported, 3),
    (smalltalk.greeting, 2), (smalltalk.who_are_you, 2), (sums.counting, 2),
)  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """What share of a stage's conversations are of which sort."""

    topics: tuple[tuple[Topic, float], ...]
    tools: float
    thinking: float
    plain: float
    turns: tuple[int, ...]
    shaped: float = 0.0
    drill: Drill | None = None


STAGES: dict[Stage, Shares] = {
    "copying": Shares(_COPY, tools=0.0, thinking=0.0, plain=0.0, turns=(1, 2, 2, 3)),
    "chat": Shares(_TALK, tools=0.0, thinking=0.06, plain=0.03, turns=(1, 1, 2, 3, 4, 5, 6)),
    "everything": Shares(_TALK, tools=0.2, thinking=0.12, plain=0.03, turns=(1, 1, 2, 3, 4, 5, 6, 8)),
    "follow-ups": Shares(_ALL, tools=0.28, thinking=0.12, plain=0.03, turns=(1, 1, 2, 3, 4, 5, 6, 8)),
    "agents": Shares(
        _FREELY,
        tools=0.58,
        thinking=0.16,
        plain=0.02,
        turns=(1, 1, 2, 2, 3, 4, 6, 8, 11, 15, 20),
        shaped=0.16,
        drill=Drill("name first", offered=(1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8)),
    ),
    "practice": Shares(
        _PRACTICE,
        tools=0.66,
        thinking=0.16,
        plain=0.01,
        turns=(1, 2, 2, 3, 4, 6, 8, 11, 15, 20),
        shaped=0.26,
        drill=Drill("description first", offered=(1, 1, 2, 3, 3, 4, 5, 6, 7, 8), rounds=(0, 1, 1, 2, 3, 4)),
    ),
    "drills": Shares(
        _PRACTICE,
        tools=0.8,
        thinking=0.16,
        plain=0.01,
        turns=(1, 2, 2, 3, 4, 6, 8, 11, 15, 20),
        shaped=0.6,
        drill=Drill("description first", offered=(1, 1, 2, 3, 3, 4, 5, 6, 7, 8), rounds=(0, 1, 1, 2, 3, 4)),
    ),
    "rehearsal": Shares(
        _PRACTICE,
        tools=0.7,
        thinking=0.16,
        plain=0.01,
        turns=(1, 2, 2, 3, 4, 6, 8, 11, 15, 20),
        shaped=0.45,
        drill=Drill(
            "description first",
            offered=(1, 1, 2, 3, 3, 4, 5, 6, 7, 8),
            rounds=(0, 1, 1, 2, 3, 4),
            upto=(0.38, 0.64, 0.68, 0.9),
        ),
    ),
    "performance": Shares(
        _PRACTICE,
        tools=0.7,
        thinking=0.16,
        plain=0.01,
        turns=(1, 2, 2, 3, 4, 6, 8, 11, 15, 20),
        shaped=0.45,
        drill=Drill(
            "description first",
            offered=(1, 1, 2, 3, 3, 4, 5, 6, 7, 8),
            rounds=(0, 1, 1, 2, 3, 4),
            upto=(0.38, 0.64, 0.68, 0.9),
            classics=0.35,
        ),
    ),
}


_NAMING = (
    memory.tells_name, memory.tells_both, memory.tells_and_asks, followups.name_and_pet,
    rephrasing.tells_name,
)  # fmt: skip


def _fitting(scene: Scene, topic: Topic) -> bool:
    """Tell whether the topic suits the scene: asking for what nobody told is kept rare, and telling comes
    once.
    """
    if topic in (memory.asks_name, rephrasing.asks_name) and not scene.user:
        return scene.rng.random() < 0.15
    if topic in (memory.asks_love, rephrasing.asks_love) and "love" not in scene.told:
        return scene.rng.random() < 0.15
    if topic is memory.asks_more and not (set(scene.told) - {"love"}):
        return scene.rng.random() < 0.15
    if topic is memory.asks_all and not scene.user and "love" not in scene.told:
        return scene.rng.random() < 0.15
    if topic is followups.correction and not scene.user:
        return False
    if topic is followups.is_my_name and not scene.user:
        return scene.rng.random() < 0.15
    if topic in _NAMING and scene.user:
        return scene.rng.random() < 0.1
    return True


def exchanges(scene: Scene, topics: tuple[tuple[Topic, float], ...], count: int) -> list[Exchange]:
    """Return `count` exchanges in one scene, so that later ones can go back to earlier ones."""
    functions, weights = zip(*topics, strict=True)
    written: list[Exchange] = []
    while len(written) < count:
        topic = scene.rng.choices(functions, weights)[0]
        if _fitting(scene, topic):
            written.append(topic(scene))
    return written


def _talk(scene: Scene, topics: tuple[tuple[Topic, float], ...]) -> Exchange:
    return exchanges(scene, topics, 1)[0]


def _messages(written: list[Exchange]) -> list[Message]:
    return [
        message
        for exchange in written
        for message in (
            Message("user", exchange.user),
            Message("assistant", exchange.answer, exchange.thought),
        )
    ]


def _system(scene: Scene) -> tuple[Message, ...]:
    """Return no system prompt, a plain one, or one that sets the assistant's name or tells the user's."""
    draw = scene.rng.random()
    if draw < 0.55:
        return ()
    if draw < 0.75:
        return (Message("system", one_of(scene.rng, SYSTEM_PLAIN)),)
    if draw < 0.95:
        scene.assistant = scene.name()
        return (Message("system", one_of(scene.rng, SYSTEM, name=scene.assistant)),)
    scene.user = scene.name()
    return (
        Message(
            "system",
            one_of(scene.rng, ("The user's name is {name}.", "You talk to {name}."), name=scene.user),
        ),
    )


def _thinking(rng: random.Random, share: float) -> Thinking:
    draw = rng.random()
    if draw < share:
        return "on"
    return "off" if draw < 1.5 * share else "unsaid"


def with_tools(scene: Scene, shares: Shares) -> Conversation:
    """Return a conversation with functions on offer: mostly used, at times just there while people chat."""
    rng = scene.rng
    system = _system(scene)
    draw = rng.random()
    if draw < 0.1:
        return Conversation((*system, *tools.without_tool(scene)))
    offered = rng.choice((1, 1, 1, 2))
    if draw < 0.3:
        chat = _messages(exchanges(scene, shares.topics, rng.choice((1, 2))))
        return Conversation(
            (*system, *chat), tuple(offer.described() for offer in tools.offers(scene, offered))
        )
    written = tools.tool_use(scene, offered, uses=1 if rng.random() < 0.8 else 2)
    return replace(written, messages=(*system, *written.messages))


def conversation(seed: str, index: int, stage: Stage = "follow-ups", part: Part = "training") -> Conversation:
    """Return conversation number `index` of the stream `seed`: the same arguments give the same text for
    ever.
    """
    rng = random.Random(f"{seed}/{stage}/{part}/{index}")
    shares = STAGES[stage]
    scene = Scene(rng, part)
    thinking = _thinking(rng, shares.thinking)
    if shares.drill and rng.random() < shares.tools:
        talk = partial(_talk, topics=shares.topics)
        return replace(agents.with_tools(scene, talk, _system(scene), shares.drill), thinking=thinking)
    if shares.drill and rng.random() < shares.shaped:
        return replace(agents.object_or_style(scene), thinking=thinking)
    if not shares.drill and rng.random() < shares.tools:
        return replace(with_tools(scene, shares), thinking=thinking)
    if rng.random() < shares.plain:
        return Conversation((), plain=scene.rng.choice((stories.story, knowledge.definition))(scene).answer)
    system = _system(scene)
    chat = exchanges(scene, shares.topics, rng.choice(shares.turns))
    return Conversation((*system, *_messages(chat)), thinking=thinking)
