"""From the bytes of a body to its Struct, and what is wrong with them in words that name the field.

msgspec says in one sentence what is wrong and where (``Expected `int`, got `str` - at
`$.options.num_ctx```); that sentence is read here. A contract test holds its wording.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct

from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
from mlxkernel_plugins.ollama.bodies import Options

T = TypeVar("T", bound=Struct)

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_WRONG_TYPE = re.compile(r"^Expected `(?P<expected>[^`]*)`(?:, got `(?P<got>[^`]*)`)?$")
_RANGE = re.compile(r"^Expected `(?P<expected>[^`]*)` (?P<bound>(?:of length )?[<>=]+ \S+)$")
_BAD_CHOICE = re.compile(r"^Invalid (?:enum )?value (?P<value>.*)$", re.DOTALL)
_NOUNS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_CHOICES = {
    "messages[].role": "'system', 'user', 'assistant' and 'tool'",
    "think": "true, false, 'low', 'medium', 'high' and 'max'",
    "format": "'json' and a JSON Schema",
    "tools[].type": "'function'",
}
_PLACES = re.compile(r"\[\d+\]")
_SHOWN = 80
"""Characters of a client's own words that a message repeats."""


def parse(http: HttpRequest, kind: type[T]) -> T:
    """The body as this Struct.

    Raises `RequestFailed`: 415 for what a foreign web page may have sent, 400 for everything that is
    wrong inside.
    """
    _check_sender(http)
    if not http.body:
        raise invalid("missing request body")
    try:
        return msgspec.json.decode(http.body, type=kind)
    except msgspec.ValidationError as error:
        raise _explained(str(error), kind) from None
    except msgspec.DecodeError as error:
        raise invalid(f"the body is not JSON: {_lower_first(str(error))}") from None
    except UnicodeDecodeError:
        raise invalid("the body is not UTF-8") from None
    except RecursionError:
        raise invalid("the body is nested too deeply") from None


def _check_sender(http: HttpRequest) -> None:
    # Ollama takes any content type, and its users' scripts send curl's default. A web page may send such a
    # body to a server on this machine without asking it first (CORS "simple requests"), and the browser
    # then says where it comes from; JSON it may not.
    kind = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and "origin" in http.headers:
        raise RequestFailed(
            Fault(
                kind=FaultKind.UNSUPPORTED_MEDIA_TYPE,
                message="a web page must send the header 'Content-Type: application/json'",
                code="unsupported_content_type",
            )
        )


def _explained(sentence: str, kind: type[Struct]) -> RequestFailed:
    place = _PLACE.match(sentence)
    problem = place["problem"] if place else sentence
    # A value of a mapping is at "[...]": the path ends at the mapping.
    path = (place["path"] or "" if place else "").replace("[...]", "").lstrip(".")
    if match := _MISSING.match(problem):
        param = _join(path, match["field"])
        return invalid(f"'{param}' is required", param=param)
    if match := _UNKNOWN.match(problem):
        return _unknown(path, match["field"][:_SHOWN], kind)
    if not path:
        return invalid(f"the body must be a JSON object: {_lower_first(problem)}")
    return invalid(f"invalid value for '{path}': {_wrong(problem, path)}", param=path)


def _wrong(problem: str, path: str) -> str:
    if match := _WRONG_TYPE.match(problem):
        got = f", got {_nouns(match['got'])}" if match["got"] else ""
        return f"expected {_nouns(match['expected'])}{got}"
    if match := _RANGE.match(problem):
        return f"expected {_nouns(match['expected'])} {match['bound']}"
    if match := _BAD_CHOICE.match(problem):
        choices = _CHOICES.get(_PLACES.sub("[]", path))
        return f"{match['value'][:_SHOWN]}" + (f"; it may be {choices}" if choices else "")
    return _lower_first(problem[:_SHOWN])


def _unknown(path: str, field: str, kind: type[Struct]) -> RequestFailed:
    known: Iterable[str] = ()
    if not path:
        known = kind.__struct_encode_fields__
    elif path == "options":
        known = Options.__struct_encode_fields__
    close = difflib.get_close_matches(field, known, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    param = _join(path, field)
    return invalid(f"unknown field '{param}'{hint}", param=param)


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _nouns(types: str) -> str:
    names = [_NOUNS.get(name, name) for name in types.split(" | ") if name != "null"] or ["null"]
    return " or ".join(names)


def _lower_first(sentence: str) -> str:
    # "JSON is malformed" keeps its capitals.
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]
