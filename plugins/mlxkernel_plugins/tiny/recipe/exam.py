"""The exam: for each kind of skill how a held-out question is drawn, and what counts as a right answer."""

from __future__ import annotations

from collections.abc import Callable

from .conversation import Exchange, Thinking
from .mixture import SYSTEM, Topic
from .phrasing import one_of
from .question import Paper, Question
from .scene import Scene
from .tool_exam import TOOL_PAPERS
from .topics import copying, followups, knowledge, memory, rephrasing, smalltalk, stories, sums

_SMALL: tuple[Topic, ...] = (
    smalltalk.how_are_you, smalltalk.thanks, smalltalk.chatter, sums.small_sum, knowledge.colour,
    knowledge.opposite,
    knowledge.capital_city, knowledge.yes_or_no,
)  # fmt: skip


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
    "sums in a small story": Paper(alone(followups.sum_in_words, rephrasing.sum_told), 0.8),
    "tells and asks in other words": Paper(later(rephrasing.tells_name, rephrasing.asks_name), 0.9),
    "questions with other words around them": Paper(
        alone(*map(rephrasing.dressed, knowledge.QUESTIONS)), 0.85
    ),
    "remembers a name over 10-20 turns": Paper(
        later(memory.tells_name, memory.asks_name, tuple(range(9, 20))), 0.8
    ),
    "remembers a thing over 10-20 turns": Paper(
        later(memory.tells_love, memory.asks_love, tuple(range(9, 20))), 0.7
    ),
    "the newer name counts": Paper(_corrected, 0.7),
    "tells a story of the hero asked for": Paper(alone(stories.story), 0.9),
    "says that it does not know": Paper(alone(knowledge.unknown), 0.9),
    "thinks when asked to, and answers": Paper(_thinking("on"), 0.8),
    "does not think when asked not to": Paper(_thinking("off"), 0.8),
    **TOOL_PAPERS,
}
