"""From the bytes of a body to its Struct, and Anthropic's words for what is wrong with them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mlxkernel import bodies
from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel.problems import (
    MissingField,
    NotAnObject,
    NotJson,
    OutOfRange,
    Problem,
    RepeatedTool,
    TooDeep,
    UnknownChoice,
    UnknownField,
    WideInteger,
    WrongCharset,
    WrongContentType,
    WrongToolName,
    WrongToolSchema,
    WrongType,
    WrongValue,
    why,
)

T = TypeVar("T")

_CHOICES = {
    "messages[].role": "'user', 'assistant' and 'system'",
    "messages[].content[].type": "'text', 'image' and 'tool_result' of a user, 'text', 'thinking', "
    "'redacted_thinking' and 'tool_use' of an assistant",
    "messages[].content[].content[].type": "'text' and 'image'",
    "messages[].content[].source.type": "'base64' and 'url'",
    "messages[].content[].source.media_type": "'image/jpeg', 'image/png', 'image/gif' and 'image/webp'",
    "system[].type": "'text'",
    "tool_choice.type": "'auto', 'any', 'tool' and 'none'",
    "thinking.type": "'enabled', 'adaptive' and 'disabled'",
    "thinking.display": "'summarized' and 'omitted'",
    "output_config.effort": "'low', 'medium', 'high', 'xhigh' and 'max'",
    "output_config.format.type": "'json_schema'",
    "context_management.edits[].type": "'clear_thinking_20251015'",
}
_REASONS = {
    "document": "documents are not read; send their text in a block of type 'text'",
    "search_result": "send its text in a block of type 'text'",
    "container_upload": "there are no containers",
    "file": "there are no stored files; send the picture as 'base64' or 'url'",
    "server_tool_use": "the server runs no tools",
    "between_tools": "send 'enabled', 'adaptive' or 'disabled'",
    "tool_reference": "all tools are listed in 'tools'",
    "clear_tool_uses_20250919": "the conversation is not edited; leave out old results on the client's side",
    "compact_20260112": "the conversation is not edited; summarise it on the client's side",
}
"""Values that are understood in order to be refused with a mend."""


def parse(http: HttpRequest, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as `decoder`'s type.

    Raises `RequestFailed`: 415 for another content type, 400 for everything that is wrong inside.
    """
    return bodies.parse(http, decoder, words)


def decode(data: msgspec.Raw, decoder: msgspec.json.Decoder[T], path: str) -> T:
    """A part of a body that stands at `path`, as `decoder`'s type. Raises `RequestFailed` (400)."""
    return bodies.decode(data, decoder, words, path)


def check_value(value: Json, path: str) -> None:
    """Raises `RequestFailed` (400) for a JSON value that cannot be carried to a template or a grammar."""
    bodies.check_value(value, path, words)


def words(problem: Problem) -> RequestFailed:
    """What is wrong with a body, as this dialect says it."""
    path = problem.path
    match problem:
        case WrongContentType() | WrongCharset():
            kind, code = FaultKind.UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type"
            return RequestFailed(Fault(kind=kind, message=_upper_first(why(problem)), code=code))
        case NotJson(detail=detail):
            return invalid(f"The body of the request is not valid JSON: {detail}", code="invalid_json")
        case NotAnObject(detail=detail):
            return invalid(f"The body of the request must be a JSON object: {detail}")
        case MissingField():
            return invalid(f"'{path}' is missing", param=path, code="missing_field")
        case UnknownField(close=close):
            hint = f"; did you mean '{close}'?" if close else ""
            return invalid(f"'{path}' is not a field of this API{hint}", param=path, code="unknown_field")
        case WrongType(expected=expected, got=got):
            instead = f", not {got}" if got else ""
            return invalid(f"'{path}' must be {expected}{instead}", param=path, code="wrong_type")
        case UnknownChoice():
            return _bad_choice(problem)
        case WrongValue(detail=detail):
            return invalid(f"'{path}': {detail}", param=path, code="wrong_value")
        case WrongToolSchema():
            return _wrong(f"{path}.type", "must be 'object': a call's arguments are one")
        case _:
            return _wrong(path, _wrong_value(problem))


def _wrong_value(problem: OutOfRange | TooDeep | WideInteger | WrongToolName | RepeatedTool) -> str:
    match problem:
        case OutOfRange(expected=expected, bound=bound):
            return f"must be {expected} {bound}"
        case TooDeep(levels=levels):
            return f"is nested more than {levels} levels deep"
        case WideInteger():
            return "holds an integer that does not fit into 64 bits"
        case WrongToolName(name=name):
            return f"is {name!r}; it must be 1 to 128 letters, digits, '_', '-' and '.'"
        case RepeatedTool(name=name):
            return f"is '{name}', as is that of a tool before it"


def _wrong(path: str, what: str) -> RequestFailed:
    return invalid(f"'{path}' {what}", param=path, code="wrong_value")


def _bad_choice(problem: UnknownChoice) -> RequestFailed:
    value = problem.value.removeprefix("'").removesuffix("'")
    if value in _REASONS:
        return unsupported(problem.path, f"{value!r}: {_REASONS[value]}")
    choices = _CHOICES.get(problem.place)
    return _wrong(problem.path, f"is {value!r}" + (f"; supported are {choices}" if choices else ""))


def _upper_first(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
