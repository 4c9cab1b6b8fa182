"""From the bytes of a body to its Struct, and the words for what is wrong with them.

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
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid, unsupported

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_WRONG_TYPE = re.compile(r"^Expected `(?P<expected>[^`]*)`(?:, got `(?P<got>[^`]*)`)?$")
_RANGE = re.compile(r"^Expected `(?P<expected>[^`]*)` (?P<bound>(?:of length )?[<>=]+ \S+)$")
_BAD_CHOICE = re.compile(r"^Invalid (?:enum )?value '?(?P<value>.*?)'?$", re.DOTALL)
_PLACES = re.compile(r"\[\d+\]")
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

_SHOWN = 80
"""Characters of a client's own words that a message repeats."""


def parse(http: HttpRequest, decoder: msgspec.json.Decoder[T], fields: Sequence[str]) -> T:
    """The body as `decoder`'s type. `fields` are the known top-level names, for suggestions.

    Raises `RequestFailed`: 415 for another content type, 400 for everything that is wrong inside.
    """
    _check_content_type(http.headers.get("content-type", ""))
    if not http.body:
        raise _malformed("it is empty")
    return decode(http.body, decoder, "", fields)


def decode(
    data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], path: str, fields: Sequence[str]
) -> T:
    """A part of a body that stands at `path`, as `decoder`'s type. Raises `RequestFailed` (400)."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _explained(str(error), path, fields) from None
    except msgspec.DecodeError as error:
        raise _malformed(_lower_first(str(error))) from None
    except UnicodeDecodeError:
        raise _malformed("it is not UTF-8") from None
    except RecursionError:
        raise _malformed("it is nested too deeply") from None


def _check_content_type(value: str) -> None:
    # Required even of clients that could do without: a web page may send other types, or none, to a
    # server on this machine without asking it first (CORS "simple requests"); JSON it may not.
    kind, _, parameters = value.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if kind.strip().lower() != "application/json":
        shown = repr(value[:_SHOWN]) if value else "none"
        message = f"The content type is {shown}; send the header 'Content-Type: application/json'"
    elif charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        message = f"The charset is {charset.group(1)[:_SHOWN]!r}; send the body as UTF-8"
    else:
        return
    raise RequestFailed(
        Fault(kind=FaultKind.UNSUPPORTED_MEDIA_TYPE, message=message, code="unsupported_content_type")
    )


def _malformed(problem: str) -> RequestFailed:
    return invalid(f"The body of the request is not valid JSON: {problem}", code="invalid_json")


def _explained(sentence: str, inside: str, fields: Sequence[str]) -> RequestFailed:
    place = _PLACE.match(sentence)
    problem = place["problem"] if place else sentence
    # A value of a mapping is at "[...]": the path ends at the mapping.
    path = inside + (place["path"] or "" if place else "").replace("[...]", "")
    path = path.lstrip(".")
    if match := _MISSING.match(problem):
        field = _join(path, match["field"])
        return invalid(f"'{field}' is missing", param=field, code="missing_field")
    if match := _UNKNOWN.match(problem):
        field = _join(path, match["field"][:_SHOWN])
        close = difflib.get_close_matches(match["field"][:_SHOWN], fields, n=1) if not path else []
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return invalid(f"'{field}' is not a field of this API{hint}", param=field, code="unknown_field")
    if not path:
        return invalid(f"The body of the request must be a JSON object: {_lower_first(problem)}")
    if match := _WRONG_TYPE.match(problem):
        got = f", not {_nouns(match['got'])}" if match["got"] else ""
        return invalid(f"'{path}' must be {_nouns(match['expected'])}{got}", param=path, code="wrong_type")
    if match := _RANGE.match(problem):
        message = f"'{path}' must be {_nouns(match['expected'])} {match['bound']}"
        return invalid(message, param=path, code="wrong_value")
    if match := _BAD_CHOICE.match(problem):
        return _bad_choice(path, match["value"])
    return invalid(f"'{path}': {_lower_first(problem[:_SHOWN])}", param=path, code="wrong_value")


def _bad_choice(path: str, value: str) -> RequestFailed:
    if value in _REASONS:
        return unsupported(path, f"{value!r}: {_REASONS[value]}")
    choices = _CHOICES.get(_PLACES.sub("[]", path))
    supported = f"; supported are {choices}" if choices else ""
    return invalid(f"'{path}' is {value[:_SHOWN]!r}{supported}", param=path, code="wrong_value")


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _nouns(types: str) -> str:
    names = [_NOUNS.get(name, name) for name in types.split(" | ") if name != "null"] or ["null"]
    return " or ".join(names)


def _lower_first(sentence: str) -> str:
    # "JSON is malformed" keeps its capitals.
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]
