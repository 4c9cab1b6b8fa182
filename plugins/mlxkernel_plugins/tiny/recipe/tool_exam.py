"""The papers on functions, objects and styles: held-out names of functions and parameters, and values."""

from __future__ import annotations

import json
from collections.abc import Callable

from .agents import answerable
from .conversation import Conversation, Message, Thinking
from .question import Paper, Question, before, sent
from .scene import Scene
from .topics import calling, chains, knowledge, memory, objects, offering, smalltalk, styles
from .topics.calling import NO_TOOL
from .topics.offering import Offered

Turn = Callable[[Scene, list[Offered]], list[Message]]

_FEW, _MANY, _ANY = (2, 3), (4, 5, 6, 7, 8), (1, 2, 3, 4, 5, 6, 7, 8)
_CHAT = (
    smalltalk.how_are_you, smalltalk.thanks, smalltalk.greeting, smalltalk.who_are_you, knowledge.colour,
    knowledge.opposite, knowledge.capital_city, memory.tells_name,
)  # fmt: skip


def _offer(scene: Scene, counts: tuple[int, ...]) -> list[Offered]:
    return offering.offered(scene, scene.rng.choice(counts))


def _described(scene: Scene, tools: list[Offered], messages: list[Message]) -> Conversation:
    described = [tool.described() for tool in tools]
    scene.rng.shuffle(described)
    return Conversation(tuple(messages), tuple(described))


def _step(written: Conversation, index: int, thinking: Thinking = "unsaid") -> Question:
    """Return the question that message number `index` is the right answer to."""
    following = written.messages[index]
    calls = tuple((call.name, call.arguments) for call in following.calls)
    messages = before(written, index)
    if calls:
        return Question(messages, (), written.tools, thinking, calls)
    values = _values(written.messages[:index], following.content)
    return Question(messages, () if values else (following.content,), written.tools, thinking, values=values)


def _values(messages: tuple[Message, ...], answer: str) -> tuple[str, ...]:
    """Return what the functions answered last and the right answer repeats: fields, words, an error."""
    found: list[str] = []
    for message in messages[::-1]:
        if message.role != "tool":
            break
        try:
            content = json.loads(message.content)
        except ValueError:
            content = message.content.split("rror: ")[-1]
        fields = content.values() if isinstance(content, dict) else (content,)
        found += [str(field) for field in fields if str(field) in answer]
    return tuple(found)


def _call(turn: Turn, counts: tuple[int, ...], thinking: Thinking = "unsaid") -> Callable[[Scene], Question]:
    """Return the drawing of a question that wants one or more calls."""

    def draw(scene: Scene) -> Question:
        while True:
            tools = _offer(scene, counts)
            written = _described(scene, tools, turn(scene, tools))
            if turn is not calling.parallel or len(written.messages[1].calls) > 1:
                return _step(written, 1, thinking)

    return draw


def _answer(turn: Turn) -> Callable[[Scene], Question]:
    """Return the drawing of a question that wants a sentence made of what the functions answered."""

    def draw(scene: Scene) -> Question:
        tools = _offer(scene, _ANY)
        written = _described(scene, tools, turn(scene, tools))
        last = next(i for i, message in enumerate(written.messages) if i > 1 and message.role == "assistant")
        return _step(written, last)

    return draw


def _loop(scene: Scene) -> Question:
    """A question, a call, its result, a call with it, the second result and the answer."""
    chain, tools = chains.offered(scene, scene.rng.choice(_FEW))
    written = _described(scene, tools, chains.written(scene, chain, tools))
    first, *rest = (_step(written, i) for i, m in enumerate(written.messages) if m.role == "assistant")
    return Question(first.messages, first.wanted, first.tools, calls=first.calls, rest=tuple(rest))


def _nothing(counts: tuple[int, ...]) -> Callable[[Scene], Question]:
    """Return the drawing of a wish that none of the functions on offer is made for."""

    def draw(scene: Scene) -> Question:
        tools = _offer(scene, counts)
        written = _described(scene, tools, calling.nothing_fits(scene, tools))
        return Question(before(written, 1), (NO_TOOL,), written.tools, no_call=True)

    return draw


def _chat(scene: Scene) -> Question:
    """Ordinary talk with functions on offer."""
    tools = _offer(scene, _ANY)
    while not answerable(exchange := scene.rng.choice(_CHAT)(scene), tools):
        pass
    written = _described(scene, tools, [Message("user", exchange.user)])
    return Question(before(written, 1), exchange.accepted, written.tools, no_call=True)


def _exactly(draw: Callable[[Scene], list[Message]]) -> Callable[[Scene], Question]:
    """Return the drawing of a question whose last answer is wanted to the letter, or as the same object."""

    def question(scene: Scene) -> Question:
        messages = draw(scene)
        return Question(tuple(sent(message) for message in messages[:-1]), (), exact=messages[-1].content)

    return question


TOOL_PAPERS: dict[str, Paper] = {
    "calls the one function, exact arguments": Paper(_call(calling.single, (1,)), 0.7),
    "chooses among 2-3 functions, exact arguments": Paper(_call(calling.single, _FEW), 0.6),
    "chooses among 4-8 functions, exact arguments": Paper(_call(calling.single, _MANY), 0.55),
    "two or three calls at once, exact arguments": Paper(_call(calling.parallel, _ANY), 0.45),
    "does not call when nothing fits (1-3 functions)": Paper(_nothing((1, *_FEW)), 0.7),
    "does not call when nothing fits (4-8 functions)": Paper(_nothing(_MANY), 0.7),
    "chats though functions are on offer": Paper(_chat, 0.85),
    "answers with the tool's value": Paper(_answer(calling.single), 0.95),
    "answers with the values of two or three tools": Paper(_answer(calling.parallel), 0.8),
    "a whole loop: call, result, call, result, answer": Paper(_loop, 0.65),
    "thinks before a call when asked to": Paper(_call(calling.single, (1, 2, 3), "on"), 0.5),
    "calls without thinking when asked not to": Paper(_call(calling.single, (1, 2, 3), "off"), 0.45),
    "JSON that follows the described object": Paper(_exactly(objects.extraction), 0.8),
    "a small answer as JSON": Paper(_exactly(objects.wrapped), 0.8),
    "keeps the style of the system prompt": Paper(_exactly(styles.styled), 0.35),
}
"""The papers by their kind; a value counts as right only to the letter."""
