"""The functions that a conversation has on offer: under which names, how they are used, and what they answer."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from ..conversation import ToolCall
from ..names import Part, invented, part_of
from ..phrasing import capital, choose, listed, one_of
from ..scene import Scene
from ..words import nonsense
from .catalogue import (
    ACTIONS,
    ATTRIBUTES,
    BY_KEY,
    CLASSICS,
    KINDS,
    OBJECTS,
    Kind,
    Slot,
    Value,
    among,
    decimal,
    number,
)
from .naming import function_name, parameter_name, spelling, spelt

_FIELDS = (
    "result", "value", "temperature", "humidity", "wind", "name", "status", "count", "total", "city", "country", "colour",
    "size", "price", "owner", "title", "date", "time", "weight", "speed", "score", "level", "answer", "height", "state",
    "rating", "code", "unit", "distance", "amount", "author", "year", "kind", "room", "number", "email", "message",
)  # fmt: skip
_ALIASES = {"sky": ("sky", "condition", "weather", "conditions", "description"), "temperature": ("temperature", "temp", "degrees"), "time": ("time", "now", "local_time"),
            "result": ("result", "value", "answer"), "price": ("price", "cost", "amount"), "number": ("number", "phone", "value"), "converted": ("converted", "result", "value")}  # fmt: skip
_FAULTS = (
    "not found", "timeout", "no connection", "unknown city", "permission denied", "service unavailable", "invalid input",
    "no such entry", "rate limit reached", "server error", "out of stock", "no data", "bad request", "key is missing",
)  # fmt: skip


@dataclass(frozen=True)
class Use:
    """One use of a function: what the user asks, the call, and what the function answers."""

    ask: str
    call: ToolCall
    given: dict[str, Any]
    shown: str
    answer: str


class Offered:
    """One kind of function as one conversation offers it, with the names it goes by here."""

    def __init__(self, rng: random.Random, part: Part, kind: Kind, name: str = "") -> None:
        self.kind = kind
        style = spelling(rng)
        self.name = name or spelt(function_name(rng, part, kind.verbs, kind.nouns), style)
        self.description = one_of(rng, kind.descriptions) if rng.random() < 0.95 else ""
        self.slots = tuple(slot for slot in kind.slots if not slot.tails or rng.random() < 0.6)
        self.needed = {slot.key for slot in self.slots if not slot.tails or rng.random() < 0.15}
        self.names: dict[str, str] = {}
        parameter_style = "snake" if style in ("kebab", "pascal") else style
        for slot in self.slots:
            while (
                found := spelt(parameter_name(rng, part, slot.bases), parameter_style)
            ) in self.names.values():
                pass
            self.names[slot.key] = found

    def described(self) -> dict[str, Any]:
        """Return the function as OpenAI's `tools` field describes it."""
        properties: dict[str, Any] = {}
        for slot in self.slots:
            schema: dict[str, Any] = {"type": slot.kind, "description": f"The {self.names[slot.key]}"}
            properties[self.names[slot.key]] = (
                {**schema, "enum": list(slot.options)} if slot.options else schema
            )
        required = [self.names[slot.key] for slot in self.slots if slot.key in self.needed]
        parameters = {"type": "object", "properties": properties, "required": required}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def call(self, given: dict[str, Any]) -> ToolCall:
        """Return the call with these values, in the order of the description."""
        return ToolCall(
            self.name, {self.names[slot.key]: given[slot.key] for slot in self.slots if slot.key in given}
        )

    def values(self, scene: Scene, **fixed: Value) -> tuple[dict[str, Any], str]:
        """Return the values of one use, and the sentences that give those which may be left out."""
        given: dict[str, Any] = {}
        said = ""
        for slot in self.slots:
            value = fixed[slot.key] if slot.key in fixed else slot.draw(scene.rng, scene.part)
            if slot.tails:
                unsaid = scene.rng.random() < 0.55
                if unsaid and slot.key not in self.needed:
                    continue
                if unsaid and slot.options:
                    given[slot.key] = slot.options[0]
                    continue
                tail = (
                    slot.tails[0 if value else 1] if slot.kind == "boolean" else scene.rng.choice(slot.tails)
                )
                said += " " + choose(scene.rng, tail, **{slot.key: value})
            given[slot.key] = value
        return given, said

    def use(self, scene: Scene, **fixed: Value) -> Use:
        """Return one use; `fixed` sets values that must be so."""
        rng = scene.rng
        given, said = self.values(scene, **fixed)
        spoken = {slot.key: slot.said(rng, given[slot.key]) for slot in self.slots if slot.key in given}
        ask = one_of(rng, self.kind.asks, **{slot.key: "" for slot in self.kind.slots} | spoken)
        shown, answer = outcome(scene, self.kind, given)
        if said:
            return Use(ask + ("" if ask[-1] in ".?!" else ".") + said, self.call(given), given, shown, answer)
        return Use(ask, self.call(given), given, shown, answer)


