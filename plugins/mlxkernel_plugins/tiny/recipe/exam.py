"""The exam: for each kind of skill how a held-out question is drawn, and what counts as a right answer."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .conversation import Conversation, Exchange, Message, Thinking
from .mixture import SYSTEM, Topic
from .phrasing import one_of
from .scene import Scene
from .topics import copying, followups, knowledge, memory, smalltalk, stories, sums, tools

_SMALL: tuple[Topic, ...] = (
    smalltalk.how_are_you, smalltalk.thanks, smalltalk.chatter, sums.small_sum, knowledge.colour,
    knowledge.opposite,
    knowledge.capital_city, knowledge.yes_or_no,
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """One question of the exam.

    Attributes:
        messages: what is sent, as OpenAI's `messages`; the last one asks.
        wanted: one of these texts must be in the answer; after thinking, in what follows the thoughts.
        tools: the functions on offer.
        thinking: the wish about thinking.
        call: the name and arguments of the one call that is right, where a call is wanted.
        no_call: whether any call at all is wrong.
    """

    messages: tuple[dict[str, Any], ...]
    wanted: tuple[str, ...]
    tools: tuple[dict[str, Any], ...] = ()
    thinking: Thinking = "unsaid"
    call: tuple[str, dict[str, Any]] | None = None
    no_call: bool = False

    def right(self, answer: str) -> bool:
        """Tell whether the answer is right."""
        if self.thinking == "on":
            thought, closed, answer = answer.partition("</think>")
            if not closed or not thought.strip():
                return False
        if self.thinking == "off" and "think>" in answer:
            return False
        if self.call is not None:
            return called(answer) == [self.call]
        if self.no_call and "<tool_call>" in answer:
            return False
        return not self.wanted or any(wanted in answer for wanted in self.wanted)


def called(answer: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that an answer makes; one that is not JSON counts as no call."""
    calls = []
    for piece in answer.split("<tool_call>")[1:]:
        try:
            call = json.loads(piece.split("</tool_call>")[0])
            calls.append((call["name"], call["arguments"]))
        except (ValueError, KeyError, TypeError):
            continue
    return calls


@dataclass(frozen=True)
class Paper:
    """One kind of question and the share of right answers below which the evaluation fails."""

    draw: Callable[[Scene], Question]
    threshold: float

    def write(self, seed: str, index: int) -> Question:
        """Return question number `index` of the exam `seed`."""
        return self.draw(Scene(random.Random(f"{seed}/{index}"), "held-out"))


