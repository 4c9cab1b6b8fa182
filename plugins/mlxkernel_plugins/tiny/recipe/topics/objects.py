"""Answers in JSON that follow an object described in words, by an example or by a schema."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..conversation import Message
from ..names import Part, first_name
from ..phrasing import one_of
from ..scene import Scene
from ..words import ANIMALS, COLOURS, WEEK, city, lovable
from . import knowledge, smalltalk, sums

Draw = Callable[[random.Random, Part], Any]


@dataclass(frozen=True)
class Field:
    """One field of a record: the names it may go by, its JSON type, its value, and the phrases that tell it."""

    key: str
    names: tuple[str, ...]
    kind: str
    draw: Draw
    said: tuple[str, ...]


_NAME = Field(
    "name", ("name", "person", "first_name", "who", "user"), "string", lambda r, p: first_name(r, p), ()
)
RECORDS: tuple[tuple[str, tuple[Field, ...]], ...] = (
    ("{name}", (
        _NAME,
        Field("age", ("age", "years", "age_in_years"), "integer", lambda r, p: r.randint(2, 99), ("is {age} years old", "is {age}")),
        Field("city", ("city", "home", "town", "location"), "string", lambda r, p: city(r, p), ("lives in {city}", "comes from {city}")),
        Field("love", ("likes", "hobby", "loves", "favourite"), "string", lambda r, p: lovable(r, p), ("loves {love}", "likes {love}")),
        Field("pet", ("pet", "animal"), "string", lambda r, p: r.choice(ANIMALS), ("has a pet, a {pet}",)),
        Field("student", ("student", "is_student"), "boolean", lambda r, p: r.random() < 0.5, ("is {student}a student",)),
    )),
    ("The {item}", (
        Field("item", ("item", "product", "thing", "article"), "string", lambda r, p: lovable(r, p), ()),
        Field("price", ("price", "cost", "euros"), "number", lambda r, p: r.choice((r.randint(1, 200), round(r.uniform(1, 99), 2))), ("costs {price} euros", "costs {price}")),
        Field("colour", ("colour", "color"), "string", lambda r, p: r.choice(COLOURS), ("is {colour}", "comes in {colour}")),
        Field("count", ("count", "amount", "quantity", "stock"), "integer", lambda r, p: r.randint(1, 90), ("comes {count} in a box", "is there {count} times")),
        Field("sold", ("sold", "sold_out"), "boolean", lambda r, p: r.random() < 0.5, ("is {sold}sold out",)),
    )),
    ("The meeting with {person}", (
        Field("person", ("person", "with", "guest", "name"), "string", lambda r, p: first_name(r, p), ()),
        Field("day", ("day", "date", "weekday"), "string", lambda r, p: r.choice(WEEK), ("is on {day}", "takes place on {day}")),
        Field("hour", ("hour", "time", "start"), "integer", lambda r, p: r.randint(0, 23), ("begins at {hour}", "is at {hour}")),
        Field("city", ("city", "place", "location", "where"), "string", lambda r, p: city(r, p), ("is in {city}", "takes place in {city}")),
    )),
)  # fmt: skip
_ASKED = (
    knowledge.capital_city,
    knowledge.colour,
    knowledge.opposite,
    sums.small_sum,
    smalltalk.how_are_you,
    smalltalk.greeting,
)
_WORDS = (
    "[Answer|Reply|Respond|Always answer] [in|with|as] JSON with the [keys|fields] {keys}.",
    "[Answer|Reply] with a JSON object [that has|with|of] {keys}.",
    "[Return|Give me|Write|Output|Extract] a JSON object with [the fields |the keys |]{keys}.",
    "[Extract|Give me|Find] {keys} as JSON.",
)
_SCHEMA = (
    "[Answer|Reply|Respond] [with JSON|in JSON] [that follows|for|by] this schema: {schema}",
    "[Answer|Reply] only with JSON that matches the schema {schema}",
    "Your answer must [follow|match] this JSON schema: {schema}",
)
_EXAMPLE = ("[Answer|Reply] [in|with] JSON like [this|so]: {schema}", "[Use|Answer in] this form: {schema}")


def _told(rng: random.Random, lead: str, fields: list[Field], values: dict[str, Any]) -> str:
    """Return the sentence that tells the values."""
    spoken = {
        key: ("" if value else "not ") if isinstance(value, bool) else value for key, value in values.items()
    }
    clauses = [rng.choice(field.said).format(**spoken) for field in fields if field.said]
    text = f"{lead} " + (", ".join(clauses[:-1]) + " and " + clauses[-1] if len(clauses) > 1 else clauses[0])
    return text.format(**spoken) + "."


def _description(rng: random.Random, named: list[tuple[str, Field]]) -> str:
    """Return the wish for the object: in words, with types or without, by a schema, or by an example."""
    draw = rng.random()
    if draw < 0.55:
        typed = rng.random() < 0.4
        pieces = [
            f"{name} ({field.kind})" if typed else (f'"{name}"' if draw < 0.2 else name)
            for name, field in named
        ]
        keys = pieces[0] if len(pieces) == 1 else f"{', '.join(pieces[:-1])} and {pieces[-1]}"
        return one_of(rng, _WORDS, keys=keys)
    if draw < 0.85:
        properties = {name: {"type": field.kind} for name, field in named}
        schema = {"type": "object", "properties": properties}
        if rng.random() < 0.6:
            schema["required"] = [name for name, _ in named]
        return one_of(rng, _SCHEMA, schema=json.dumps(schema))
    example = ", ".join(
        f'"{name}": {"..." if rng.random() < 0.5 else json.dumps(field.kind)}' for name, field in named
    )
    return one_of(rng, _EXAMPLE, schema=f"{{{example}}}")


def record(scene: Scene) -> tuple[str, str, dict[str, Any]]:
    """Return the wish for an object, the sentence that tells its values, and the object."""
    rng = scene.rng
    lead, fields = rng.choice(RECORDS)
    told = [fields[0], *rng.sample(fields[1:], rng.choice((1, 2, 2, 3)))]
    values = {field.key: field.draw(rng, scene.part) for field in told}
    wanted = [field for field in told if rng.random() < 0.85] or told[:1]
    rng.shuffle(wanted)
    named = [(rng.choice(field.names), field) for field in wanted]
    if len({name for name, _ in named}) < len(named):
        named = [(field.key, field) for field in wanted]
    return (
        _description(rng, named),
        _told(rng, lead, told, values),
        {name: values[field.key] for name, field in named},
    )


def extraction(scene: Scene) -> list[Message]:
    """One to three sentences whose values are wanted as objects; the wish stands before or beside them."""
    wish, told, found = record(scene)
    answer = Message("assistant", json.dumps(found, ensure_ascii=False), thought="I write the object.")
    if scene.rng.random() < 0.5:
        return [Message("system", wish), Message("user", told), answer]
    text = f"{wish} {told}" if scene.rng.random() < 0.5 else f"{told} {wish}"
    return [Message("user", text), answer]


def wrapped(scene: Scene) -> list[Message]:
    """A small question whose whole answer is wanted under one key."""
    key = scene.rng.choice(("answer", "reply", "text", "response", "result", "message"))
    wish = one_of(
        scene.rng,
        (*_WORDS[:3], 'Answer in JSON under the key "{keys}".'),
        keys=scene.rng.choice((key, f'"{key}"')),
    )
    exchange = scene.rng.choice(_ASKED)(scene)
    answer = Message(
        "assistant", json.dumps({key: exchange.answer}, ensure_ascii=False), thought=exchange.thought
    )
    return [Message("system", wish), Message("user", exchange.user), answer]
