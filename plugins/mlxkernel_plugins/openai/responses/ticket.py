"""The ticket: what a request for a response leaves behind for its answer."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from mlxkernel.messages import Json
from mlxkernel.request import Request
from mlxkernel_plugins.openai.responses import options
from mlxkernel_plugins.openai.responses.bodies import ResponseBody
from mlxkernel_plugins.openai.responses.items import Item
from mlxkernel_plugins.openai.responses.objects import Response, Status
from mlxkernel_plugins.openai.responses.tools import CalledName

PREFIX = "resp_"


class Ticket(Struct, frozen=True, kw_only=True):
    """Travels as the request's `extra`. `items` are all that the answer is made of, in their long form;
    `names` says how each tool is called on the wire, `tools` are those in effect.
    """

    id: str
    created: int
    body: ResponseBody
    items: tuple[Item, ...]
    tools: tuple[Json, ...]
    names: Mapping[str, CalledName]
    store: bool
    summarised: bool
    sealed: bool

    def item_id(self, kind: str, place: int) -> str:
        """The id of the item at this place of the output; `of_item` finds the way back."""
        return f"{kind}_{self.id.removeprefix(PREFIX)}_{place}"

    def response(self, model: str, status: Status) -> Response:
        """The response before there is any output."""
        body = self.body
        return Response(
            id=self.id,
            created_at=self.created,
            status=status,
            instructions=body.instructions,
            max_output_tokens=body.max_output_tokens,
            max_tool_calls=body.max_tool_calls,
            model=model,
            output=[],
            parallel_tool_calls=body.parallel_tool_calls is not False,
            previous_response_id=body.previous_response_id,
            prompt_cache_key=body.prompt_cache_key,
            reasoning=options.reasoning_echo(body),
            safety_identifier=body.safety_identifier,
            store=self.store,
            temperature=body.temperature,
            text=options.text_echo(body.text),
            tool_choice=body.tool_choice or "auto",
            tools=list(self.tools),
            top_logprobs=body.top_logprobs or 0,
            top_p=body.top_p,
            user=body.user,
            metadata=body.metadata or {},
        )


def of(request: Request) -> Ticket:
    """The ticket of a request that `reading` made."""
    ticket: Ticket = request.extra
    return ticket


def of_item(item_id: str) -> str | None:
    """The id of the response whose output this item belongs to, None for another item's id."""
    kind, _, rest = item_id.partition("_")
    stem, _, place = rest.rpartition("_")
    return f"{PREFIX}{stem}" if kind and stem and place.isdecimal() else None
