"""The format of the answer: OpenAI's, the extensions, and vLLM's names for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from openai.lib._parsing import type_to_response_format_param
from pydantic import BaseModel

from mlxkernel.errors import Fault
from mlxkernel.request import Grammar, JsonObject, JsonSchema, Request, ResponseFormat

Read = Callable[..., Request]
Refused = Callable[..., Fault]

SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "integer"}}}


def schema(**fields: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": fields}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, JsonObject()),
        (schema(name="n", schema=SCHEMA, strict=True), JsonSchema(SCHEMA, "n", True)),
        (schema(name="n", schema=SCHEMA, strict=False), JsonSchema(SCHEMA, "n", False)),
        (schema(name="n", schema=SCHEMA), JsonSchema(SCHEMA, "n", False)),
        (schema(schema=SCHEMA, strict=None), JsonSchema(SCHEMA, "answer", False)),
        (
            schema(name="n", schema=SCHEMA, description="d"),
            JsonSchema({"description": "d", **SCHEMA}, "n", False),
        ),
        (
            schema(name="n", schema={"description": "own"}, description="d"),
            JsonSchema({"description": "own"}, "n", False),
        ),
        ({"grammar": 'start: "a"'}, Grammar("lark", 'start: "a"')),
        ({"regex": "a+"}, Grammar("regex", "a+", "regex")),
        ({"guided_json": SCHEMA}, JsonSchema(SCHEMA, field="guided_json")),
        ({"guided_regex": "a+"}, Grammar("regex", "a+", "guided_regex")),
        ({"guided_grammar": 'start: "a"'}, Grammar("lark", 'start: "a"', "guided_grammar")),
        ({"guided_choice": ["yes", "no"]}, Grammar("regex", "yes|no", "guided_choice")),
        ({"response_format": {"type": "text"}, "regex": "a+"}, Grammar("regex", "a+", "regex")),
    ],
)
def test_formats(read_chat: Read, fields: dict[str, Any], expected: ResponseFormat | None) -> None:
    assert read_chat(**fields).response_format == expected


def test_what_the_openai_client_makes_of_a_pydantic_model(read_chat: Read) -> None:
    class Point(BaseModel):
        x: int

    read = read_chat(response_format=type_to_response_format_param(Point)).response_format
    assert isinstance(read, JsonSchema)
    assert (read.name, read.strict, read.schema["required"]) == ("Point", True, ["x"])


def test_a_choice_is_read_as_it_is_written(read_chat: Read) -> None:
    choices = ["a.b", "c|d", "(e)", "f\\", "g/h", "i j-k", "l\nm", "^$*+?[]{}", "ä"]
    read = read_chat(guided_choice=choices).response_format
    assert isinstance(read, Grammar) and "\n" not in read.source
    for choice in choices:
        assert re.fullmatch(read.source, choice)
    for other in ("axb", "c", "d", "f", "lm", "e", ""):
        assert not re.fullmatch(read.source, other)


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        (
            schema(name="n"),
            "response_format.json_schema.schema",
            "Missing required parameter: 'response_format.json_schema.schema'.",
        ),
        (
            schema(name="n", schema=[]),
            "response_format.json_schema.schema",
            "Invalid type for 'response_format.json_schema.schema': expected an object, "
            "but got an array instead.",
        ),
        (
            schema(name="n", schema={"maximum": 2**64}),
            "response_format.json_schema.schema",
            "Invalid value for 'response_format.json_schema.schema': "
            "an integer in it does not fit into 64 bits.",
        ),
        (
            schema(name="n", schema={}, strickt=True),
            "response_format.json_schema.strickt",
            "Unknown parameter: 'response_format.json_schema.strickt'.",
        ),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "Missing required parameter: 'response_format.json_schema'.",
        ),
        (
            {"response_format": {"type": "xml"}},
            "response_format.type",
            "Invalid value for 'response_format.type': 'xml'; supported values are 'text', 'json_object' "
            "and 'json_schema'.",
        ),
        (
            {"response_format": "json"},
            "response_format",
            "Invalid type for 'response_format': expected an object, but got a string instead.",
        ),
        (
            {"response_format": {"type": "json_object"}, "regex": "a"},
            "regex",
            "'response_format' and 'regex' cannot be used together: an answer has one format.",
        ),
        (
            {"regex": "a", "guided_choice": ["a"], "guided_json": {}},
            "guided_json",
            "'regex' and 'guided_json' cannot be used together: an answer has one format.",
        ),
        (
            {"grammar": ""},
            "grammar",
            "Invalid value for 'grammar': expected a string of length >= 1.",
        ),
        (
            {"guided_choice": ["a", ""]},
            "guided_choice[1]",
            "Invalid value for 'guided_choice[1]': expected a string of length >= 1.",
        ),
    ],
)
def test_wrong_formats(refused_chat: Refused, fields: dict[str, Any], param: str, message: str) -> None:
    fault = refused_chat(**fields)
    assert (fault.param, fault.message) == (param, message)
