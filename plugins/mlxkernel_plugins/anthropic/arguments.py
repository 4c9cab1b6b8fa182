"""A call's arguments as an object, also of a call that broke off."""

from __future__ import annotations

import re

import msgspec

from mlxkernel.messages import Json

_object = msgspec.json.Decoder(dict[str, Json])

_TOKEN = re.compile(
    r"""\s*(?: "(?:[^"\\]|\\.)*"
             | -?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d.eE+-]) | true | false | null
             | [][{}:,] )""",
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {"{": "}", "[": "]"}


def as_object(arguments: str) -> msgspec.Raw:
    """The arguments as the model wrote them, where they are an object.

    Of an answer that was cut off in the middle of a call (its `stop_reason` says so) they are what is
    whole of them, as Anthropic's clients make it of a stream. Anything else is an empty object.
    """
    for text in (arguments, _whole(arguments)):
        try:
            _object.decode(text)
        except (msgspec.DecodeError, RecursionError):
            continue
        return msgspec.Raw(text.encode())
    return msgspec.Raw(b"{}")


def _whole(text: str) -> str:
    """The text up to the end of the last value that is whole, and what closes the values around it."""
    place, closers = 0, ""
    kept = ""
    names = False
    while token := _TOKEN.match(text, place):
        place = token.end()
        word = token.group().lstrip()
        if word in _CLOSERS:
            closers = _CLOSERS[word] + closers
            names = word == "{"
        elif word in ("}", "]"):
            closers = closers[1:]
        elif word in (":", ","):
            names = word == "," and closers.startswith("}")
            continue
        elif names:
            continue
        kept = text[:place] + closers
        if not closers:
            break
    return kept
