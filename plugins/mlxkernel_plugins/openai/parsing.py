"""From the bytes of a body to its Struct; what is wrong with them, in OpenAI's words."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from mlxkernel import bodies
from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
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
    "messages[].role": "'system', 'developer', 'user', 'assistant', 'tool' and 'function'",
    "tools[].type": "'function'",
    "tool_choice": "'none', 'auto', 'required' and an object that names a function",
    "tool_choice.type": "'function' and 'allowed_tools'",
    "tool_choice.allowed_tools.mode": "'auto' and 'required'",
    "function_call": "'none', 'auto' and an object that names a function",
    "response_format.type": "'text', 'json_object' and 'json_schema'",
    "input[].role": "'user', 'assistant', 'system' and 'developer'",
    "input[].content[].type": "'input_text', 'input_image', 'output_text' and 'refusal'",
    "input[].output[].type": "'input_text' and 'input_image'",
    "text.format.type": "'text', 'json_object' and 'json_schema'",
    "reasoning.effort": "'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and 'max'",
    "tool_choice.mode": "'auto' and 'required'",
    "reasoning_effort": "'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and 'max'",
}


def parse(http: HttpRequest, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as `decoder`'s type.

    Raises `RequestFailed`: 415 for another content type, 400 for everything that is wrong inside.
    """
    return bodies.parse(http, decoder, words)


def part(value: Json, kind: type[T], path: str) -> T:
    """A value from inside a body as `kind`; `path` is where it stands. Raises `RequestFailed` (400)."""
    return bodies.convert(value, kind, words, path)


def check_value(value: Json, path: str, max_depth: int = bodies.MAX_DEPTH) -> None:
    """Raises `RequestFailed` (400) for a JSON value that cannot be carried to a template or a grammar."""
    bodies.check_value(value, path, words, max_depth)


def check_text(text: str, path: str) -> None:
    """The same for JSON that is written into a string."""
    bodies.check_text(text, path, words)


def words(problem: Problem) -> RequestFailed:
    """What is wrong with a body, as OpenAI says it."""
    path = problem.path
    match problem:
        case WrongContentType(given=given):
            shown = repr(given) if given else "none"
            return _other_media(
                f"Unsupported content type: {shown}. Send the header 'Content-Type: application/json'."
            )
        case WrongCharset(given=given):
            return _other_media(f"Unsupported charset: {given!r}. Send the body as UTF-8.")
        case NotJson(detail=detail):
            return invalid(
                f"We could not parse the JSON body of your request: {detail}.", code="invalid_json"
            )
        case NotAnObject(detail=detail):
            return invalid(f"The body of the request must be a JSON object: {detail}.", code="invalid_type")
        case MissingField():
            message = f"Missing required parameter: '{path}'."
            return invalid(message, param=path, code="missing_required_parameter")
        case UnknownField():
            return invalid(_unknown(problem), param=path, code="unknown_parameter")
        case WrongType(expected=expected, got=got):
            instead = f", but got {got} instead" if got else ""
            message = f"Invalid type for '{path}': expected {expected}{instead}."
            return invalid(message, param=path, code="invalid_type")
        case UnknownChoice():
            choices = _CHOICES.get(problem.place)
            return _invalid(path, problem.value + (f"; supported values are {choices}" if choices else ""))
        case WrongToolSchema():
            return _invalid(path, why(problem), "invalid_function_parameters")
        case OutOfRange() | WrongValue() | TooDeep() | WideInteger() | WrongToolName() | RepeatedTool():
            return _invalid(path, why(problem))


def _other_media(message: str) -> RequestFailed:
    kind, code = FaultKind.UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type"
    return RequestFailed(Fault(kind=kind, message=message, code=code))


def _invalid(path: str, wrong: str, code: str = "invalid_value") -> RequestFailed:
    return invalid(f"Invalid value for '{path}': {wrong}.", param=path, code=code)


def _unknown(problem: UnknownField) -> str:
    if "." in problem.path:
        return f"Unknown parameter: '{problem.path}'."
    hint = f"; did you mean '{problem.close}'?" if problem.close else ""
    return f"Unrecognized request argument supplied: {problem.path}{hint}"
