"""Schemas: what a forced call may hold, from the tool's JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlxkernel.formats.closing import closed
from mlxkernel.formats.lark import Rules
from mlxkernel.formats.notation import Notation
from mlxkernel.formats.toolset import branches, resolve
from mlxkernel.messages import Json
from mlxkernel.request import Tool

__all__ = ["Spelling", "closed", "parameters", "properties"]

_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_ANYTHING: dict[str, Json] = {}


def parameters(tool: Tool) -> dict[str, Json]:
    """The closed schema of a tool's arguments; a tool without parameters takes ``{}``."""
    schema = closed(tool.parameters)
    if isinstance(schema.get("$ref"), str):
        target = resolve(schema.pop("$ref"), schema)
        schema = {**(target if isinstance(target, Mapping) else {}), **schema}
    if not any(key in schema for key in ("properties", "additionalProperties", *_LISTS)):
        schema.update(properties={}, additionalProperties=False)
    return {"type": "object", **schema}


def properties(schema: Mapping[str, Json]) -> list[tuple[str, Json, bool]]:
    """Name, schema and need of each property, in the schema's order."""
    found = schema.get("properties")
    required = schema.get("required", ())
    return (
        [(name, inner, name in required) for name, inner in found.items()]
        if isinstance(found, Mapping)
        else []
    )


class Spelling:
    """Makes rules for values in a notation that is not JSON. `root` is where references point into.

    Numbers and texts keep the keywords of their schema; of arrays and objects the structure is kept:
    items, properties, required ones, the least and the greatest number of items.
    """

    def __init__(self, rules: Rules, notation: Notation, root: Mapping[str, Json]) -> None:
        self._rules = rules
        self._notation = notation
        self._root = root
        self._references: dict[str, str] = {}
        self._anything = ""

    def members(self, schema: Mapping[str, Json], assign: str, quoted: bool) -> str:
        """A rule for the members of an object, without what surrounds them; may match nothing."""
        comma, rest = self._rules.text(self._notation.comma), ""
        begun, fresh = '""', '""'
        for name, inner, needed in reversed(properties(schema)):
            key = name if not quoted else self._notation.key(name)
            member = self._rules.add("member", f"{self._rules.text(key + assign)} {self.value(inner)}")
            now = f"{member} {begun}"
            rest = f"{comma} {now}" if needed else f"({comma} {member})? {begun}"
            fresh = self._rules.add("members", now if needed else f"{now} | {fresh}")
            begun = self._rules.add("rest", rest)
        return fresh

    def value(self, schema: Json) -> str:
        """An expression for a value that this schema accepts."""
        if not isinstance(schema, Mapping):
            schema = _ANYTHING
        if isinstance(schema.get("$ref"), str):
            return self._reference(schema["$ref"])
        if isinstance(schema.get("enum"), list):
            return self._one_of(*(self._rules.text(self._notation.write(item)) for item in schema["enum"]))
        if "const" in schema:
            return self._rules.text(self._notation.write(schema["const"]))
        inner = branches(schema, self._root)
        if inner:
            return self._one_of(*(self.value(branch) for branch in inner))
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        return self._one_of(*(self._typed(kind, schema) for kind in kinds)) if kinds else self._any()

    def _one_of(self, *expressions: str) -> str:
        return self._rules.add("value", " | ".join(dict.fromkeys(expressions)))

    def _reference(self, reference: str) -> str:
        if reference not in self._references:
            name = self._references[reference] = self._rules.reserve("named")
            self._rules.define(name, self.value(resolve(reference, self._root)))
        return self._references[reference]

    def _typed(self, kind: str, schema: Mapping[str, Json]) -> str:
        match kind:
            case "null":
                return self._rules.text(self._notation.null)
            case "boolean":
                words = (self._notation.true, self._notation.false)
                return self._one_of(*map(self._rules.text, words))
            case "string" if not self._notation.escapes:
                quote = self._notation.quotes[0]
                return f"{self._rules.text(quote)} {self._rules.text_until(quote)}"
            case "array":
                return self._array(schema)
            case "object":
                return self._object(schema)
            case _:
                kept = {key: item for key, item in schema.items() if not isinstance(item, (Mapping, list))}
                return self._rules.json({**kept, "type": kind})

    def _array(self, schema: Mapping[str, Json]) -> str:
        item = self.value(schema.get("items"))
        comma = self._rules.text(self._notation.comma)
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        bounds = f"{{{max(least - 1, 0)},{'' if most is None else max(most - 1, 0)}}}"
        some = f"{item} ({comma} {item}){bounds}"
        inside = '""' if most == 0 else some if least else f"({some})?"
        return self._rules.add("array", f'"[" {inside} "]"')

    def _object(self, schema: Mapping[str, Json]) -> str:
        more = schema.get("additionalProperties", _ANYTHING)
        if properties(schema) or more is False:
            members = self.members(schema, self._notation.colon, quoted=True)
            return self._rules.add("object", f'"{{" {members} "}}"')
        return self._map(self.value(more))

    def _map(self, value: str) -> str:
        key = self._key()
        member = f"{key} {self._rules.text(self._notation.colon)} {value}"
        comma = self._rules.text(self._notation.comma)
        return self._rules.add("object", f'"{{" ({member} ({comma} {member})*)? "}}"')

    def _key(self) -> str:
        if self._notation.bare_keys:
            return self._rules.regex("[a-zA-Z_][a-zA-Z0-9_]*")
        return self._typed("string", {})

    def _any(self) -> str:
        if not self._anything:
            self._anything = self._rules.reserve("anything")
            kinds: tuple[Any, ...] = ("string", "number", "boolean", "null", "array", "object")
            choices = [self._typed(kind, {"items": _ANYTHING}) for kind in kinds]
            self._rules.define(self._anything, " | ".join(choices))
        return self._anything
