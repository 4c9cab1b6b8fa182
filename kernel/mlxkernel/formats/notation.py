"""Notations: values that are not written as JSON (Python literals, Gemma's quoted text), read and written."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from msgspec import Struct

from mlxkernel.formats.json_text import escaped, hexadecimal
from mlxkernel.formats.reader import Reader, Reading, Sink, markers
from mlxkernel.formats.toolset import Toolset, Types, coerced
from mlxkernel.messages import Json

_BARE = re.compile(r"[^\s,\[\](){}]+")
_IDENTIFIER = re.compile(r"[^\W\d][\w.\-]*")
_KEY_LIMIT = 256
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS = {"True": "true", "False": "false", "None": "null", "true": "true", "false": "false", "null": "null"}
_SAME = frozenset('ntrbf"\\/u')
_ESCAPED = {"'": "'", "a": "\a", "v": "\v", "0": "\0", "\n": ""}
_CODES = {"x": 2, "U": 8}


class Notation(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How values are spelled. All `quotes` are read, the first is written; `escapes` are backslashes.

    `comma` stands between items and `colon` between key and value; the keys of objects are bare words
    when `bare_keys` says so, quoted otherwise.
    """

    quotes: tuple[str, ...] = ('"', "'")
    escapes: bool = True
    true: str = "True"
    false: str = "False"
    null: str = "None"
    comma: str = ", "
    colon: str = ": "
    bare_keys: bool = False

    def write(self, value: Json) -> str:
        """A JSON value in this notation. Raises `ValueError` when it cannot be written."""
        match value:
            case None:
                return self.null
            case bool():
                return self.true if value else self.false
            case str():
                return self.quoted(value)
            case dict():
                return "{" + self.members(value) + "}"
            case list():
                return "[" + self.comma.join(self.write(item) for item in value) + "]"
            case _:
                return json.dumps(value)

    def members(self, members: dict[str, Json]) -> str:
        """The members of an object without its braces."""
        return self.comma.join(
            f"{self.key(key)}{self.colon}{self.write(item)}" for key, item in members.items()
        )

    def key(self, key: str) -> str:
        """A key of an object. Raises `ValueError` when it cannot be written."""
        return identifier(key) if self.bare_keys else self.quoted(key)

    def quoted(self, text: str) -> str:
        """Text between quotes. Raises `ValueError` when it holds the quote and there are no escapes."""
        if self.escapes:
            return json.dumps(text, ensure_ascii=False)
        if self.quotes[0] in text:
            raise ValueError(f"a text with {self.quotes[0]!r} in it cannot be written in this notation")
        return self.quotes[0] + text + self.quotes[0]


def identifier(key: str) -> str:
    """The key itself. Raises `ValueError` when it is no identifier."""
    if not _IDENTIFIER.fullmatch(key):
        raise ValueError(f"{key!r} is no identifier, so that it cannot be written without quotes")
    return key


class _Level(NamedTuple):
    """An array or object that is open: what ends it, and for objects what follows a key."""

    close: str
    assign: str = ""


_OPENERS = {"[": _Level("]"), "(": _Level(")"), "{": _Level("}", ":")}


