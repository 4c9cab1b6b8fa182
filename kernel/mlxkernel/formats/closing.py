"""Closing: a schema as it is forced, with no room for what a model would make up.

Most frameworks leave the schemas of their tools open; a model that is forced would invent keys up to the
limit. So every object is closed that lists its properties and does not say whether there are more. What a
closed schema accepts, the schema itself accepts too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mlxkernel.formats.toolset import resolve
from mlxkernel.messages import Json

_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")
_NEUTRAL: tuple[tuple[str, Json], ...] = (
    ("uniqueItems", False),
    ("unevaluatedProperties", True),
    ("unevaluatedItems", True),
    ("dependentRequired", {}),
    ("dependentSchemas", {}),
    ("dependencies", {}),
)
"""Keywords that the grammar compiler does not know, with the values that say nothing."""

_REMARKS = frozenset({"title", "description", "default", "examples", "$comment", "deprecated"})
_DEFINING = frozenset({"$defs", "definitions", "$schema", "$id"})
_ASIDE = _REMARKS | _DEFINING
"""Keywords that say nothing of what a document may hold."""

_PLAIN = _ASIDE | {"type", "properties", "required", "additionalProperties"}
"""Keywords of an object that can be joined with another."""


class _Place(NamedTuple):
    """Where a schema stands: the document, and the references whose targets are being put in their place."""

    root: Json
    within: frozenset[str] = frozenset()


def closed(schema: Json) -> Json:
    """The schema with its objects closed, and with what can be forced in place of what cannot.

    Parts of one object (``allOf``, a ``$ref`` or alternatives beside properties) are joined, since a closed
    part would exclude the others. A ``oneOf`` of objects that one property tells apart becomes an ``anyOf``
    in which that property is required.
    """
    return _closed(schema, _Place(schema))


def _closed(schema: Json, place: _Place) -> Json:
    if not isinstance(schema, Mapping):
        return schema
    schema, place = _distributed(_told_apart(schema, place), place)
    schema, place = _joined(schema, place)
    result = {key: inner for key, inner in schema.items() if (key, inner) not in _NEUTRAL}
    for key in _MAPS:
        if isinstance(result.get(key), Mapping):
            result[key] = {name: _closed(inner, place) for name, inner in result[key].items()}
    for key in _LISTS:
        if isinstance(result.get(key), list):
            result[key] = [_closed(inner, place) for inner in result[key]]
    for key in _SINGLE:
        if key in result:
            result[key] = _closed(result[key], place)
    if isinstance(result.get("allOf"), list):
        pairs = zip(result["allOf"], schema["allOf"], strict=True)
        result["allOf"] = [_opened(part, given) for part, given in pairs]
    elif "properties" in result:
        result.setdefault("additionalProperties", False)
    if result.get("additionalProperties") is False:
        result.pop("unevaluatedProperties", None)
    return result


def _opened(part: Json, given: Json) -> Json:
    """A closed part without what closed it, unless its author did."""
    if not isinstance(part, Mapping) or not isinstance(given, Mapping) or "additionalProperties" in given:
        return part
    return {key: inner for key, inner in part.items() if key != "additionalProperties"}


# --- several parts of one object ------------------------------------------------------------------


def _joined(schema: Mapping[str, Json], place: _Place) -> tuple[Mapping[str, Json], _Place]:
    """The schema with its parts as one object, or with what its parts refer to in their place."""
    beside = isinstance(schema.get("$ref"), str) and "properties" in schema
    if not beside and not isinstance(schema.get("allOf"), list):
        return schema, place
    rest = {key: inner for key, inner in schema.items() if key != "allOf" and not (beside and key == "$ref")}
    parts = [{"$ref": schema["$ref"]}] if beside else []
    parts += schema["allOf"] if isinstance(schema.get("allOf"), list) else []
    alone = parts[0] if len(parts) == 1 and rest.keys() <= _ASIDE else None
    if isinstance(alone, Mapping) and alone.keys() == {"$ref"}:
        return {**rest, **alone}, place
    whole: list[Mapping[str, Json]] = []
    inside = place
    for part in (rest, *parts):
        inside = _take_apart(part, inside, whole)
    if all(map(_is_plain, whole)) and any("properties" in part for part in whole):
        return _one(rest, whole), inside
    return {**rest, "allOf": [_target(part, place) for part in parts]}, inside


def _take_apart(schema: Json, place: _Place, parts: list[Mapping[str, Json]]) -> _Place:
    """Adds the schemas that must all hold where this one does; the place knows what was put in its place."""
    if not isinstance(schema, Mapping):
        parts.append({"not": {}})
        return place
    target = _target({"$ref": schema["$ref"]}, place) if isinstance(schema.get("$ref"), str) else schema
    if target is not schema and "$ref" not in target:
        place = _take_apart(target, _Place(place.root, place.within | {schema["$ref"]}), parts)
        schema = {key: inner for key, inner in schema.items() if key != "$ref"}
    if isinstance(schema.get("allOf"), list):
        for part in schema["allOf"]:
            place = _take_apart(part, place, parts)
        schema = {key: inner for key, inner in schema.items() if key != "allOf"}
    parts.append(schema)
    return place


def _is_plain(schema: Mapping[str, Json]) -> bool:
    """Whether it is an object's schema that can be joined with another's."""
    typed = schema.get("type", "object") == "object" and schema.get("additionalProperties", True) is True
    named = isinstance(schema.get("properties", {}), Mapping)
    return typed and named and isinstance(schema.get("required", []), list) and schema.keys() <= _PLAIN


def _one(rest: Mapping[str, Json], parts: list[Mapping[str, Json]]) -> dict[str, Json]:
    """One object with the properties of all parts; what several parts say of one must hold together."""
    properties: dict[str, Json] = {}
    required: dict[str, None] = {}
    for part in parts:
        for name, inner in part.get("properties", {}).items():
            known = properties.get(name, inner)
            properties[name] = inner if known == inner else {"allOf": [known, inner]}
        required.update(dict.fromkeys(_required(part)))
    result = {key: inner for key, inner in rest.items() if key in _ASIDE}
    if any("additionalProperties" in part for part in parts):
        result["additionalProperties"] = True
    return {**result, "type": "object", "properties": properties, "required": list(required)}


def _target(schema: Json, place: _Place) -> Json:
    """What a bare reference points to when that is an object's schema; the schema itself otherwise."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str) or len(schema) > 1:
        return schema
    if schema["$ref"] in place.within or not isinstance(place.root, Mapping):
        return schema
    target = resolve(schema["$ref"], place.root)
    return target if isinstance(target, Mapping) and {"properties", "allOf"} & target.keys() else schema


