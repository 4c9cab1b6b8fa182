"""Samples: what each format looks like, and what it means, in a text file of its own.

A file holds sections ``=== name`` or ``=== name (native)``, each with the text as the model writes it.
Sections of the usual names mean the same in every format (`MEANINGS`); any other says what it means in
JSON after ``--- means``.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files

from mlxkernel.formats import Sample
from mlxkernel.messages import Json
from mlxkernel.request import Tool

_HEADING = re.compile(r"^=== (\w+)( \(native\))?\n", re.MULTILINE)
_MEANS = "\n--- means\n"


def _object(properties: dict[str, Json], *required: str) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(required)}


_STOP = _object({"name": {"type": "string"}, "nights": {"type": "integer"}}, "name", "nights")
_OPTIONS = _object(
    {"class": {"enum": ["first", "second"]}, "seats": {"type": "array", "items": {"type": "string"}}}
)

TOOLS: tuple[Tool, ...] = (
    Tool(
        "get_weather",
        "The weather in a city.",
        _object({"city": {"type": "string"}, "days": {"type": "integer"}}, "city"),
    ),
    Tool("list_alarms", "All alarms.", {"type": "object", "properties": {}}),
    Tool(
        "plan_trip",
        "Plan a trip.",
        _object({"stops": {"type": "array", "items": {"$ref": "#/$defs/stop"}}, "options": _OPTIONS}, "stops")
        | {"$defs": {"stop": _STOP}},
    ),
    Tool("say", "Say something.", _object({"text": {"type": "string"}}, "text")),
    Tool(
        "set_light",
        "Set a lamp.",
        _object(
            {
                "brightness": {"type": "number"},
                "level": {"type": "integer"},
                "on": {"type": "boolean"},
                "dim": {"type": "boolean"},
                "color": {"type": ["string", "null"]},
            }
        ),
    ),
)
"""The tools that the samples call."""

_OSLO = ("get_weather", {"city": "Oslo"})
_STOPS = [{"name": "Rome", "nights": 2}, {"name": "Siena", "nights": 1}]
_LIGHT = {"brightness": 0.75, "level": -3, "on": True, "dim": False, "color": None}

MEANINGS: dict[str, tuple[str, list[tuple[str, dict[str, Json]]]]] = {
    "one": ("", [_OSLO]),
    "two": ("", [("get_weather", {"city": "Oslo", "days": 2}), ("get_weather", {"city": "Bergen"})]),
    "around": ("Let me look.That is all.", [_OSLO]),
    "empty": ("", [("list_alarms", {})]),
    "nested": (
        "",
        [("plan_trip", {"stops": _STOPS, "options": {"class": "first", "seats": ["12A", "12B"]}})],
    ),
    "text": ("", [("say", {"text": 'Grüße, 世界 🙂 "quoted" back\\slash tab\there\nnext line'})]),
    "values": ("", [("set_light", _LIGHT)]),
}
"""What the usual samples mean: the words that remain, and the calls."""


def samples(format: str) -> tuple[Sample, ...]:
    """The samples of a built-in format, in the order of its file."""
    text = (files(__package__) / "samples" / f"{format}.txt").read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    return tuple(
        _sample(name, body.removesuffix("\n"), bool(native))
        for name, native, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    )


def _sample(name: str, body: str, native: bool) -> Sample:
    text, _, means = body.partition(_MEANS)
    if means:
        table = json.loads(means)
        said, calls = table.get("said", ""), table.get("calls", [])
    else:
        said, calls = MEANINGS[name]
    written = tuple((call, given if isinstance(given, str) else json.dumps(given)) for call, given in calls)
    return Sample(name=name, text=text, said=said, calls=written, native=native)
