"""Bounds: generous limits for what a schema leaves endless, so that a weak model comes to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlxkernel.formats.toolset import resolve
from mlxkernel.messages import Json

STRING = 4096
"""Characters of a string whose schema gives no bound."""

ITEMS = 256
"""Items of an array whose schema gives no bound."""

NUMBER = 10**15
"""The greatest absolute value of a number whose schema gives no bound."""

DECIMALS = 8
"""Digits after the point of a number; a schema whose own bounds have more keeps them alone."""

_ENDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_SHAPED = ("maxLength", "pattern", "format", "enum", "const")
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")


def bounded(schema: Json) -> Json:
    """The schema with a bound on every string, array and number that has none."""
    if not isinstance(schema, Mapping):
        return schema
    result = dict(schema)
    for key in _MAPS:
        if isinstance(result.get(key), Mapping):
            result[key] = {name: bounded(inner) for name, inner in result[key].items()}
    for key in _LISTS:
        if isinstance(result.get(key), list):
            result[key] = [bounded(inner) for inner in result[key]]
    for key in _SINGLE:
        if key in result:
            result[key] = bounded(result[key])
    kinds = _kinds(result)
    if "string" in kinds and not any(key in result for key in _SHAPED):
        result["maxLength"] = max(STRING, _number(result.get("minLength")))
    if "array" in kinds and "maxItems" not in result:
        result["maxItems"] = max(ITEMS, _number(result.get("minItems")))
    if kinds & {"integer", "number"} and not any(key in result for key in ("enum", "const", "multipleOf")):
        result.update(_numeric(result, kinds))
    return result


def _kinds(schema: Mapping[str, Json]) -> set[str]:
    kinds = schema.get("type", ())
    return {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list) else set()


def _numeric(schema: Mapping[str, Json], kinds: set[str]) -> dict[str, Json]:
    """Bounds for the digits of a number, where they fit the schema's own."""
    ends = {key: schema[key] for key in _ENDS if _is_number(schema.get(key))}
    if any(abs(end) > NUMBER for end in ends.values()):
        return {}
    bounds: dict[str, Json] = {}
    if not ends.keys() & {"minimum", "exclusiveMinimum"}:
        bounds["minimum"] = -NUMBER
    if not ends.keys() & {"maximum", "exclusiveMaximum"}:
        bounds["maximum"] = NUMBER
    if "number" in kinds and all(round(end, DECIMALS - 2) == end for end in ends.values()):
        bounds["multipleOf"] = float(f"1e-{DECIMALS}")
    return bounds


def _is_number(value: Json) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


# --- recursion ------------------------------------------------------------------------------------


def endless(schema: Json) -> str | None:
    """The ``$ref`` of a schema that no finite document satisfies, because it needs itself; else None."""
    references = dict.fromkeys(_references(schema))
    finite: set[str] = set()
    while True:
        found = {ref for ref in references if ref not in finite and _finite(resolve(ref, schema), finite)}
        if not found:
            break
        finite |= found
    return None if _finite(schema, finite) else next(ref for ref in references if ref not in finite)


def _references(schema: Json) -> Iterator[str]:
    """Every reference within the document that stands in a schema, at any depth."""
    match schema:
        case Mapping():
            reference = schema.get("$ref")
            if isinstance(reference, str) and reference.startswith("#"):
                yield reference
            for inner in schema.values():
                yield from _references(inner)
        case list():
            for inner in schema:
                yield from _references(inner)
        case _:
            pass


def _finite(schema: Json, finite: set[str]) -> bool:
    """Whether some finite document satisfies the schema, as far as references that do so are known."""
    if not isinstance(schema, Mapping):
        return True
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#") and reference not in finite:
        return False
    for key, enough in (("anyOf", any), ("oneOf", any), ("allOf", all)):
        branches = schema.get(key)
        if isinstance(branches, list) and branches and not enough(_finite(part, finite) for part in branches):
            return False
    kinds = _kinds(schema)
    if kinds - {"object", "array"}:
        return True
    return ("array" in kinds or _object_finite(schema, finite)) and (
        "object" in kinds or _array_finite(schema, finite)
    )


def _object_finite(schema: Mapping[str, Json], finite: set[str]) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return True
    return all(_finite(properties.get(name), finite) for name in required if isinstance(name, str))


def _array_finite(schema: Mapping[str, Json], finite: set[str]) -> bool:
    least, first = _number(schema.get("minItems")), schema.get("prefixItems")
    first = first if isinstance(first, list) else []
    needed = [*first[:least], *([schema.get("items")] if least > len(first) else [])]
    return all(_finite(item, finite) for item in needed)
