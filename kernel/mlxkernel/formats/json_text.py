"""JSON text as it comes: values passed on, strings decoded, without waiting for their end."""

from __future__ import annotations

import json
import re

from mlxkernel.formats.reader import Reader, Reading, Sink, markers
from mlxkernel.messages import Json

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_CONTROL = re.compile(r"[\x00-\x1f]")
_BETWEEN = re.compile(r"[,:\s]+")
_SCALAR = re.compile(r"[-+.0-9A-Za-z]+")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_ENDS = markers('"', "\\")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CLOSER = {"{": "}", "[": "]"}
_OPENERS = ('"', *_CLOSER)


def dumped(value: Json) -> str:
    """A value as JSON text, in the spacing that chat templates use."""
    return _ENCODE(value)


def escaped(text: str) -> str:
    """Text as the inside of a JSON string."""
    return _ENCODE(text)[1:-1]


def value(reader: Reader, sink: Sink) -> Reading[bool]:
    """Hand one JSON value to `sink` as it comes, without the white space around it; False if it is none.

    Raw control characters in strings, which models write and JSON forbids, are escaped; nothing else is
    changed. A word with a value right behind it (``functools[``) is none, so that a text of markers is not
    read to its end from each of them.
    """
    yield from reader.skip_space()
    closers: list[str] = []
    while character := (yield from reader.peek()):
        if character == '"':
            if not (yield from _string(reader, sink)):
                return False
        elif character in _CLOSER:
            closers.append(_CLOSER[character])
            sink(reader.take())
        elif closers and character == closers[-1]:
            closers.pop()
            sink(reader.take())
        elif closers and _BETWEEN.match(character):
            yield from reader.run(_BETWEEN, sink)
        elif _SCALAR.match(character):
            yield from reader.run(_SCALAR, sink)
            if (yield from reader.peek()) in _OPENERS:
                return False
        else:
            return False
        if not closers:
            return True
    return False


def _string(reader: Reader, sink: Sink) -> Reading[bool]:
    """A string as it is written, with its quotes."""

    def clean(text: str) -> None:
        sink(_CONTROL.sub(lambda match: escaped(match.group()), text))

    sink(reader.take())
    while word := (yield from reader.stream(_ENDS, clean)):
        if word == '"':
            sink('"')
            return True
        character = yield from reader.peek()
        if not character:
            return False
        sink(word + reader.take())
    return False


def string(reader: Reader, sink: Sink) -> Reading[bool]:
    """Hand the text that a JSON string stands for to `sink` as it comes; False if there is no whole one.

    ``\\uXXXX`` beyond ASCII stays as it is written: the text is JSON again, where it means the same.
    """
    if not (yield from reader.literal('"')):
        return False
    while word := (yield from reader.stream(_ENDS, sink)):
        if word == '"':
            return True
        character = yield from reader.peek()
        if not character:
            return False
        reader.take()
        if character == "u":
            code = yield from hexadecimal(reader, 4)
            sink(chr(int(code, 16)) if len(code) == 4 and int(code, 16) < 0x80 else "\\u" + code)
        else:
            sink(_ESCAPED.get(character, character))
    return False


def text(reader: Reader, plain: bool = False) -> Reading[str | None]:
    """What a JSON string stands for, once it is whole; None if there is none. `plain`: nor for escapes."""
    parts: list[str] = []
    if (yield from reader.peek()) != '"' or not (yield from _string(reader, parts.append)):
        return None
    written = "".join(parts)
    try:
        return None if plain and "\\" in written else str(json.loads(written))
    except ValueError:
        return None


def hexadecimal(reader: Reader, count: int) -> Reading[str]:
    """Up to `count` hexadecimal digits."""
    digits = ""
    while len(digits) < count and _HEX.match((yield from reader.peek())):
        digits += reader.take()
    return digits


def arguments(reader: Reader, sink: Sink) -> Reading[bool]:
    """A call's arguments: an object, or one that stands in a string; False if it is neither.

    ``null`` counts as an object without members.
    """
    yield from reader.skip_space()
    character = yield from reader.peek()
    if character == '"':
        return (yield from string(reader, sink))
    if character == "n" and (yield from reader.literal("null")):
        sink("{}")
        return True
    return character == "{" and (yield from value(reader, sink))
