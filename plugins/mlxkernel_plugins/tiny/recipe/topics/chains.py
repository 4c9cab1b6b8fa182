"""Calls one after the other: what one function answers goes into the call of the next."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import json
from dataclasses import dataclass

from ..conversation import Message
from ..phrasing import casual, one_of
from ..scene import Scene
from .catalogue import BY_KEY
from .offering import Offered, Use, kinds, offer, outcome


@dataclass(frozen=True)
class Chain:
    """Two kinds, the field of the first one's answer that the second one takes, and how people ask for both.

    The phrases' slots are those of both kinds; where both have one of the same key the second's has a `2` behind it.
    """

    first: str
    field: str
    second: str
    slot: str
    asks: tuple[str, ...]


CHAINS: tuple[Chain, ...] = (
    Chain("home", "city", "weather", "city", ("[What is the weather|How is the weather|What is the weather like|Tell me the weather] where {name} lives[?|, please?]", "[Is it cold|Is it warm|Is it raining] where {name} lives?", "[Find out|Look up] where {name} lives and [tell me|get] the weather there.")),
    Chain("home", "city", "time", "city", ("What time is it where {name} lives?", "[Tell me|What is] the time where {name} lives[?|]")),
    Chain("here", "city", "weather", "city", ("[What is the weather|How is the weather] [here|where I am]?", "[Is it cold|Is it warm] [here|where I am]?", "Find my location and tell me the weather there.")),
    Chain("here", "city", "time", "city", ("What time is it [here|where I am]?",)),
    Chain("phone", "number", "message", "text", ("[Send|Text] the [phone |]number of {name} to {to}.", "[Find|Look up] the [phone |]number of {name} and send it to {to}.")),
    Chain("file", "content", "message", "text", ("[Send|Mail] the content of {path} to {to}.", "Read {path} and send it to {to}.")),
    Chain("user", "name", "phone", "name", ("[What is|Find|Look up] the [phone |]number of user {user}[?|]", "How can I call user {user}?")),
    Chain("user", "name", "home", "name", ("Where does user {user} live?", "[Find|Tell me] the city of user {user}[?|]")),
    Chain("sum", "result", "product", "a", ("Add {a} and {b} and multiply the result by {b2}.", "What is {a} plus {b}, times {b2}?")),
    Chain("product", "result", "sum", "a", ("Multiply {a} by {b} and add {b2}.", "What is {a} times {b}, plus {b2}?")),
    Chain("price", "price", "product", "a", ("[How much are|What is the price of] {b2} pieces of {item}?", "[How much do I pay|What do I pay] for {item}, {b2} times?")),
    Chain("home", "city", "message", "text", ("[Send|Tell] {to} where {name} lives.", "Find out where {name} lives and send it to {to}.")),
)  # fmt: skip


def offered(scene: Scene, count: int) -> tuple[Chain, list[Offered]]:
    """Return a chain and the functions on offer, its own two foremost."""
    chain = scene.rng.choice(CHAINS)
    pair = [BY_KEY[chain.first], BY_KEY[chain.second]]
    others = [
        kind for kind in kinds(scene, max(count - 2, 0))
        if not kind.key and not kind.calculates and not any(set(kind.nouns) & set(own.nouns) for own in pair)
    ]  # fmt: skip
    tools: list[Offered] = []
    for kind in (*pair, *others):
        while (tool := offer(scene, kind)).name in {other.name for other in tools}:
            pass
        tools.append(tool)
    return chain, tools


def written(scene: Scene, chain: Chain, tools: list[Offered]) -> list[Message]:
    """Return the whole loop: question, call, result, call, result, answer."""
    rng, (first, second) = scene.rng, tools[:2]
    given = {slot.key: slot.draw(rng, scene.part) for slot in first.slots if not slot.tails}
    fields = first.kind.outcome(rng, scene.part, given)
    value = fields[chain.field]
    later = {
        slot.key: slot.draw(rng, scene.part)
        for slot in second.slots
        if not slot.tails and slot.key != chain.slot
    }
    said = {**{f"{key}2": value for key, value in later.items()}, **later, **given}
    ask = Use(one_of(rng, chain.asks, **said), first.call(given), given, "", "")
    shown = json.dumps(fields, ensure_ascii=False) if rng.random() < 0.7 else str(value)
    then = {**later, chain.slot: value}
    result, answer = outcome(scene, second.kind, then)
    return [
        Message("user", casual(rng, ask.ask)),
        Message("assistant", "", thought=f"First I need {first.name}.", calls=(ask.call,)),
        Message("tool", shown),
        Message("assistant", "", thought=f"Now I need {second.name}.", calls=(second.call(then),)),
        Message("tool", result),
        Message("assistant", answer, thought="The tool has answered. I say what it found."),
    ]