def _sent(message: Message) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        calls = [
            {"type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.calls
        ]
        sent["tool_calls"] = calls
    return sent


def _ask(exchanges: list[Exchange], system: str = "", thinking: Thinking = "unsaid") -> Question:
    """Return the last exchange as a question, with the others before it as they should have gone."""
    messages = [{"role": "system", "content": system}] if system else []
    for exchange in exchanges[:-1]:
        messages += [
            {"role": "user", "content": exchange.user},
            {"role": "assistant", "content": exchange.answer},
        ]
    messages.append({"role": "user", "content": exchanges[-1].user})
    return Question(tuple(messages), exchanges[-1].accepted, thinking=thinking)


def alone(*topics: Topic) -> Callable[[Scene], Question]:
    """Return the drawing of a question that stands alone."""
    return lambda scene: _ask([scene.rng.choice(topics)(scene)])


def later(tell: Topic, ask: Topic, between: tuple[int, ...] = (0, 1, 2, 3)) -> Callable[[Scene], Question]:
    """Return the drawing of a question that goes back to something told some turns before."""

    def draw(scene: Scene) -> Question:
        told = tell(scene)
        talk = [scene.rng.choice(_SMALL)(scene) for _ in range(scene.rng.choice(between))]
        return _ask([told, *talk, ask(scene)])

    return draw


def _named(scene: Scene) -> Question:
    """A system prompt sets the assistant's name, and the user asks for it."""
    scene.assistant = scene.name()
    system = one_of(scene.rng, SYSTEM, name=scene.assistant)
    talk = [scene.rng.choice(_SMALL)(scene) for _ in range(scene.rng.choice((0, 0, 1)))]
    return _ask([*talk, smalltalk.who_are_you(scene)], system)


def _corrected(scene: Scene) -> Question:
    """The user tells a name, then another one, and asks."""
    return _ask([memory.tells_name(scene), followups.correction(scene), memory.asks_name(scene)])


def _not_told(scene: Scene) -> Question:
    """The user asks for a name that nobody told."""
    talk = [scene.rng.choice(_SMALL)(scene) for _ in range(scene.rng.choice((0, 1)))]
    return _ask([*talk, memory.asks_name(scene)])


def _thinking(thinking: Thinking) -> Callable[[Scene], Question]:
    return lambda scene: _ask([scene.rng.choice(_SMALL)(scene)], thinking=thinking)


def _tool_question(offered: int, upto: int) -> Callable[[Scene], Question]:
    """Return the drawing of a tool question: the call wanted (`upto` 1) or the sentence after the result
    (3).
    """

    def draw(scene: Scene) -> Question:
        written: Conversation = tools.tool_use(scene, offered, uses=1)
        messages = tuple(_sent(message) for message in written.messages[:upto])
        following = written.messages[upto]
        if following.calls:
            call = following.calls[0]
            return Question(messages, (), written.tools, call=(call.name, call.arguments))
        values = json.loads(written.messages[upto - 1].content).values()
        shown = tuple(str(value) for value in values if str(value) in following.content)
        return Question(messages, shown or (following.content,), written.tools)

    return draw


def _no_call(scene: Scene) -> Question:
    """Small talk while a function is on offer that has nothing to do with it."""
    plain = _ask([scene.rng.choice(_SMALL[:3] + _SMALL[4:])(scene)])
    offered = tuple(offer.described() for offer in tools.offers(scene, 1))
    return Question(plain.messages, (), offered, no_call=True)


PAPERS: dict[str, Paper] = {
    "greeting and small talk": Paper(
        alone(
            smalltalk.greeting, smalltalk.how_are_you, smalltalk.thanks, smalltalk.goodbye, smalltalk.chatter
        ),
        0.9,
    ),
    "greets by a held-out name": Paper(alone(memory.tells_name), 0.9),
    "remembers the name (0-3 turns between)": Paper(later(memory.tells_name, memory.asks_name), 0.95),
    "says that no name was told": Paper(_not_told, 0.8),
    "remembers what somebody loves": Paper(later(memory.tells_love, memory.asks_love), 0.85),
    "remembers a pet, a friend, a home, an age": Paper(
        later(memory.tells_more, memory.asks_more, (0, 1)), 0.75
    ),
    "takes its name from the system prompt": Paper(_named, 0.9),
    "small facts": Paper(alone(*knowledge.QUESTIONS), 0.9),
    "sums of small numbers": Paper(alone(sums.small_sum), 0.9),
    "counts": Paper(alone(sums.counting, sums.next_number), 0.85),
    "repeats": Paper(alone(copying.repeat, copying.say_name, copying.many_times), 0.8),
    "repeats ordinary sentences": Paper(alone(followups.repeat_anything, followups.word_many_times), 0.8),
    "sums in a small story": Paper(alone(followups.sum_in_words), 0.3),
    "the newer name counts": Paper(_corrected, 0.8),
    "tells a story of the hero asked for": Paper(alone(stories.story), 0.9),
    "says that it does not know": Paper(alone(knowledge.unknown), 0.9),
    "thinks when asked to, and answers": Paper(_thinking("on"), 0.8),
    "does not think when asked not to": Paper(_thinking("off"), 0.8),
    "calls the one function, exact arguments": Paper(_tool_question(1, 1), 0.9),
    "chooses among 2-3 functions, exact arguments": Paper(
        lambda s: _tool_question(s.rng.choice((2, 3)), 1)(s), 0.75
    ),
    "answers with the tool's value": Paper(_tool_question(1, 3), 0.95),
    "does not call when nothing fits": Paper(_no_call, 0.9),
}
