"""From the bytes of a body to its Struct, and what is wrong with them in words that name the field."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct

from mlxkernel import bodies
from mlxkernel.api import HttpRequest
from mlxkernel.errors import RequestFailed, invalid
from mlxkernel.messages import Json
from mlxkernel.problems import (
    EMPTY,
    NESTED,
    NOT_UTF8,
    MissingField,
    NotAnObject,
    NotJson,
    Problem,
    UnknownChoice,
    UnknownField,
    why,
)

T = TypeVar("T", bound=Struct)

_CHOICES = {
    "messages[].role": "'system', 'user', 'assistant' and 'tool'",
    "think": "true, false, 'low', 'medium', 'high' and 'max'",
    "format": "'json' and a JSON Schema",
    "tools[].type": "'function'",
}


def parse(http: HttpRequest, kind: type[T]) -> T:
    """The body as this Struct, whatever its content type: Ollama's users' scripts send curl's default.

    Raises `RequestFailed` (400) for everything that is wrong inside.
    """
    return bodies.decode(http.body, msgspec.json.Decoder(kind), words)


def check_value(value: Json, path: str) -> None:
    """Raises `RequestFailed` (400) for a JSON value that cannot be carried to a template or a grammar."""
    bodies.check_value(value, path, words)


def words(problem: Problem) -> RequestFailed:
    """What is wrong with a body, as this dialect says it."""
    path = problem.path
    match problem:
        case NotJson(detail=detail):
            return invalid(_not_json(detail))
        case NotAnObject():
            return invalid(why(problem))
        case MissingField():
            return invalid(f"'{path}' is required", param=path)
        case UnknownField(close=close):
            hint = f"; did you mean '{close}'?" if close else ""
            return invalid(f"unknown field '{path}'{hint}", param=path)
        case UnknownChoice():
            choices = _CHOICES.get(problem.place)
            hint = f"; it may be {choices}" if choices else ""
            return invalid(f"invalid value for '{path}': {problem.value}{hint}", param=path)
        case _:
            return invalid(f"invalid value for '{path}': {why(problem)}", param=path)


def _not_json(detail: str) -> str:
    if detail == EMPTY:
        return "missing request body"
    if detail in (NOT_UTF8, NESTED):
        return f"the body {detail.removeprefix('it ')}"
    return f"the body is not JSON: {detail}"
