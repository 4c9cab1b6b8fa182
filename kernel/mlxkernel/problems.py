"""Problems: what is wrong with a request's body, before a dialect says it in its own words.

`mlxkernel.bodies` and `mlxkernel.tools` find them. A dialect hands in its `Words`, a function from a
`Problem` to the fault for its client; `plain` is one that serves any dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid

_PLACES = re.compile(r"\[\d+\]")


class WrongContentType(Struct, frozen=True):
    """The header ``Content-Type`` names something else than JSON; `given` is "" when there is none."""

    given: str
    path: str = ""


class WrongCharset(Struct, frozen=True):
    """The header ``Content-Type`` names an encoding that JSON does not have."""

    given: str
    path: str = ""


class NotJson(Struct, frozen=True):
    """The body is no JSON. `detail` is `EMPTY`, `NOT_UTF8`, `NESTED` or the JSON reader's own words."""

    detail: str
    path: str = ""


EMPTY = "it is empty"
NOT_UTF8 = "it is not UTF-8"
NESTED = "it is nested too deeply"


class NotAnObject(Struct, frozen=True):
    """The body is JSON and no object; `detail` says what was expected."""

    detail: str
    path: str = ""


class MissingField(Struct, frozen=True):
    """A field that must be there is not; `path` is the field's own."""

    path: str


class UnknownField(Struct, frozen=True):
    """A field that the API does not have; `path` is its own. `close` is the known one that it resembles."""

    path: str
    close: str | None = None


class WrongType(Struct, frozen=True):
    """A value of another type: `expected` and `got` in words ("a string"), `got` "" when it is not told."""

    path: str
    expected: str
    got: str = ""


class OutOfRange(Struct, frozen=True):
    """A value beyond its bounds; `bound` reads ``<= 2.0`` or ``of length >= 1``."""

    path: str
    expected: str
    bound: str


class UnknownChoice(Struct, frozen=True):
    """A value that is none of those that there are; `value` is as JSON's reader shows it, in quotes."""

    path: str
    value: str

    @property
    def place(self) -> str:
        """The path without its numbers (``messages[].role``), by which a dialect finds what there is."""
        return _PLACES.sub("[]", self.path)


class WrongValue(Struct, frozen=True):
    """A value that is wrong in some other way, which `detail` tells."""

    path: str
    detail: str


class TooDeep(Struct, frozen=True):
    """A value that holds more lists and objects within each other than `levels`."""

    path: str
    levels: int


class WideInteger(Struct, frozen=True):
    """A value that holds an integer of more than 64 bits, which no request can carry."""

    path: str


class WrongToolName(Struct, frozen=True):
    """A tool whose `name` has other characters than names may have, or too many."""

    path: str
    name: str


class RepeatedTool(Struct, frozen=True):
    """A tool of the same `name` as one before it."""

    path: str
    name: str


class WrongToolSchema(Struct, frozen=True):
    """A tool whose arguments, as its schema has them, are no object."""

    path: str


Problem: TypeAlias = (
    WrongContentType
    | WrongCharset
    | NotJson
    | NotAnObject
    | MissingField
    | UnknownField
    | WrongType
    | OutOfRange
    | UnknownChoice
    | WrongValue
    | TooDeep
    | WideInteger
    | WrongToolName
    | RepeatedTool
    | WrongToolSchema
)

Words: TypeAlias = Callable[[Problem], RequestFailed]
"""How a dialect says what is wrong. It may give the problems that it has no words for to `plain`."""


def why(problem: Problem) -> str:
    """What is wrong, in plain words and without the path."""
    match problem:
        case WrongContentType(given=given):
            shown = repr(given) if given else "none"
            return f"the content type is {shown}; send the header 'Content-Type: application/json'"
        case WrongCharset(given=given):
            return f"the charset is {given!r}; send the body as UTF-8"
        case NotJson(detail=detail):
            return f"the body is not JSON: {detail}"
        case NotAnObject(detail=detail):
            return f"the body must be a JSON object: {detail}"
        case MissingField():
            return "it is missing"
        case UnknownField(close=close):
            return "there is no such field" + (f"; did you mean '{close}'?" if close else "")
        case WrongType(expected=expected, got=got):
            return f"expected {expected}" + (f", got {got}" if got else "")
        case OutOfRange(expected=expected, bound=bound):
            return f"expected {expected} {bound}"
        case UnknownChoice(value=value):
            return value
        case WrongValue(detail=detail):
            return detail
        case TooDeep(levels=levels):
            return f"it is nested more than {levels} levels deep"
        case WideInteger():
            return "an integer in it does not fit into 64 bits"
        case WrongToolName(name=name):
            return f"{name!r} is not 1 to 128 letters, digits, '_', '-' and '.'"
        case RepeatedTool(name=name):
            return f"there is a function '{name}' before it"
        case WrongToolSchema():
            return "arguments are an object, and the schema is of another 'type'"


def plain(problem: Problem) -> RequestFailed:
    """The fault in plain words: 415 for the content type, 400 for everything else."""
    match problem:
        case WrongContentType() | WrongCharset():
            kind, code = FaultKind.UNSUPPORTED_MEDIA_TYPE, "unsupported_content_type"
            return RequestFailed(Fault(kind=kind, message=why(problem), code=code))
        case NotJson() | NotAnObject():
            return invalid(why(problem), code="invalid_json")
        case _:
            return invalid(f"'{problem.path}': {why(problem)}", param=problem.path, code="invalid_value")
