"""Stop strings, found in text that comes in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Match(NamedTuple):
    """A stop string that was found: `start` counts characters from the first that was fed."""

    start: int
    stop: str


class StopMatcher:
    """Finds the stop string that is complete first (of several, the longest), however text is split."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._begun = {stop[:length] for stop in stops for length in range(1, len(stop))}
        self._longest = max((len(stop) for stop in stops), default=1) - 1
        self._held = ""
        self.released = 0
        """How many characters are safe to show."""

    def feed(self, text: str) -> tuple[str, Match | None]:
        """The text that can be no part of a stop any more, and the match if one is complete.

        After a match, and only then, the rest of what was fed is dropped.
        """
        text = self._held + text
        found = [(text.find(stop) + len(stop), -len(stop), stop) for stop in self._stops if stop in text]
        if found:
            end, length, stop = min(found)
            start = self.released + end + length
            self._held = ""
            self.released = start
            return text[: end + length], Match(start, stop)
        keep = self._possible(text)
        shown = text[: len(text) - keep]
        self._held = text[len(text) - keep :]
        self.released += len(shown)
        return shown, None

    def pass_by(self, text: str) -> str:
        """Text in which no stop counts."""
        self.released += len(text)
        return text

    def flush(self) -> str:
        """The text held back, when no more can come."""
        text, self._held = self._held, ""
        self.released += len(text)
        return text

    def _possible(self, text: str) -> int:
        """The length of the longest end of the text that may yet become a stop."""
        for length in range(min(self._longest, len(text)), 0, -1):
            if text[-length:] in self._begun:
                return length
        return 0