# --- alternatives ---------------------------------------------------------------------------------


def _distributed(schema: Mapping[str, Json], place: _Place) -> tuple[Mapping[str, Json], _Place]:
    """Alternatives beside properties or parts, each to be joined with these."""
    schema = _lifted(schema)
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        if not {"properties", "allOf"} & schema.keys() or not isinstance(branches, list):
            continue
        targets = [_target(branch, place) for branch in branches]
        if any(isinstance(target, Mapping) and "properties" in target for target in targets):
            kept = {key: inner for key, inner in schema.items() if key in _DEFINING}
            rest = {key: inner for key, inner in schema.items() if key not in (keyword, *_DEFINING)}
            taken = [
                branch["$ref"]
                for branch, target in zip(branches, targets, strict=True)
                if target is not branch
            ]
            inside = _Place(place.root, place.within.union(taken))
            return {**kept, keyword: [{"allOf": [rest, target]} for target in targets]}, inside
    return schema, place


def _lifted(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    """The schema with the first part that is nothing but alternatives as its own alternatives."""
    given = schema.get("allOf")
    parts = given if isinstance(given, list) else []
    for number, part in enumerate(parts):
        alone = isinstance(part, Mapping) and part.keys() - _REMARKS in ({"anyOf"}, {"oneOf"})
        if alone and not schema.keys() & {"anyOf", "oneOf"}:
            return {**schema, **part, "allOf": [*parts[:number], *parts[number + 1 :]]}
    return schema


def _told_apart(schema: Mapping[str, Json], place: _Place) -> Mapping[str, Json]:
    """A ``oneOf`` of objects as an ``anyOf``, where a property with a value of its own tells them apart.

    The grammar compiler must see that no document fits two branches; the property is often optional.
    """
    branches = schema.get("oneOf")
    if not isinstance(branches, list) or len(branches) < 2 or "anyOf" in schema:
        return schema
    properties = [_properties(_target(branch, _Place(place.root))) for branch in branches]
    for name in properties[0]:
        values = [_values(some.get(name)) for some in properties]
        if all(values) and len(frozenset().union(*values)) == sum(map(len, values)):
            rest = {key: inner for key, inner in schema.items() if key not in ("oneOf", "discriminator")}
            return {**rest, "anyOf": [_requiring(branch, name, place.root) for branch in branches]}
    return schema


def _properties(schema: Json) -> Mapping[str, Json]:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _values(schema: Json) -> frozenset[str]:
    """The texts that a property may have; empty when there may be others."""
    if not isinstance(schema, Mapping):
        return frozenset()
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return frozenset()
    return frozenset(values)


def _requiring(schema: Json, name: str, root: Json) -> Json:
    if name in _required(_target(schema, _Place(root))):
        return schema
    return {**schema, "required": [*_required(schema), name]}


def _required(schema: Mapping[str, Json]) -> list[str]:
    """The names of required properties, as far as they are names."""
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
