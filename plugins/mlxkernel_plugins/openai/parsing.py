"""From the bytes of a body to its Struct; what is wrong with them, in OpenAI's words.

msgspec says in one sentence what is wrong and where (``Expected `float`, got `str` - at
`$.temperature```); that sentence is read here. A contract test holds its wording.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
from mlxkernel.messages import Json

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?$", re.DOTALL)
_AT = re.compile(r" - at `(?:key` in `)?\$")
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
    "reasoning_effort": "'none', 'minimal', 'low', 'medium', 'high' and 'xhigh'",
}
_PLACES = re.compile(r"\[\d+\]")
_SHOWN = 80
"""Characters of a client's own words that a message repeats."""


def parse(http: HttpRequest, decoder: msgspec.json.Decoder[T], fields: Sequence[str]) -> T:
    """The body as `decoder`'s type. `fields` are the known top-level names, for suggestions.

    Raises `RequestFailed`: 415 for another content type, 400 for everything that is wrong inside.
    """
    _check_content_type(http.headers.get("content-type", ""))
    if not http.body:
        raise _malformed("it is empty")
    try:
        return decoder.decode(http.body)
    except msgspec.ValidationError as error:
        raise _explained(str(error), fields) from None
    except msgspec.DecodeError as error:
        raise _malformed(_lower_first(str(error))) from None
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None
    except RecursionError:
        raise _malformed("it is nested too deeply") from None


def part(value: Json, kind: type[T], path: str) -> T:
    """A value from inside a body as `kind`; `path` is where it stands. Raises `RequestFailed` (400)."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        sentence = str(error)
        if not _AT.search(sentence):
            sentence += " - at `$`"
        raise _explained(_AT.sub(rf"\g<0>.{path}", sentence), ()) from None


def _check_content_type(value: str) -> None:
    # Required even of clients that could do without: a web page may send other types, or none, to a
    # server on this machine without asking it first (CORS "simple requests"); JSON it may not.
    kind, _, parameters = value.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if kind.strip().lower() != "application/json":
        shown = repr(value[:_SHOWN]) if value else "none"
        message = f"Unsupported content type: {shown}. Send the header 'Content-Type: application/json'."
    elif charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        message = f"Unsupported charset: {charset.group(1)[:_SHOWN]!r}. Send the body as UTF-8."
    else:
        return
    raise RequestFailed(
        Fault(kind=FaultKind.UNSUPPORTED_MEDIA_TYPE, message=message, code="unsupported_content_type")
    )


def _malformed(problem: str) -> RequestFailed:
    return invalid(f"We could not parse the JSON body of your request: {problem}.", code="invalid_json")


def _explained(sentence: str, fields: Sequence[str]) -> RequestFailed:
    place = _PLACE.match(sentence)
    problem = place["problem"] if place else sentence
    # A value of a mapping is at "[...]": the path that OpenAI's clients can use ends at the mapping.
    path = (place["path"] or "" if place else "").replace("[...]", "").lstrip(".")
    if match := _MISSING.match(problem):
        param = _join(path, match["field"])
        return invalid(
            f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
        )
    if match := _UNKNOWN.match(problem):
        return _unknown(path, match["field"], fields)
    if not path:
        return invalid(
            f"The body of the request must be a JSON object: {_lower_first(problem)}.", code="invalid_type"
        )
    if match := _WRONG_TYPE.match(problem):
        got = f", but got {_nouns(match['got'])} instead" if match["got"] else ""
        message = f"Invalid type for '{path}': expected {_nouns(match['expected'])}{got}."
        return invalid(message, param=path, code="invalid_type")
    return invalid(
        f"Invalid value for '{path}': {_wrong_value(problem, path)}.", param=path, code="invalid_value"
    )


def _wrong_value(problem: str, path: str) -> str:
    if match := _RANGE.match(problem):
        return f"expected {_nouns(match['expected'])} {match['bound']}"
    if match := _BAD_CHOICE.match(problem):
        choices = _CHOICES.get(_PLACES.sub("[]", path))
        supported = f"; supported values are {choices}" if choices else ""
        return f"{match['value'][:_SHOWN]}{supported}"
    return _lower_first(problem[:_SHOWN])


def _unknown(path: str, field: str, fields: Sequence[str]) -> RequestFailed:
    shown = field[:_SHOWN]
    param = _join(path, shown)
    if path:
        return invalid(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    close = difflib.get_close_matches(shown, fields, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    message = f"Unrecognized request argument supplied: {shown}{hint}"
    return invalid(message, param=param, code="unknown_parameter")


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _nouns(types: str) -> str:
    names = [_NOUNS.get(name, name) for name in types.split(" | ") if name != "null"] or ["null"]
    return " or ".join(names)


def _lower_first(sentence: str) -> str:
    # "JSON is malformed" keeps its capitals.
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]
