"""Lark: grammars as llguidance reads them, built rule by rule.

The dialect is llguidance's: ``%json`` takes a JSON Schema, ``<[id]>`` is a special token by its id, and
``&`` and ``~`` are the intersection and complement of regular expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from mlxkernel.messages import Json

_SPACING: dict[str, Json] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""White space is not free: a weak model would write it for ever."""

ANY = r"(.|\n)*"
"""A regular expression for any text."""


class Rules:
    """The rules of one grammar. `special` maps the text of the tokenizer's special tokens to their ids.

    A marker that is a special token is forced as that token, any other as text.
    """

    def __init__(self, special: Mapping[str, int]) -> None:
        self._special = {text: id for text, id in special.items() if text}
        longest = sorted(self._special, key=len, reverse=True)
        self._split = re.compile("(" + "|".join(map(re.escape, longest)) + ")") if longest else None
        self._rules: dict[str, str] = {}
        self._names: dict[str, int] = {}

    def text(self, text: str) -> str:
        """An expression for exactly this text; "" for no text."""
        parts = self._split.split(text) if self._split is not None else [text]
        return " ".join(self._part(part) for part in parts if part)

    def _part(self, part: str) -> str:
        if part in self._special:
            return f"<[{self._special[part]}]>"
        return json.dumps(part, ensure_ascii=False)

    def json(self, schema: Json) -> str:
        """A rule for a JSON document that this schema accepts."""
        schema = {**schema, "x-guidance": _SPACING} if isinstance(schema, dict) else schema
        return self.add("json", "%json " + json.dumps(schema, ensure_ascii=False))

    def text_until(self, end: str) -> str:
        """An expression for any text up to and with `end`, which occurs in it nowhere else.

        A lexer is greedy, so that the text and the part of its end that is no special token are one terminal.
        """
        parts = self._split.split(end) if self._split is not None else [end]
        own, close = quoted(parts[0]), quoted(end.strip())
        rest = " ".join(self._part(part) for part in parts[1:] if part)
        again = ANY if rest else f"{ANY}{close}{quoted(end[len(end.rstrip()) :])}"
        return f"{self.add('TEXT', f'/{ANY}{own}/ & ~/{ANY}{close}{again}/')} {rest}".rstrip()

    def text_without(self, *words: str) -> str:
        """An expression for any text, maybe empty, in which none of these words occurs."""
        return self.text_but(f"{ANY}({'|'.join(map(quoted, words))}){ANY}")

    def text_but(self, *patterns: str) -> str:
        """An expression for any text, maybe empty, that none of these regular expressions matches whole."""
        return f"{self.add('TEXT', f'/{ANY}/{_none_of(patterns)}')}?"

    def text_before(self, word: str, others: Sequence[str]) -> str:
        """An expression for any text up to and with `word`; neither it nor the others occur before."""
        if not others:
            return self.text_until(word)
        return self.text_until_but(word, f"{ANY}({'|'.join(map(quoted, others))}){ANY}")

    def text_until_but(self, end: str, *patterns: str) -> str:
        """As `text_until`, of texts that none of these regular expressions matches as a whole."""
        name, _, rest = self.text_until(end).partition(" ")
        return f"{self.add('TEXT', f'{self._rules[name]}{_none_of(patterns)}')} {rest}".rstrip()

    def regex(self, pattern: str) -> str:
        """A terminal for this regular expression, in Rust's syntax."""
        return self.add("REGEX", f"/{pattern}/")

    def add(self, stem: str, expression: str) -> str:
        """A rule for this expression under a name made from `stem`; equal ones share one."""
        for name, known in self._rules.items():
            if known == expression and name.startswith(stem):
                return name
        name = self.reserve(stem)
        self._rules[name] = expression
        return name

    def reserve(self, stem: str) -> str:
        """A name whose rule is set later with `define`, for rules that contain themselves."""
        number = self._names[stem] = self._names.get(stem, -1) + 1
        return f"{stem}_{number}"

    def define(self, name: str, expression: str) -> None:
        """The rule of a reserved name."""
        self._rules[name] = expression

    def source(self, start: str) -> str:
        """The whole grammar."""
        lines = [f"start: {start}", *(f"{name}: {expression}" for name, expression in self._rules.items())]
        return "\n".join(lines) + "\n"


def _none_of(patterns: Sequence[str]) -> str:
    return "".join(f" & ~/{pattern}/" for pattern in patterns)


def quoted(word: str) -> str:
    """A string as a regular expression between slashes."""
    return r"\n".join(re.escape(line).replace("/", r"\/") for line in word.split("\n"))
