"""The reader: text that arrives in pieces, read as if it were whole.

A format is written as plain sequential code in generators: each reading method yields when it needs
more text and goes on when more has come, so what it finds cannot depend on where the text was cut.
Consumed text is let go; after `mark` it is kept, so that a call that turns out to be none can be said
as the text that it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from functools import lru_cache
from typing import TypeAlias, TypeVar

from mlxkernel.formats.pieces import Arguments, Closed, Opened, Piece, Said

T = TypeVar("T")

Reading: TypeAlias = Generator[None, None, T]
"""A piece of sequential reading code: yields for more text, returns what it found."""

Sink: TypeAlias = Callable[[str], None]
"""Takes text as it is read."""

_SPACES = re.compile(r"[ \t\r\n]*")


class Markers:
    """A set of strings to look for together. None may be the beginning of another."""

    def __init__(self, words: tuple[str, ...]) -> None:
        for word in words:
            for other in words:
                if not word or (word != other and other.startswith(word)):
                    raise ValueError(f"marker {word!r} is empty or the beginning of {other!r}")
        self.words = words
        self.firsts = frozenset(word[0] for word in words)
        self._longest = max(map(len, words), default=0)
        self._search = re.compile("|".join(map(re.escape, words)) or r"(?!)").search

    def find(self, text: str, start: int) -> tuple[int, str]:
        """Where the first of the words is, and which; (-1, "") if none is."""
        match = self._search(text, start)
        return (match.start(), match.group()) if match is not None else (-1, "")

    def held(self, text: str, start: int) -> int:
        """How many of the last characters could still become one of the words."""
        begin = max(start, len(text) - self._longest + 1)
        if self.firsts.isdisjoint(text[begin:]):
            return 0
        for place in range(begin, len(text)):
            rest = text[place:]
            if any(word.startswith(rest) for word in self.words):
                return len(text) - place
        return 0


@lru_cache(maxsize=1024)
def markers(*words: str) -> Markers:
    """The marker set of these words, made once; empty ones do not count. Raises `ValueError` as `Markers`."""
    return Markers(tuple(dict.fromkeys(filter(None, words))))


class Reader:
    """Runs a reading over text that is fed to it, and collects the pieces that it finds.

    `faults` holds a line for each call that was malformed, for whoever keeps the log.
    """

    def __init__(self, program: Callable[[Reader], Reading[None]]) -> None:
        self.faults: list[str] = []
        self.is_open = False
        self._text = ""
        self._at = 0
        self._mark = 0
        self._kept: list[str] | None = None
        self._ended = False
        self._space = ""
        self._after_call = False
        self._watched: Markers | None = None
        self._pieces: list[Piece] = []
        self._program: Reading[None] | None = program(self)
        self._run()

    # --- from outside -----------------------------------------------------------------------------

    def passes(self, text: str) -> bool:
        """Whether this text, fed next, would come out as it is: nothing is held, no marker begins in it."""
        watched = self._watched
        return (
            watched is not None
            and self._at == len(self._text)
            and not self._space
            and not self._after_call
            and watched.firsts.isdisjoint(text)
            and not text[-1:].isspace()
        )

    def feed(self, text: str) -> list[Piece]:
        """The pieces that this text completes."""
        self._take_in(text)
        self._run()
        return self._taken()

    def close(self, text: str = "") -> list[Piece]:
        """The pieces that the last text and its end complete: nothing is held back, no call stays open."""
        self._take_in(text)
        self._ended = True
        self._run()
        if self._space:
            self._pieces.append(Said(self._space))
            self._space = ""
        return self._taken()

    @property
    def held(self) -> int:
        """How many characters are read and kept, or not read yet."""
        return len(self._text) + sum(map(len, self._kept or ()))

    # --- reading ----------------------------------------------------------------------------------

    def more(self) -> Reading[bool]:
        """Wait for more text; False at its end."""
        before = len(self._text) - self._at
        while len(self._text) - self._at <= before:
            if self._ended:
                return False
            yield
        return True

    def peek(self) -> Reading[str]:
        """The next character, "" at the end."""
        while self._at >= len(self._text):
            if not (yield from self.more()):
                return ""
        return self._text[self._at]

    def take(self) -> str:
        """Go over the next character, which `peek` has shown to be there, and return it."""
        self._at += 1
        return self._text[self._at - 1]

    def run(self, pattern: re.Pattern[str], sink: Sink) -> Reading[None]:
        """Hand on the longest run that `pattern`, a repeated class of characters, matches here."""
        while True:
            match = pattern.match(self._text, self._at)
            if match is not None and match.end() > self._at:
                sink(match.group())
                self._at = match.end()
            if self._at < len(self._text) or not (yield from self.more()):
                return

    def skip_space(self) -> Reading[None]:
        """Go over white space."""
        yield from self.run(_SPACES, _nowhere)

    def sees(self, word: str) -> Reading[bool]:
        """Whether this word comes next."""
        while len(self._text) - self._at < len(word):
            if not word.startswith(self._text[self._at :]) or not (yield from self.more()):
                return False
        return self._text.startswith(word, self._at)

    def literal(self, word: str) -> Reading[bool]:
        """Go over this word if it comes next; otherwise stay."""
        found = yield from self.sees(word)
        if found:
            self._at += len(word)
        return found

    def stream(self, words: Markers, sink: Sink) -> Reading[str]:
        """Hand text to `sink` as it comes, up to the first of the words; returns it, "" at the end."""
        while True:
            place, word = words.find(self._text, self._at)
            stop = place if word else len(self._text) - words.held(self._text, self._at)
            if stop > self._at:
                sink(self._text[self._at : stop])
            self._at = stop + len(word)
            if word:
                return word
            if not (yield from self.more()):
                if self._at < len(self._text):
                    sink(self._text[self._at :])
                    self._at = len(self._text)
                return ""

    def until(self, words: Markers, limit: int) -> Reading[tuple[str, str]]:
        """At most `limit` characters up to the first of the words, and the word ("" if there is none)."""
        while True:
            place, word = words.find(self._text, self._at)
            length = (place if word else len(self._text)) - self._at
            if word and length <= limit:
                text = self._text[self._at : place]
                self._at = place + len(word)
                return text, word
            if length > limit or not (yield from self.more()):
                return "", ""

    def said_until(self, words: Markers) -> Reading[str]:
        """Say text up to the first of the words; returns the word, "" at the end."""
        self._watched = words
        word = yield from self.stream(words, self.say)
        self._watched = None
        return word

    # --- marks ------------------------------------------------------------------------------------

    def back(self, count: int) -> None:
        """Return the last `count` characters, which must have been read just now."""
        self._at -= count

    def mark(self, back: int = 0) -> None:
        """Keep the text from `back` characters before here, which must have been read just now."""
        self._kept, self._mark = [], self._at - back

    def drop(self) -> None:
        """What was marked says nothing: go on from here."""
        self._kept = None

    def refuse(self, spoken: int) -> None:
        """It was no call: return to the mark, and say the first `spoken` characters from there."""
        if self._kept:
            self._text = "".join(self._kept) + self._text[self._mark :]
            self._mark = 0
        self._at, self._kept = self._mark + spoken, None
        if spoken:
            self.say(self._text[self._mark : self._at])

    # --- finding ----------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Text that is no call. White space beside a call belongs to the call and is dropped."""
        if self._after_call:
            text = text.lstrip()
            if not text:
                return
            self._after_call = False
        text = self._space + text
        bare = text.rstrip()
        self._space = text[len(bare) :]
        if bare:
            self._pieces.append(Said(bare))

    def begin_call(self, name: str, id: str | None = None) -> None:
        """A call begins; what was marked is its own."""
        self._space, self._kept, self.is_open = "", None, True
        self._pieces.append(Opened(name, id))

    def argue(self, text: str) -> None:
        """More of the arguments."""
        if text:
            self._pieces.append(Arguments(text))

    def end_call(self, whole: bool = True) -> None:
        """The call ends."""
        self.is_open, self._after_call = False, True
        self._pieces.append(Closed(whole))

    # --- inside -----------------------------------------------------------------------------------

    def _take_in(self, text: str) -> None:
        """Let go what was read, or keep it aside while a mark is set, and add the text."""
        if self._kept is not None:
            self._kept.append(self._text[self._mark : self._at])
            self._mark = 0
        self._text, self._at = self._text[self._at :] + text, 0

    def _taken(self) -> list[Piece]:
        """The pieces so far, neighbours of one kind joined."""
        pieces, self._pieces = self._pieces, []
        if len(pieces) < 2:
            return pieces
        joined: list[Piece] = []
        run: list[str] = []
        for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
            if not isinstance(piece, (Said, Arguments)):
                joined.append(piece)
                continue
            run.append(piece.text)
            if type(following) is not type(piece):
                joined.append(type(piece)("".join(run)))
                run = []
        return joined

    def _run(self) -> None:
        if self._program is None:
            return
        try:
            next(self._program)
        except StopIteration:
            self._program = None


def _nowhere(text: str) -> None:
    """Takes text and forgets it."""
