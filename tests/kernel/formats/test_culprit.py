"""The part of a schema that cannot be forced."""

from __future__ import annotations

from mlxkernel.formats.culprit import MOST, culprit
from mlxkernel.messages import Json

BAD: Json = {"type": "string", "format": "bad"}


def refusal(schema: Json) -> str:
    """As a compiler would refuse it: for what is in it or in what it refers to."""
    return "bad" if "'bad'" in repr(schema) else ""


def test_the_deepest_part_is_named() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b/c~": {"items": [{"type": "null"}, BAD]}}}
    assert culprit(schema, "bad", refusal) == "#/properties/b~1c~0/items/1"
    schema = {"additionalProperties": {"anyOf": [BAD]}}
    assert culprit(schema, "bad", refusal) == "#/additionalProperties/anyOf/0"
    assert culprit(BAD, "bad", refusal) == "#"


def test_a_definition_is_blamed_in_its_own_place() -> None:
    schema = {"properties": {"a": {"type": "null"}}, "$ref": "#/$defs/d", "$defs": {"d": {"items": BAD}}}
    assert culprit(schema, "bad", refusal) == "#/$defs/d/items"


def test_without_a_part_that_is_refused_there_is_no_place() -> None:
    assert culprit({"type": "string"}, "bad", refusal) is None
    assert culprit(True, "bad", refusal) is None
    assert culprit(BAD, "another reason", refusal) is None


def test_a_large_schema_is_not_searched_for_ever() -> None:
    tried: list[Json] = []
    schema = {"properties": {f"p{number}": {"type": "null"} for number in range(2 * MOST)}}
    assert culprit(schema, "bad", lambda part: str(tried.append(part) or "")) is None
    assert len(tried) == MOST
