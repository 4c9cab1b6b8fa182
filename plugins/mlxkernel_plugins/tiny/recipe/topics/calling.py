"""Conversations with functions: one call, several at once, the same again for another value, or none."""

from __future__ import annotations

from ..conversation import Message
from ..phrasing import casual, choose, listed, one_of
from ..scene import Scene
from .catalogue import KINDS
from .offering import Offered, Use, clash, offer, outcome

NO_TOOL = "I am sorry, I have no tool for that."


def _thought(tools: list[Offered]) -> str:
    return f"I need {listed([tool.name for tool in tools])} for this."


_ANSWERED = "The tool has answered. I say what it found."


def _ended(uses: list[Use], tools: list[Offered]) -> list[Message]:
    """Return the calls of one turn, the messages of the functions, and the answer."""
    return [
        Message("assistant", "", thought=_thought(tools), calls=tuple(use.call for use in uses)),
        *(Message("tool", use.shown) for use in uses),
        Message("assistant", " ".join(use.answer for use in uses), thought=_ANSWERED),
    ]


def single(scene: Scene, tools: list[Offered]) -> list[Message]:
    """One call of one function."""
    tool = scene.rng.choice(tools)
    use = tool.use(scene)
    return [Message("user", casual(scene.rng, use.ask)), *_ended([use], [tool])]


def again(scene: Scene, tools: list[Offered]) -> list[Message]:
    """One call, and then the same for another value: `And in Rome?`"""
    fitting = [
        tool
        for tool in tools
        if tool.slots and tool.slots[0].key in ("city", "name", "item", "symbol", "word")
    ]
    if not fitting:
        return single(scene, tools)
    tool = scene.rng.choice(fitting)
    first, second = tool.use(scene), tool.use(scene)
    key = tool.slots[0].key
    lead = "[And|And|What about|How about] " + ("in " if key == "city" and scene.rng.random() < 0.6 else "")
    kept = {k: v for k, v in second.given.items() if k == key} | {
        k: v for k, v in first.given.items() if k != key
    }
    shown, answer = outcome(scene, tool.kind, kept)
    follow = Use(
        choose(scene.rng, lead + "{value}?", value=second.given[key]), tool.call(kept), kept, shown, answer
    )
    return [
        Message("user", casual(scene.rng, first.ask)), *_ended([first], [tool]),
        Message("user", follow.ask), *_ended([follow], [tool]),
    ]  # fmt: skip


def parallel(scene: Scene, tools: list[Offered]) -> list[Message]:
    """Two or three calls in one turn: of one function for several values, or of different functions."""
    rng = scene.rng
    count = 3 if rng.random() < 0.2 else 2
    one = [
        tool for tool in tools if len(tool.slots) == 1 and tool.slots[0].kind == "string" and tool.kind.key
    ]
    if one and (len(tools) < 2 or rng.random() < 0.6):
        return _for_several(scene, rng.choice(one), count)
    chosen = rng.sample(tools, min(count, len(tools)))
    if len(chosen) < 2 or rng.random() < 0.2:
        several = [tool for tool in tools if tool.slots]
        if not several:
            return single(scene, tools)
        chosen = [rng.choice(several)] * 2
    uses = [tool.use(scene) for tool in chosen]
    asks = [use.ask for use in uses]
    if rng.random() < 0.5:
        text = " ".join(asks)
    else:
        text = asks[0].rstrip(".?!") + "".join(
            f"{rng.choice((' and ', ', and ', ' and also '))}{ask[:1].lower()}{ask[1:]}" for ask in asks[1:]
        )
    return [Message("user", casual(rng, text)), *_ended(uses, list(dict.fromkeys(chosen)))]


def _for_several(scene: Scene, tool: Offered, count: int) -> list[Message]:
    """One function for several values that the question names in one breath."""
    rng, slot = scene.rng, tool.slots[0]
    values = [str(slot.draw(rng, scene.part)) for _ in range(count)]
    between = " and in " if slot.key == "city" and rng.random() < 0.3 else " and "
    joined = between.join(values) if count == 2 else f"{', '.join(values[:-1])}{between}{values[-1]}"
    ask = one_of(
        rng,
        tuple(ask for ask in tool.kind.asks if "?" not in ask.split("{" + slot.key + "}")[0])
        or tool.kind.asks,
        **{s.key: "" for s in tool.kind.slots} | {slot.key: joined},
    )
    uses = []
    for value in values:
        shown, answer = outcome(scene, tool.kind, {slot.key: value})
        uses.append(Use(ask, tool.call({slot.key: value}), {slot.key: value}, shown, answer))
    return [Message("user", casual(rng, ask)), *_ended(uses, [tool])]


def nothing_fits(scene: Scene, tools: list[Offered]) -> list[Message]:
    """A wish for which none of the functions is made."""
    while True:
        kind = scene.rng.choice(KINDS)
        if not kind.calculates and not any(clash(kind, tool.kind) for tool in tools):
            break
    ask = offer(scene, kind).use(scene).ask
    return [
        Message("user", casual(scene.rng, ask)),
        Message("assistant", NO_TOOL, thought="No function fits this."),
    ]