def sentence(fields: dict[str, Any]) -> str:
    """Return the fields of any object as one sentence: `The price is 3 and the colour is red.`"""
    return capital(listed([f"the {key.replace('_', ' ')} is {value}" for key, value in fields.items()])) + "."


def anything(rng: random.Random, part: Part) -> dict[str, Any]:
    """Return an object of one to four fields that has nothing to do with the question."""
    draws = (
        lambda: rng.randint(-20, 999), lambda: rng.randint(0, 99), lambda: round(rng.uniform(0, 99), 1), lambda: nonsense(rng, part, rng.choice((1, 1, 2))),
        lambda: invented(rng, part), lambda: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}",
    )  # fmt: skip
    return {field: rng.choice(draws)() for field in rng.sample(_FIELDS, rng.choice((1, 1, 2, 2, 3, 4)))}


def outcome(scene: Scene, kind: Kind, given: dict[str, Any]) -> tuple[str, str]:
    """Return what a function's message says and the answer that is made of it.

    A message is an object with the fields that belong to the kind, or with any others, or a few words, a whole
    sentence, or an error.
    """
    rng = scene.rng
    fields = kind.outcome(rng, scene.part, given)
    proper = kind.answer.format(**{slot.key: "" for slot in kind.slots} | given | fields)
    draw = rng.random()
    if draw < 0.5:
        named = {rng.choice(_ALIASES.get(key, (key,))): value for key, value in fields.items()}
        echo = {
            slot.key: given[slot.key]
            for slot in kind.slots[:1]
            if kind in KINDS and slot.key in given and slot.key not in named
        }
        return json.dumps({**echo, **named} if rng.random() < 0.25 else named, ensure_ascii=False), proper
    if draw < 0.62:
        other = anything(rng, scene.part)
        return json.dumps(other, ensure_ascii=False), sentence(other)
    if draw < 0.74 and "status" not in fields:
        return ", ".join(
            str(value) for value in fields.values()
        ), f"I found this: {', '.join(str(v) for v in fields.values())}."
    if draw < 0.82:
        words = listed(
            [
                f"{value} {rng.choice(('degrees', 'today', 'now', 'in all'))}"
                if rng.random() < 0.3
                else str(value)
                for value in anything(rng, scene.part).values()
            ]
        )
        return words, f"I found this: {words}."
    if draw < 0.9:
        return proper, proper
    fault = rng.choice(_FAULTS)
    shown = rng.choice(
        (
            json.dumps({"error": fault}),
            f"Error: {fault}",
            f"error: {fault}",
            json.dumps({"status": "error", "message": fault}),
        )
    )
    return shown, f"I am sorry, that did not work: {fault}."


def made_up(rng: random.Random, part: Part) -> Kind:
    """Return a kind that never was: a verb, a thing, and up to four parameters of any names and types."""
    while True:
        verb, thing = rng.choice(ACTIONS), rng.choice(OBJECTS)
        if rng.random() < 0.2:
            thing = invented(rng, part).lower()
        if part_of(f"{verb}_{thing}") == part:
            break
    slots, clauses = [], []
    pool = [word for word in ATTRIBUTES if part_of(word) == part]
    for number_, word in enumerate(rng.sample(pool, min(len(pool), rng.choice((0, 1, 1, 2, 2, 3, 4))))):
        key = f"k{number_}"
        slots.append(_attribute(rng, part, key, word))
        said = word.replace("_", " ")
        clauses.append(
            rng.choice(
                (
                    f"{said} {{{key}}}",
                    f"{said} {{{key}}}",
                    f"{said}: {{{key}}}",
                    f"{said} = {{{key}}}",
                    f"the {said} {{{key}}}",
                    f"{{{key}}} as the {said}",
                )
            )
        )
    ask = f"[Please |Can you |I want you to |Now |]{verb} [the|my|our] {thing}"
    joined = rng.choice((" with ", ", ", " using ")) + listed(clauses) if clauses else ""
    return Kind(
        (verb,), (thing,), (f"{verb.capitalize()} [the|a] {thing}", f"{verb.capitalize()}s the {thing}", f"To {verb} a {thing}"), tuple(slots), (ask + joined + "[.|]",),
        lambda r, p, given: {"status": r.choice(("done", "ok"))}, f"The {thing} is done.",
    )  # fmt: skip


