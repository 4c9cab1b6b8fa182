"""The toolset: what a format must know of the tools on offer, and which types their parameters take."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence

from mlxkernel.messages import Json
from mlxkernel.request import Tool

Types = frozenset[str]
"""JSON Schema type names that a value may have; empty when nothing is known."""

_TYPE_OF = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_NUMERIC = {"integer", "number"}


class Toolset:
    """The tools of one request. Without any, every name is admitted."""

    def __init__(self, tools: Sequence[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def admits(self, name: str) -> bool:
        """Whether this is the name of a tool, or no tools are known."""
        return not self._tools or name in self._tools

    def types(self, tool: str, parameter: str) -> Types:
        """The types that this parameter of this tool may have."""
        if tool not in self._tools:
            return frozenset()
        schema = self._tools[tool].parameters
        properties = schema.get("properties")
        known = properties.get(parameter) if isinstance(properties, Mapping) else None
        return frozenset(_types(known, schema, 0))


def _types(schema: Json, root: Mapping[str, Json], depth: int) -> Iterator[str]:
    """Types that a schema allows, as far as they can be read off it."""
    if not isinstance(schema, Mapping) or depth > 8:
        return
    kinds = schema.get("type")
    if isinstance(kinds, str):
        yield kinds
    elif isinstance(kinds, list):
        yield from (kind for kind in kinds if isinstance(kind, str))
    elif "enum" in schema or "const" in schema:
        values = schema["enum"] if isinstance(schema.get("enum"), list) else [schema.get("const")]
        yield from (_TYPE_OF.get(type(value), "object") for value in values)
    else:
        for branch in branches(schema, root):
            yield from _types(branch, root, depth + 1)


def branches(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Sequence[Json]:
    """The schemas that stand for this one: what its ``$ref`` points to, or its alternatives."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return [resolve(reference, root)]
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(keyword), list):
            return list(schema[keyword])
    return []


def resolve(reference: str, root: Mapping[str, Json]) -> Json:
    """What a ``#/…`` reference points to within the schema; None if it points nowhere."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    found: Json = root
    for step in reference.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def coerced(text: str, types: Types) -> str:
    """Bare text as JSON of one of the types, or as a JSON string. Without types: as JSON if it is that."""
    value = text.strip()
    if "boolean" in types and value.lower() in ("true", "false"):
        return value.lower()
    if "null" in types and value.lower() in ("null", "none"):
        return "null"
    if types == {"string"}:
        return json.dumps(text, ensure_ascii=False)
    try:
        found = json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return _python(value, types) or json.dumps(text, ensure_ascii=False)
    if isinstance(found, float) and "integer" in types and "number" not in types and found.is_integer():
        return str(int(found))
    return value if not types or _fits(found, types) else json.dumps(text, ensure_ascii=False)


def _python(text: str, types: Types) -> str:
    """A Python list, dict or truth value as JSON, for templates that print them so; "" if it is none."""
    if (types and not types & {"array", "object"}) or text[:1] not in ("[", "{", "T", "F"):
        return ""
    try:
        found = ast.literal_eval(text)
        return (
            json.dumps(found, ensure_ascii=False, allow_nan=False)
            if isinstance(found, (list, dict, bool))
            else ""
        )
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ""


def _no_number(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _fits(value: Json, types: Types) -> bool:
    match value:
        case bool() | None | str():
            return _TYPE_OF[type(value)] in types
        case int() | float():
            return bool(types & _NUMERIC)
        case list():
            return "array" in types
        case _:
            return "object" in types
