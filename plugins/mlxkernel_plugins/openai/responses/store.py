"""The store: answers that are kept for later requests of the same principal, and those under way.

What is kept is bounded by number and by bytes; the one that was longest not used goes first. It lives in
memory and ends with the server.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct

from mlxkernel.messages import Json
from mlxkernel_plugins.openai.responses.assembly import Assembly
from mlxkernel_plugins.openai.responses.items import Item
from mlxkernel_plugins.openai.responses.objects import Response

OVERHEAD = 1024
"""Bytes that a kept response is taken to need beside its JSON."""

_json = msgspec.json.Encoder()


class Kept(Struct, frozen=True):
    """A response and the items that it is made of, both as JSON."""

    response: bytes
    items: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.response) + len(self.items) + OVERHEAD

    def conversation(self) -> list[Json]:
        """The items that went into the response, then those that came out of it."""
        output: list[Json] = msgspec.json.decode(self.response)["output"]
        return [*self.listed(), *output]

    def listed(self) -> list[Json]:
        """The items that went into the response."""
        items: list[Json] = msgspec.json.decode(self.items)
        return items


class Store:
    """Responses by principal and id. A bound of 0 keeps none; those under way are known all the same."""

    def __init__(self, count: int, max_bytes: int) -> None:
        self._count = count
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._bytes = 0
        # A run is known as long as its stream lives: a client that leaves takes it along.
        self._live: WeakValueDictionary[tuple[str, str], Assembly] = WeakValueDictionary()

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._count > 0 and self._max_bytes > 0

    @property
    def bytes(self) -> int:
        """What is kept now, in bytes."""
        return self._bytes

    def begin(self, principal: str, id: str, assembly: Assembly) -> None:
        """A response is under way."""
        self._live[principal, id] = assembly

    def live(self, principal: str, id: str) -> Assembly | None:
        """The response under way, None when there is no such or it has ended."""
        assembly = self._live.get((principal, id))
        return None if assembly is None or assembly.ended else assembly

    def put(self, principal: str, response: Response, items: Sequence[Item]) -> None:
        """Keep a response that has ended. One that is larger than the store is not kept."""
        kept = Kept(_json.encode(response), _json.encode(items))
        if not self.keeps or kept.size > self._max_bytes:
            return
        self.delete(principal, response.id)
        self._kept[principal, response.id] = kept
        self._bytes += kept.size
        while len(self._kept) > self._count or self._bytes > self._max_bytes:
            self._bytes -= self._kept.popitem(last=False)[1].size

    def get(self, principal: str, id: str) -> Kept | None:
        """The response, which counts as a use of it."""
        kept = self._kept.get((principal, id))
        if kept is not None:
            self._kept.move_to_end((principal, id))
        return kept

    def delete(self, principal: str, id: str) -> bool:
        """Forget the response; False when there was none."""
        kept = self._kept.pop((principal, id), None)
        if kept is None:
            return False
        self._bytes -= kept.size
        return True
