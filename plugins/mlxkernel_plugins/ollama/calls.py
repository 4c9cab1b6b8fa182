"""Tool calls of an answer: whole ones with their arguments as an object, which is all this dialect has.

A call whose arguments are not a JSON object (an answer that was cut off in the middle of one) cannot be
said in that shape. It comes as text at the end, so that nothing is lost and nobody runs it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from mlxkernel.messages import Json, ToolCall


class CalledFunction(Struct, frozen=True):
    """Which function; `index` counts the calls of the answer."""

    index: int
    name: str
    arguments: dict[str, Json]


class WireCall(Struct, frozen=True):
    """A call as clients get it."""

    id: str
    function: CalledFunction


def wire(call: ToolCall, index: int) -> WireCall | None:
    """The call, None when its arguments are not a JSON object."""
    try:
        arguments = msgspec.json.decode(call.arguments or "{}", type=dict[str, Json])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return WireCall(call.id, CalledFunction(index, call.name, arguments))


def as_text(call: ToolCall) -> str:
    """The call that could not be said otherwise."""
    return f'{{"name": {msgspec.json.encode(call.name).decode()}, "arguments": {call.arguments}'


def divide(calls: Iterable[ToolCall]) -> tuple[list[WireCall], str]:
    """The calls that can be said as such, and the text of the others."""
    said: list[WireCall] = []
    text = ""
    for call in calls:
        made = wire(call, len(said))
        if made is None:
            text += as_text(call)
        else:
            said.append(made)
    return said, text


class Calls:
    """The calls of one stream, gathered until each is whole."""

    def __init__(self) -> None:
        self._begun: dict[int, tuple[str, str, list[str]]] = {}
        self._said = 0
        self._broken: list[ToolCall] = []

    def begin(self, call: int, id: str, name: str) -> None:
        """A call begins."""
        self._begun[call] = (id, name, [])

    def argue(self, call: int, arguments: str) -> None:
        """More of its arguments."""
        self._begun[call][2].append(arguments)

    def end(self, call: int) -> WireCall | None:
        """The call that is complete now, if it can be said as one."""
        id, name, pieces = self._begun.pop(call)
        whole = ToolCall(id, name, "".join(pieces))
        made = wire(whole, self._said)
        if made is None:
            self._broken.append(whole)
        else:
            self._said += 1
        return made

    def rest(self) -> tuple[list[WireCall], str]:
        """At the end of the answer: calls that nobody ended, and the text of those that could not be said."""
        made = [call for number in sorted(self._begun) if (call := self.end(number)) is not None]
        return made, "".join(as_text(call) for call in self._broken)