class Members:
    """Reads the members of a call's arguments, and hands them on as one JSON object as they come.

    `close` ends the arguments, `assign` stands between a key and its value.
    """

    def __init__(
        self, reader: Reader, notation: Notation, close: str, assign: str, tool: str, tools: Toolset
    ) -> None:
        self._reader = reader
        self._notation = notation
        self._tool = tool
        self._tools = tools
        self._levels = [_Level(close, assign)]
        self._empty = True

    def read(self) -> Reading[bool]:
        """Everything up to the end of the arguments; False if it is malformed or ends before."""
        reader, levels = self._reader, self._levels
        reader.argue("{")
        while levels:
            yield from reader.skip_space()
            if (yield from reader.literal(levels[-1].close)):
                reader.argue("}" if levels.pop().assign else "]")
                self._empty = False
            elif not self._empty and not (yield from self._comma()):
                return False
            elif (yield from reader.sees(levels[-1].close)):
                continue
            elif not (yield from self._item()):
                return False
        return True

    def _comma(self) -> Reading[bool]:
        """A comma, and whether there was one; it is written when no end follows."""
        reader = self._reader
        if not (yield from reader.literal(",")):
            return False
        yield from reader.skip_space()
        if not (yield from reader.sees(self._levels[-1].close)):
            reader.argue(", ")
        return True

    def _item(self) -> Reading[bool]:
        reader, level = self._reader, self._levels[-1]
        types: Types = frozenset()
        if level.assign:
            key = yield from self._key(level.assign)
            if not key:
                return False
            reader.argue(f'"{key}": ')
            yield from reader.skip_space()
            if len(self._levels) == 1:
                types = self._tools.types(self._tool, key)
        self._empty = False
        character = yield from reader.peek()
        if character in _OPENERS and character:
            reader.take()
            reader.argue("{" if character == "{" else "[")
            self._levels.append(_OPENERS[character])
            self._empty = True
            return True
        return (yield from self._scalar(types))

    def _key(self, assign: str) -> Reading[str]:
        """A key, as the inside of a JSON string; "" if there is none."""
        reader = self._reader
        for quote in self._notation.quotes:
            if (yield from reader.literal(quote)):
                parts: list[str] = []
                whole = yield from self._text(quote, parts.append)
                yield from reader.skip_space()
                return "".join(parts) if whole and (yield from reader.literal(assign)) else ""
        key, _ = yield from reader.until(markers(assign), _KEY_LIMIT)
        key = key.strip()
        return escaped(key) if _BARE.fullmatch(key) else ""

    def _scalar(self, types: Types) -> Reading[bool]:
        reader, parts = self._reader, list[str]()
        for quote in self._notation.quotes:
            if (yield from reader.literal(quote)):
                return (yield from self._quoted(quote, types))
        yield from reader.run(_BARE, parts.append)
        word = "".join(parts)
        if word:
            reader.argue(_scalar(word, types))
        return bool(word)

    def _quoted(self, quote: str, types: Types) -> Reading[bool]:
        reader, parts = self._reader, list[str]()
        if not types or "string" in types:
            reader.argue('"')
            whole = yield from self._text(quote, reader.argue)
            reader.argue('"' if whole else "")
            return whole
        whole = yield from self._text(quote, parts.append)
        reader.argue(coerced(json.loads('"' + "".join(parts) + '"'), types) if whole else "".join(parts))
        return whole

    def _text(self, quote: str, sink: Sink) -> Reading[bool]:
        """The text up to the quote, as the inside of a JSON string; False if the quote never comes."""
        reader = self._reader
        ends = markers(quote, "\\") if self._notation.escapes else markers(quote)

        def raw(text: str) -> None:
            sink(escaped(text))

        while (word := (yield from reader.stream(ends, raw))) and word != quote:
            character = yield from reader.peek()
            if not character:
                return False
            reader.take()
            if character == "u":
                code = yield from hexadecimal(reader, 4)
                sink("\\u" + code if len(code) == 4 else escaped("\\u" + code))
            elif character in _SAME:
                sink("\\" + character)
            elif character in _CODES:
                code = yield from hexadecimal(reader, _CODES[character])
                sink(escaped(_character(character, code)))
            else:
                sink(escaped(_ESCAPED.get(character, "\\" + character)))
        return bool(word)


def _character(kind: str, code: str) -> str:
    """The character of ``\\xHH`` or ``\\UHHHHHHHH``; what is none stays as it is written."""
    whole = len(code) == _CODES[kind] and int(code, 16) <= 0x10FFFF
    return chr(int(code, 16)) if whole else "\\" + kind + code


def _scalar(word: str, types: Types) -> str:
    """A bare word as JSON: a number, a constant, or else text."""
    if types == {"string"} and word not in ("None", "null"):
        return json.dumps(word, ensure_ascii=False)
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(word):
        return coerced(word, types) if "integer" in types else word
    try:
        return json.dumps(int(word, 0))
    except ValueError:
        pass
    try:
        number = json.dumps(float(word))
    except ValueError:
        number = ""
    return number if _NUMBER.fullmatch(number) else json.dumps(word, ensure_ascii=False)
