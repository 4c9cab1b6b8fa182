"""The routes of responses that exist: to read, to delete, to cancel, and to list what went into one."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mlxkernel.api import Description, Endpoint, HttpRequest, KernelView, Reply
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel_plugins.openai.responses import ticket
from mlxkernel_plugins.openai.responses.assembly import CANCELLED
from mlxkernel_plugins.openai.responses.objects import Response
from mlxkernel_plugins.openai.responses.store import Store

_json = msgspec.json.Encoder()

_DEFAULT_PAGE, _LARGEST_PAGE = 20, 100


class Deleted(Struct, frozen=True):
    """What is left of a response."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


class ItemList(Struct, frozen=True):
    """A page of items, with the ids by which the next one is asked for."""

    data: list[Json]
    first_id: str | None
    last_id: str | None
    has_more: bool
    object: Literal["list"] = "list"


class KeptResponses:
    """The four routes. Whoever asks for another principal's response is told that there is none."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Endpoint, ...]:
        """All of them."""
        one = "/v1/responses/<id>"
        return (
            Endpoint(
                method="GET",
                path=one,
                handle=self.retrieve,
                description=Description(summary="Show a response", reply=Response),
            ),
            Endpoint(
                method="DELETE",
                path=one,
                handle=self.delete,
                description=Description(summary="Forget a response", reply=Deleted),
            ),
            Endpoint(
                method="POST",
                path=f"{one}/cancel",
                handle=self.cancel,
                description=Description(summary="End a response that is under way", reply=Response),
            ),
            Endpoint(
                method="GET",
                path=f"{one}/input_items",
                handle=self.input_items,
                description=Description(summary="List what a response was made of", reply=ItemList),
            ),
        )

    async def retrieve(self, http: HttpRequest, kernel: KernelView) -> Reply:
        """The response; one under way as it stands. Raises `RequestFailed` (404)."""
        if http.query.get("stream", "false").lower() not in ("false", "0"):
            raise unsupported("stream", "a stream is sent once, to who asked for it")
        id, principal = _asked(http)
        live = self._store.live(principal, id)
        if live is not None:
            return Reply(body=_json.encode(live.response))
        kept = self._store.get(principal, id)
        if kept is None:
            raise _unknown(id)
        return Reply(body=kept.response)

    async def delete(self, http: HttpRequest, kernel: KernelView) -> Reply:
        """Forgets the response. Raises `RequestFailed`: 404, and 400 for one that is under way."""
        id, principal = _asked(http)
        if self._store.live(principal, id) is not None:
            message = f"The response '{id[:80]}' is still under way: cancel it, or wait for its end."
            raise invalid(message, param="response_id", code="response_in_progress")
        if not self._store.delete(principal, id):
            raise _unknown(id)
        return Reply(body=_json.encode(Deleted(id)))

    async def cancel(self, http: HttpRequest, kernel: KernelView) -> Reply:
        """Ends the response. Raises `RequestFailed`: 404, and 400 for one that has ended otherwise."""
        id, principal = _asked(http)
        live = self._store.live(principal, id)
        if live is not None:
            message = f"The response '{id}' was cancelled"
            kernel.abort(live.request.id, Fault(kind=FaultKind.INVALID, message=message, code=CANCELLED))
            return Reply(body=_json.encode(replace(live.response, status="cancelled")))
        kept = self._store.get(principal, id)
        if kept is None:
            raise _unknown(id)
        status: str = msgspec.json.decode(kept.response)["status"]
        if status != "cancelled":
            message = f"The response '{id}' is {status}: only one that is under way can be cancelled."
            raise invalid(message, param="response_id", code="response_not_in_progress")
        return Reply(body=kept.response)

    async def input_items(self, http: HttpRequest, kernel: KernelView) -> Reply:
        """What the response was made of, newest first unless `order` is ``asc``. Raises `RequestFailed`."""
        id, principal = _asked(http)
        live, kept = self._store.live(principal, id), self._store.get(principal, id)
        if live is not None:
            data: list[Json] = msgspec.json.decode(_json.encode(ticket.of(live.request).items))
        elif kept is not None:
            data = kept.listed()
        else:
            raise _unknown(id)
        return Reply(body=_json.encode(_page(data, http)))


def _page(data: list[Json], http: HttpRequest) -> ItemList:
    order = http.query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise invalid(
            "Invalid value for 'order': supported values are 'asc' and 'desc'.",
            param="order",
            code="invalid_value",
        )
    if order == "desc":
        data.reverse()
    if (after := http.query.get("after")) is not None:
        places = [place for place, item in enumerate(data) if item["id"] == after]
        if not places:
            message = f"Invalid value for 'after': there is no item '{after[:80]}' in this response."
            raise invalid(message, param="after", code="invalid_value")
        data = data[places[-1] + 1 :]
    limit = http.query.get("limit", str(_DEFAULT_PAGE))
    if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit) <= _LARGEST_PAGE):
        message = f"Invalid value for 'limit': expected an integer from 1 to {_LARGEST_PAGE}."
        raise invalid(message, param="limit", code="invalid_value")
    page = data[: int(limit)]
    first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
    return ItemList(page, first, last, len(data) > len(page))


def _asked(http: HttpRequest) -> tuple[str, str]:
    return http.path_args["id"], http.principal.name


def _unknown(id: str) -> RequestFailed:
    message = f"Response with id '{id[:80]}' not found."
    return RequestFailed(
        Fault(kind=FaultKind.NOT_FOUND, message=message, param="response_id", code="response_not_found")
    )
