"""Lines of the system text that change with every turn, made steady so that the prefix can be reused.

A prompt's state is reused up to the first token that differs, and the system text comes first: one
number in it that counts the turns costs the whole prompt anew, each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct, field

ACCOUNTING = r"x-anthropic-[a-z-]+:.*"
"""What coding agents tell Anthropic's own servers by a line of the system text; no model is meant by it."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    r"""`[plugins.anthropic]`.

    `system_lines` maps a regular expression (Python's) to what stands in place of each line of the
    system text that matches it from beginning to end: a text in which ``\1`` is the first group, or ``""``
    to leave the line out. An empty table leaves every line as it is. ::

        "Current time: (....-..-..).*" = 'Current date: \1'
    """

    system_lines: dict[str, str] = field(default_factory=lambda: {ACCOUNTING: ""})

    def __post_init__(self) -> None:
        """Raises `ValueError` for a pattern or a replacement that cannot be used."""
        for pattern, replacement in self.system_lines.items():
            try:
                compiled = re.compile(pattern)
                re.compile(f"(?:{pattern})|").sub(replacement, "")
            except (re.error, IndexError) as error:
                raise ValueError(
                    f"system_lines: {pattern!r} = {replacement!r} cannot be used: {error}"
                ) from None
            if compiled.fullmatch(""):
                raise ValueError(
                    f"system_lines: {pattern!r} matches the empty line, and so would every other"
                )


class SystemLines:
    """Applies the rules to system texts; the first that matches a line decides about it."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self._rules = [(re.compile(pattern), replacement) for pattern, replacement in rules.items()]

    def steady(self, text: str) -> str:
        """The text without what changes."""
        if not self._rules:
            return text
        return "\n".join(line for old in text.split("\n") if (line := self._line(old)) is not None)

    def _line(self, line: str) -> str | None:
        for pattern, replacement in self._rules:
            if found := pattern.fullmatch(line):
                return found.expand(replacement) or None
        return line
