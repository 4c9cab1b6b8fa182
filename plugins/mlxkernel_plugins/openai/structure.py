"""What the answer must look like: OpenAI's `response_format`, and grammars beyond it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxkernel.errors import invalid
from mlxkernel.messages import Json
from mlxkernel.request import Grammar, JsonObject, JsonSchema, ResponseFormat
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.bodies import ChatBody
from mlxkernel_plugins.openai.definitions import JsonObjectFormat, JsonSchemaFormat, TextFormat

_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")
# Not re.escape: it escapes spaces and dashes too, which not every regex engine takes.


def response_format(body: ChatBody) -> ResponseFormat | None:
    """The one format that the request names, None when the answer is free.

    Raises `RequestFailed` for a second one, and for a schema that cannot be carried.
    """
    first, *more = (*_formats(body), None)
    if first is None:
        return None
    for second in more:
        if second is not None:
            message = f"'{first[0]}' and '{second[0]}' cannot be used together: an answer has one format."
            raise invalid(message, param=second[0], code="invalid_value")
    return first[1]


def _formats(body: ChatBody) -> Iterator[tuple[str, ResponseFormat]]:
    match body.response_format:
        case JsonObjectFormat():
            yield "response_format", JsonObject()
        case JsonSchemaFormat(json_schema=named):
            schema = checked_schema(named.schema, "response_format.json_schema.schema")
            if named.description is not None:
                schema = {"description": named.description, **schema}
            yield "response_format", JsonSchema(schema, named.name or "answer", bool(named.strict))
        case TextFormat() | None:
            pass
    if body.grammar is not None:
        yield "grammar", Grammar("lark", body.grammar)
    if body.regex is not None:
        yield "regex", Grammar("regex", body.regex, "regex")
    if body.guided_json is not None:
        yield "guided_json", JsonSchema(checked_schema(body.guided_json, "guided_json"), field="guided_json")
    if body.guided_regex is not None:
        yield "guided_regex", Grammar("regex", body.guided_regex, "guided_regex")
    if body.guided_grammar is not None:
        yield "guided_grammar", Grammar("lark", body.guided_grammar, "guided_grammar")
    if body.guided_choice is not None:
        choices = "|".join(_literal(text) for text in body.guided_choice)
        yield "guided_choice", Grammar("regex", choices, "guided_choice")


def _literal(text: str) -> str:
    # A line end is written as an escape because a grammar's regular expressions stand on one line.
    return _SPECIAL.sub(r"\\\g<0>", text).replace("\n", r"\n")


def checked_schema(schema: dict[str, Json], path: str) -> dict[str, Json]:
    """The same schema. Raises `RequestFailed` for one that cannot be carried to the grammar."""
    parsing.check_value(schema, path)
    return schema
