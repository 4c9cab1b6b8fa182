"""Schemas as they are forced: whatever the closed one allows, the client's own accepts."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from mlxkernel.formats.bounds import bounded
from mlxkernel.formats.closing import closed
from mlxkernel.formats.lark import Rules
from mlxkernel.messages import Json
from mlxkernel.testing.grammars import Walker

WORD: Json = {"enum": ["u", "v"]}
NULL: Json = {"type": "null"}


def thing(*required: str, **properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties, "required": list(required)}


A, B = thing("x", x=WORD), thing("y", y=WORD)
KINDS = [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}]

SCHEMAS: dict[str, dict[str, Json]] = {
    "parts": {"allOf": KINDS, "$defs": {"a": A, "b": B}},
    "parts of parts": {
        "allOf": [{"$ref": "#/$defs/c"}, thing("z", z=WORD)],
        "$defs": {"a": A, "c": {"allOf": [{"$ref": "#/$defs/a"}, B]}},
    },
    "a part that says more of a property": {"allOf": [thing("x", x={"maxLength": 3}), A]},
    "a reference beside properties": {"$ref": "#/$defs/a", **B, "$defs": {"a": A}},
    "a reference with a description": {
        **thing("c", c={"allOf": [{"$ref": "#/$defs/a"}], "description": "d"}),
        "$defs": {"a": A},
    },
    "a part that holds itself": {
        "$ref": "#/$defs/n",
        "$defs": {"n": thing("x", x=WORD, n={"anyOf": [{"allOf": [{"$ref": "#/$defs/n"}]}, NULL]})},
    },
    "alternatives beside properties": {**A, "anyOf": [B, thing("z", z=WORD)]},
    "alternatives that only require": {**thing(x=WORD, y=WORD), "anyOf": [{"required": ["x"]}, B]},
    "alternatives among parts": {
        "allOf": [{"$ref": "#/$defs/a"}, {"anyOf": [B, thing("z", z=WORD)]}],
        "$defs": {"a": A},
    },
    "one of two kinds": {
        "oneOf": KINDS,
        "discriminator": {"propertyName": "kind"},
        "$defs": {
            "a": thing("kind", kind={"const": "a"}, x=WORD),
            "b": thing(kind={"const": "b", "default": "b"}, x=WORD),
        },
    },
    "kinds that hold each other": {
        "oneOf": KINDS,
        "$defs": {
            "a": thing("kind", "x", kind={"const": "a"}, x={"oneOf": KINDS}),
            "b": thing("kind", kind={"const": "b"}),
        },
    },
    "keywords that say nothing": {
        "type": "array",
        "items": {**A, "unevaluatedProperties": True, "dependentRequired": {}},
        "minItems": 1,
        "maxItems": 2,
        "uniqueItems": False,
    },
    "nothing that is not evaluated": {**A, "unevaluatedProperties": False},
}


def walks(schema: Json) -> set[str]:
    rules = Rules({})
    return set(Walker((), ()).walks(rules.source(rules.json(bounded(closed(schema)))), 30))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_forced_is_valid(name: str) -> None:
    schema = SCHEMAS[name]
    texts = walks(schema)
    for text in texts:
        Draft202012Validator(schema).validate(json.loads(text))
    assert len(texts) > 1 or name.startswith("a part that says")


def test_parts_have_room_for_each_other_and_for_nothing_else() -> None:
    assert closed(SCHEMAS["parts"]) == {
        "type": "object",
        "properties": {"x": WORD, "y": WORD},
        "required": ["x", "y"],
        "additionalProperties": False,
        "$defs": {name: {**part, "additionalProperties": False} for name, part in (("a", A), ("b", B))},
    }


def test_what_its_author_left_open_stays_open() -> None:
    schema = {"allOf": [{**A, "additionalProperties": True}, B]}
    assert closed(schema)["additionalProperties"] is True
    mapped = {"allOf": [{**A, "additionalProperties": WORD}, {"required": ["z"]}]}
    assert closed(mapped)["allOf"][0]["additionalProperties"] == WORD


def test_alternatives_that_nothing_tells_apart_stay_one_of() -> None:
    schema = {"oneOf": [A, thing("x", x={"enum": ["v", "w"]})]}
    assert "oneOf" in closed(schema) and "anyOf" not in closed(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": []}, {"properties": 5, "required": 7}]},
        {"allOf": [5, True, None]},
        {"oneOf": [{**thing(a={"const": "x"}), "required": 3}, thing(a={"const": "y"})]},
        {"oneOf": [None, {"$ref": 5}], "properties": {}},
        {"$ref": "#nowhere", "properties": {"a": 1}},
        {"allOf": {}, "anyOf": {}, "properties": {"a": []}},
    ],
)
def test_a_schema_that_is_none_is_left_to_the_compiler(schema: Json) -> None:
    assert isinstance(closed(schema), dict)
