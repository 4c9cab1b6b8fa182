"""Samples: a text as a model writes it, and what it means."""

from __future__ import annotations

from msgspec import Struct


class Sample(Struct, frozen=True, kw_only=True):
    """A text as the model writes it, and what it means.

    `calls` holds names with arguments as JSON text, or as far as they came; `said` is the text that
    remains. `native` marks what the format writes itself: rendering the calls gives `text`, and the
    grammar allows it.
    """

    name: str
    text: str
    said: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    native: bool = False