def _attribute(rng: random.Random, part: Part, key: str, word: str) -> Slot:
    """Return a parameter of any type for a made-up function."""
    draw = rng.random()
    if draw < 0.3:
        return Slot(
            key,
            (word,),
            "string",
            lambda r, p: nonsense(r, p, r.choice((1, 1, 2))) if r.random() < 0.6 else invented(r, p),
        )
    if draw < 0.55:
        return Slot(key, (word,), "integer", number(0, 999))
    if draw < 0.68:
        return Slot(key, (word,), "number", decimal(0, 99))
    if draw < 0.8:
        return Slot(
            key,
            (word,),
            "boolean",
            lambda r, p: r.random() < 0.5,
            words=rng.choice((("true", "false"), ("on", "off"), ("yes", "no"))),
        )
    options = tuple(dict.fromkeys(nonsense(rng, part, 1) for _ in range(rng.randint(2, 4))))
    return Slot(key, (word,), "string", among(options), options)


def clash(one: Kind, other: Kind) -> bool:
    """Tell whether two kinds are so alike that a question for one could be meant for the other."""
    if one.calculates and other.calculates:
        return one is other or not (one.key and other.key)
    return bool(set(one.nouns) & set(other.nouns))


def kinds(scene: Scene, count: int, first: Kind | None = None) -> list[Kind]:
    """Return `count` kinds that cannot be taken for one another; one in four is made up."""
    chosen = [first] if first else []
    while len(chosen) < count:
        kind = made_up(scene.rng, scene.part) if scene.rng.random() < 0.25 else scene.rng.choice(KINDS)
        if not any(clash(kind, other) for other in chosen):
            chosen.append(kind)
    return chosen


def offered(scene: Scene, count: int, first: Kind | None = None) -> list[Offered]:
    """Return `count` functions to offer, the one of `first` foremost; no two have one name."""
    tools: list[Offered] = []
    for kind in kinds(scene, count, first):
        while (tool := offer(scene, kind)).name in {other.name for other in tools}:
            pass
        tools.append(tool)
    return tools


def classics(scene: Scene, count: int) -> list[Offered]:
    """Return `count` functions to offer, up to three of them those of every tutorial, under their usual names."""
    rng = scene.rng
    chosen: list[Kind] = []
    for key in rng.sample(tuple(CLASSICS), min(count, 3)):
        if not any(clash(BY_KEY[key], other) for other in chosen):
            chosen.append(BY_KEY[key])
    tools = [_classic(scene, kind) for kind in chosen]
    while len(tools) < count:
        kind = kinds(scene, 1)[0]
        tool = offer(scene, kind)
        if not any(clash(kind, other.kind) or tool.name == other.name for other in tools):
            tools.append(tool)
    return tools


def _classic(scene: Scene, kind: Kind) -> Offered:
    names, parameters = CLASSICS[kind.key or kind.usual]
    tool = Offered(scene.rng, scene.part, kind, spelt(scene.rng.choice(names), spelling(scene.rng)))
    tool.names = {slot.key: scene.rng.choice(parameters[slot.key]) for slot in tool.slots}
    return tool


def offer(scene: Scene, kind: Kind) -> Offered:
    """Return a kind under names of its own; a made-up one is called by its verb and its thing."""
    if len(kind.verbs) == len(kind.nouns) == 1:
        tool = Offered(
            scene.rng, scene.part, kind, spelt(f"{kind.verbs[0]}_{kind.nouns[0]}", spelling(scene.rng))
        )
        tool.names = {slot.key: slot.bases[0] for slot in tool.slots}
        return tool
    return Offered(scene.rng, scene.part, kind)
