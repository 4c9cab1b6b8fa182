"""Bodies: from the bytes of a JSON body to its Struct, or to a fault that names the field that is wrong.

A dialect describes a body by a msgspec Struct, with ``forbid_unknown_fields`` so that nothing is silently
ignored, and reads it in one line, in `mlxkernel.problems.plain` words or in its own:

    body = bodies.parse(http, decoder, words)

msgspec says in one sentence what is wrong and where (``Expected `float`, got `str` - at
`$.temperature```); that sentence is read here. A contract test holds its wording.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec

from mlxkernel import problems
from mlxkernel.http import HttpRequest
from mlxkernel.messages import Json
from mlxkernel.problems import Problem, Words

T = TypeVar("T")

MAX_DEPTH = 128
"""Lists and objects within each other in a JSON value that goes on unread; an object within a JSON Schema
costs two levels."""

SHOWN = 80
"""Characters of a client's own words that a message repeats."""

_MIN_INT, _MAX_INT = -(2**63), 2**64 - 1
# The integers of msgpack, which carries requests to the model's process.

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key` in `)?\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)
_WRONG_TYPE = re.compile(r"^Expected `(?P<expected>[^`]*)`(?:, got `(?P<got>[^`]*)`)?$")
_RANGE = re.compile(r"^Expected `(?P<expected>[^`]*)` (?P<bound>(?:of length )?[<>=]+ \S+)$")
_CHOICE = re.compile(r"^Invalid (?:enum )?value (?P<value>.*)$", re.DOTALL)
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_NOUNS = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def parse(http: HttpRequest, decoder: msgspec.json.Decoder[T], words: Words = problems.plain) -> T:
    """The body as `decoder`'s type, from a client that says that it sends JSON.

    Raises what `words` make of it: for another content type, and for everything that is wrong inside.
    """
    check_content_type(http, words)
    return decode(http.body, decoder, words)


def check_content_type(http: HttpRequest, words: Words = problems.plain) -> None:
    """Raises what `words` make of a body that is not declared to be JSON in UTF-8."""
    kind, _, parameters = http.headers.get("content-type", "").partition(";")
    charset = _CHARSET.search(parameters)
    if kind.strip().lower() != "application/json":
        raise words(problems.WrongContentType(http.headers.get("content-type", "")[:SHOWN]))
    if charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise words(problems.WrongCharset(charset.group(1)[:SHOWN]))


def decode(
    data: bytes | msgspec.Raw,
    decoder: msgspec.json.Decoder[T],
    words: Words = problems.plain,
    path: str = "",
) -> T:
    """The JSON text as `decoder`'s type; `path` is where it stands, when it is a part of a body.

    Raises what `words` make of everything that is wrong with it.
    """
    if not data:
        raise words(problems.NotJson(problems.EMPTY))
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise words(_problem(str(error), path, decoder.type)) from None
    except msgspec.DecodeError as error:
        raise words(problems.NotJson(_lower_first(str(error)))) from None
    except UnicodeDecodeError:
        raise words(problems.NotJson(problems.NOT_UTF8)) from None
    except RecursionError:
        raise words(problems.NotJson(problems.NESTED)) from None


def convert(value: Json, kind: type[T], words: Words = problems.plain, path: str = "") -> T:
    """A JSON value that was read already, and stands at `path`, as `kind`. Raises as `decode` does."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise words(_problem(str(error), path, kind)) from None


def check_value(value: Json, path: str, words: Words = problems.plain, max_depth: int = MAX_DEPTH) -> None:
    """Whether a JSON value that goes on unread, to a chat template or a grammar, can be carried there.

    Raises what `words` make of one that is nested deeper than `max_depth` lists and objects, or that holds
    an integer of more than 64 bits.
    """
    for inner, depth in _walk(value):
        if depth > max_depth:
            raise words(problems.TooDeep(path, max_depth))
        if isinstance(inner, int) and not _MIN_INT <= inner <= _MAX_INT:
            raise words(problems.WideInteger(path))


def check_text(text: str, path: str, words: Words = problems.plain, max_depth: int = MAX_DEPTH) -> None:
    """The same for JSON that a client wrote into a string, as the arguments of a call are. Text that is no
    JSON can be carried: what a model once wrote may be broken.
    """
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise words(problems.TooDeep(path, max_depth)) from None
    except (msgspec.DecodeError, UnicodeError):
        return
    check_value(value, path, words, max_depth)


def _walk(value: Json) -> Iterator[tuple[Json, int]]:
    """Every value within this one, from the outside, with the number of values around it and itself."""
    waiting = [(value, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in inner)


def _problem(sentence: str, inside: str, kind: Any) -> Problem:
    place = _PLACE.match(sentence)
    told = place["problem"] if place else sentence
    # A value of a mapping is at "[...]": the path that clients can use ends at the mapping.
    here = (place["path"] or "" if place else "").replace("[...]", "")
    path = (inside + here).lstrip(".")
    if match := _MISSING.match(told):
        return problems.MissingField(_join(path, match["field"]))
    if match := _UNKNOWN.match(told):
        field = match["field"][:SHOWN]
        close = difflib.get_close_matches(field, _fields(kind, here.lstrip(".")), n=1)
        return problems.UnknownField(_join(path, field), close[0] if close else None)
    if not path:
        return problems.NotAnObject(_lower_first(told))
    if match := _WRONG_TYPE.match(told):
        return problems.WrongType(path, _nouns(match["expected"]), _nouns(match["got"] or ""))
    if match := _RANGE.match(told):
        return problems.OutOfRange(path, _nouns(match["expected"]), match["bound"])
    if match := _CHOICE.match(told):
        return problems.UnknownChoice(path, match["value"][:SHOWN])
    return problems.WrongValue(path, _lower_first(told[:SHOWN]))


def _fields(kind: Any, path: str) -> tuple[str, ...]:
    """The names of the fields at this path of a Struct; none where the path does not lead to one Struct."""
    for name in path.split(".") if path else ():
        inner = msgspec.structs.fields(kind) if _is_struct(kind) else ()
        types = [field.type for field in inner if field.encode_name == name]
        kind = next((one for whole in types for one in _members(whole) if _is_struct(one)), None)
    return kind.__struct_encode_fields__ if _is_struct(kind) else ()


def _members(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _join(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _nouns(types: str) -> str:
    if not types:
        return ""
    names = [_NOUNS.get(name, name) for name in types.split(" | ") if name != "null"] or ["null"]
    return " or ".join(names)


def _lower_first(sentence: str) -> str:
    # "JSON is malformed" keeps its capitals.
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]
