"""Tagged calls: the name, and one tagged text per parameter, as in XML."""

from __future__ import annotations

import re

from mlxkernel.formats import json_text
from mlxkernel.formats.frame import Call, Frame, Pair
from mlxkernel.formats.json_text import dumped
from mlxkernel.formats.lark import Rules
from mlxkernel.formats.names import LIMIT, NAME
from mlxkernel.formats.reader import Markers, Reader, Reading, markers
from mlxkernel.formats.schema import parameters, properties
from mlxkernel.formats.toolset import Toolset, Types, coerced
from mlxkernel.messages import Json
from mlxkernel.request import Tool

_FIRST = re.compile(r"[^>]*>(?=<)|\S+")
"""The part of what ends a key after which white space may stand."""


def _first(ending: str) -> str:
    match = _FIRST.match(ending.strip())
    return match.group() if match is not None else ""


class Tagged(Frame, frozen=True, kw_only=True, tag_field="shape", tag="tagged"):
    """A call as its name and one tagged text per parameter, as in XML but without its escapes.

    `name_end` follows the name, `key` surrounds a parameter's name, `value_end` follows its value. With
    `typed` one of its two takes the place of the key's end, for text and for JSON; otherwise the tool's
    schema says which.
    """

    name_end: str = ""
    key: Pair
    value_end: str
    typed: Pair | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` when markers are missing or cannot be told apart."""
        super().__post_init__()
        needed = (self.key[0], self.value_end, self.call[1], *(self.typed or (self.key[1],)))
        if not all(word.strip() for word in needed):
            raise ValueError("a call, each key and each value need something that ends them")
        markers(self.name_end.strip(), self.key[0].strip(), self.call[1].strip())
        self._value_ends()

    def _value_ends(self) -> Markers:
        return markers(self.value_end.rstrip(), self.value_end.strip())

    def read_call(self, reader: Reader, tools: Toolset) -> Reading[bool]:
        """The name, then parameter by parameter; the arguments grow with each."""
        name_end, key, close = self.name_end.strip(), self.key[0].strip(), self.call[1].strip()
        name, word = yield from reader.until(markers(name_end, key, close), LIMIT)
        if not word or not NAME.fullmatch(name.strip()):
            return False
        if word != name_end:
            reader.back(len(word))
        name = name.strip()
        reader.begin_call(name)
        before = "{"
        while True:
            yield from reader.skip_space()
            if (yield from reader.sees(close)):
                reader.argue("{}" if before == "{" else "}")
                return True
            if not (yield from reader.literal(key)):
                return False
            if not (yield from self._parameter(reader, tools, name, before)):
                return False
            before = ", "

    def _parameter(self, reader: Reader, tools: Toolset, name: str, before: str) -> Reading[bool]:
        """One parameter after what begins its key."""
        endings = self.typed or (self.key[1],)
        first = _first(endings[0])
        key, word = yield from reader.until(markers(first), LIMIT)
        if not word or not key.strip():
            return False
        which = yield from self._ending(reader, [ending.strip()[len(first) :].strip() for ending in endings])
        if which is None:
            return False
        reader.argue(before + dumped(key.strip()) + ": ")
        types = tools.types(name, key.strip())
        if self.typed:
            types = frozenset({"string"}) if which == 0 else types - {"string"}
        if endings[which].endswith("\n"):
            yield from reader.literal("\n")
        return (yield from _value(reader, self._value_ends(), types))

    def _ending(self, reader: Reader, rests: list[str]) -> Reading[int | None]:
        """Which of these comes next, after white space; None if none does."""
        if rests != [""]:
            yield from reader.skip_space()
        for number, rest in enumerate(rests):
            if (yield from reader.literal(rest)):
                return number
        return None

    def write_call(self, call: Call, number: int) -> str:
        """Name and parameters. Raises `ValueError` when a value holds the text that ends it."""
        parts = [self._written(key, value) for key, value in call.arguments.items()]
        return call.name + self.name_end + "".join(parts)

    def _written(self, key: str, value: Json) -> str:
        text = value if isinstance(value, str) else dumped(value)
        ends = (self.value_end.strip(), _first((self.typed or (self.key[1],))[0]))
        if ends[0] in text or any(end in key for end in ends) or key != key.strip():
            raise ValueError(f"parameter {key!r} cannot be written: it holds what ends it")
        close = self.key[1] if self.typed is None else self.typed[0 if isinstance(value, str) else 1]
        return self.key[0] + key + close + text + self.value_end

    def call_rule(self, tool: Tool, rules: Rules) -> str:
        """Name, then the parameters in the schema's order, each with a value of its type."""
        root = parameters(tool)
        parts = [rules.text(tool.name + self.name_end)]
        for name, schema, needed in properties(root):
            rule = rules.add("parameter", self._parameter_rule(name, schema, root, rules))
            parts.append(rule if needed else f"{rule}?")
        return " ".join(part for part in parts if part)

    def _parameter_rule(self, name: str, schema: Json, root: dict[str, Json], rules: Rules) -> str:
        types = Toolset([Tool("", parameters=root)]).types("", name)
        text, end = rules.text_until(self.value_end), rules.text(self.value_end)
        if isinstance(schema, dict) and all(isinstance(item, str) for item in schema.get("enum", [None])):
            text = f"({' | '.join(rules.text(item) for item in schema['enum'])}) {end}"
        choices = [(0, text)] if "string" in types or not types else []
        if types != {"string"} and types:
            choices.append((1, f"{rules.json(_without_text(schema, root))} {end}"))
        ends = self.typed or (self.key[1], self.key[1])
        return " | ".join(f"{rules.text(self.key[0] + name + ends[way])} {value}" for way, value in choices)


def _without_text(schema: Json, root: dict[str, Json]) -> Json:
    """The schema for the values that are written as JSON, with the definitions that it refers to."""
    if not isinstance(schema, dict):
        return schema
    shared = {key: root[key] for key in ("$defs", "definitions") if key in root}
    kinds = schema.get("type")
    if isinstance(kinds, list):
        schema = {**schema, "type": [kind for kind in kinds if kind != "string"]}
    for keyword in ("anyOf", "oneOf"):
        if isinstance(schema.get(keyword), list):
            rest = [branch for branch in schema[keyword] if branch.get("type") != "string"]
            schema = {**schema, keyword: rest}
    return {**schema, **shared}


def _value(reader: Reader, ends: Markers, types: Types) -> Reading[bool]:
    """A parameter's value up to its end: text as it comes, anything else once it is whole."""
    if types == {"string"}:
        reader.argue('"')
        word = yield from reader.stream(ends, lambda text: reader.argue(json_text.escaped(text)))
        reader.argue('"' if word else "")
        return bool(word)
    parts: list[str] = []
    word = yield from reader.stream(ends, parts.append)
    reader.argue(coerced("".join(parts), types) if word else json_text.escaped("".join(parts)))
    return bool(word)
