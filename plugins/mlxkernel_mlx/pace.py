"""Pace: how much of a prompt fits into the time that running rows may be kept waiting."""

from __future__ import annotations

FIRST = 64
"""Tokens of the first piece, from which the pace is learnt."""

LEAST = 16
"""Tokens that a piece has however slow the model is, so that a prompt comes to its end."""

_WEIGHT = 0.5
"""Of the newest reading; pieces differ in size and the machine in load."""


class Pace:
    """Prompt tokens a second, as measured. `seconds` is the time that one piece may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._rate: float | None = None

    def share(self, most: int) -> int:
        """Tokens that fit into the time, at most `most`."""
        fitting = FIRST if self._rate is None else int(self._rate * self._seconds)
        return min(most, max(fitting, LEAST))

    def record(self, tokens: int, seconds: float) -> None:
        """A piece of so many tokens took so long. Pieces too small to tell anything are passed over."""
        if tokens < LEAST or seconds <= 0:
            return
        rate = tokens / seconds
        self._rate = rate if self._rate is None else _WEIGHT * rate + (1 - _WEIGHT) * self._rate
