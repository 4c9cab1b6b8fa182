"""Twenty schemas of the kinds that clients send, each bounded so that a weak model comes to an end."""

from __future__ import annotations

from mlxkernel.messages import Json


def _object(*required: str, **properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(required)}


_WORD: Json = {"type": "string", "maxLength": 8}
_YES: Json = {"type": "boolean"}
_POINT = _object(
    "x",
    "y",
    x={"type": "integer", "minimum": 0, "maximum": 99},
    y={"type": "integer", "minimum": -5, "maximum": 5},
)

SCHEMAS: dict[str, dict[str, Json]] = {
    "flat": _object("city", city=_WORD),
    "two": _object("city", "hot", city=_WORD, hot=_YES),
    "nested": _object("where", where=_object("place", place=_object("name", name=_WORD))),
    "enum": _object("unit", unit={"type": "string", "enum": ["celsius", "fahrenheit"]}),
    "mixed-enum": _object("value", value={"enum": ["a", 1, None, True, 2.5]}),
    "array": _object("tags", tags={"type": "array", "items": _WORD, "minItems": 2, "maxItems": 4}),
    "array-of-objects": _object(
        "points", points={"type": "array", "items": _POINT, "minItems": 1, "maxItems": 3}
    ),
    "tuple": _object(
        "pair",
        pair={"type": "array", "prefixItems": [_YES, _POINT], "items": False, "minItems": 2},
    ),
    "pattern": _object("code", code={"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}),
    "formats": _object(
        "day", "at", day={"type": "string", "format": "date"}, at={"type": "string", "format": "time"}
    ),
    "any-of": _object("id", id={"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, _POINT]}),
    "one-of": _object("state", state={"oneOf": [{"const": "on"}, {"const": "off"}]}),
    "nullable": _object("note", note={"type": ["string", "null"], "maxLength": 6}),
    "ref": {
        **_object("head", "tail", head={"$ref": "#/$defs/point"}, tail={"$ref": "#/$defs/point"}),
        "$defs": {"point": _POINT},
    },
    "tree": {
        **_object("tree", tree={"$ref": "#/$defs/node"}),
        "$defs": {
            "node": _object(
                "value",
                value={"type": "integer", "minimum": 0, "maximum": 9},
                next={"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 1},
            )
        },
    },
    "const": _object("kind", "version", kind={"const": "order"}, version={"const": 3}),
    "ranges": _object(
        "age",
        "share",
        age={"type": "integer", "minimum": 18, "maximum": 120},
        share={"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    ),
    "optional": _object("a", a=_YES, b=_YES, c=_YES, d={"type": "null"}),
    "unicode": _object(
        "città", "名前", "🙂", **{"città": _WORD, "名前": _YES, "🙂": {"enum": ["ja", 'né"e']}}
    ),
    "nothing": _object(),
}
