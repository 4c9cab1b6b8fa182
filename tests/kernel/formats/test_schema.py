"""Schemas of forced calls, and the types that a parameter may have."""

from __future__ import annotations

import json

import pytest

from mlxkernel.formats import Expression, Format, JsonCalls, Shape, Tagged
from mlxkernel.formats.schema import closed, parameters
from mlxkernel.formats.toolset import Toolset, coerced
from mlxkernel.request import Tool
from mlxkernel.testing.grammars import Walker, accepts, conforms

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "enum": ["a", "b"]},
                "size": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2},
                "labels": {"type": "object", "additionalProperties": {"type": "boolean"}},
                "anything": {},
            },
            "required": ["name"],
        }
    },
}
TOOL = Tool("plant", parameters=TREE)
SHAPES: dict[str, Shape] = {
    "json": JsonCalls(call=("<c>", "</c>")),
    "tagged": Tagged(call=("<c>", "</c>"), name_end=":", key=("<k>", "</k>"), value_end="</v>"),
    "expression": Expression(call=("<c>", "</c>")),
}


def test_objects_with_properties_are_closed_and_no_others() -> None:
    schema = {
        "properties": {
            "a": {"properties": {}},
            "b": {"type": "object"},
            "properties": {"items": {"properties": {}}},
        },
        "items": {"properties": {"c": {}}, "additionalProperties": True},
    }
    assert closed(schema) == {
        "properties": {
            "a": {"properties": {}, "additionalProperties": False},
            "b": {"type": "object"},
            "properties": {"items": {"properties": {}, "additionalProperties": False}},
        },
        "items": {"properties": {"c": {}}, "additionalProperties": True},
        "additionalProperties": False,
    }


def test_a_tool_without_parameters_takes_nothing() -> None:
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    assert parameters(Tool("f")) == nothing
    assert parameters(Tool("f", parameters={"type": "object"})) == nothing


@pytest.mark.parametrize("name", SHAPES)
def test_references_and_recursion_are_followed(name: str) -> None:
    format = Format(name=name, shape=SHAPES[name])
    grammar = format.grammar([TOOL], special={}, parallel=False)
    texts = list(Walker((), ["</c>", "</k>", "</v>"]).walks(grammar, count=10))
    assert len(texts) >= 5
    for text in texts:
        arguments = "".join(piece.text for piece in format.read(text, [TOOL]) if hasattr(piece, "text"))
        assert conforms(json.loads(arguments), TREE, TREE), text


def test_python_spelling_is_forced_in_nested_values() -> None:
    grammar = Format(name="e", shape=SHAPES["expression"]).grammar([TOOL], special={})
    walker = Walker((), ())
    assert accepts(walker, grammar, '<c>plant(name="a", size=None, labels={"x": True})</c>') == ""
    assert accepts(walker, grammar, '<c>plant(name="a", size=null)</c>').startswith("null")
    assert accepts(walker, grammar, '<c>plant(size=1, name="a")</c>').startswith("size")
    assert accepts(walker, grammar, '<c>plant(name="c")</c>').startswith("c")


def test_grammars_force_a_call_and_are_limited() -> None:
    format = Format(name="j", shape=SHAPES["json"])
    walker = Walker(("<c>",), ())
    call = '<c>{"name": "f", "arguments": {}}</c>'
    several = format.grammar([Tool("f")], special=walker.special)
    assert accepts(walker, several, "") != ""
    assert accepts(walker, several, call * 8) == ""
    assert accepts(walker, several, call * 9) == call
    single = format.grammar([Tool("f")], special=walker.special, parallel=False)
    assert accepts(walker, single, call * 2) == call
    assert f"<[{walker.special['<c>']}]>" in single
    with pytest.raises(ValueError, match="tool format 'j': a call cannot be forced without tools"):
        format.grammar([], special={})


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "string"}, {"string"}),
        ({"type": ["integer", "null"]}, {"integer", "null"}),
        ({"enum": ["a", 1, None]}, {"string", "integer", "null"}),
        ({"const": True}, {"boolean"}),
        ({"anyOf": [{"type": "array"}, {"$ref": "#/$defs/x"}]}, {"array", "object"}),
        ({"$ref": "#/$defs/loop"}, set()),
        ({}, set()),
        (True, set()),
    ],
)
def test_types(schema: object, types: set[str]) -> None:
    definitions = {"x": {"type": "object"}, "loop": {"$ref": "#/$defs/loop"}}
    tool = Tool("f", parameters={"properties": {"a": schema}, "$defs": definitions})
    assert Toolset([tool]).types("f", "a") == types
    assert Toolset([tool]).types("g", "a") == Toolset([tool]).types("f", "b") == set()


@pytest.mark.parametrize(
    ("text", "types", "expected"),
    [
        ("5", {"string"}, '"5"'),
        ("5", {"integer"}, "5"),
        ("5.0", {"integer"}, "5"),
        ("5.5", {"integer"}, "5.5"),
        (" true ", {"boolean"}, "true"),
        ("True", {"boolean"}, "true"),
        ("None", {"string", "null"}, "null"),
        ("text", {"string", "null"}, '"text"'),
        ("['a', {'b': True}]", {"array"}, '["a", {"b": true}]'),
        ("[oops", {"array"}, '"[oops"'),
        ("NaN", {"number"}, '"NaN"'),
        ('{"a": 1}', set(), '{"a": 1}'),
        ("01234", set(), '"01234"'),
        ("12", set(), "12"),
    ],
)
def test_coercion(text: str, types: set[str], expected: str) -> None:
    assert coerced(text, frozenset(types)) == expected
