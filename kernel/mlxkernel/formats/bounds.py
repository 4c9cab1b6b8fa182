"""Bounds: generous limits for what a schema leaves endless, so that a weak model comes to an end."""

from __future__ import annotations

from collections.abc import Mapping

from mlxkernel.messages import Json

STRING = 4096
"""Characters of a string whose schema gives no bound."""

ITEMS = 256
"""Items of an array whose schema gives no bound."""

_SHAPED = ("maxLength", "pattern", "format", "enum", "const")
_MAPS = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")


def bounded(schema: Json) -> Json:
    """The schema with a bound on every string and array that has none."""
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
    kind = result.get("type")
    if kind == "string" and not any(key in result for key in _SHAPED):
        result["maxLength"] = max(STRING, _number(result.get("minLength")))
    if kind == "array" and "maxItems" not in result:
        result["maxItems"] = max(ITEMS, _number(result.get("minItems")))
    return result


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0
