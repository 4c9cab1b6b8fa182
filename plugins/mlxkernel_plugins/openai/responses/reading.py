"""From the body of a request for a response to the kernel's request, and the ticket for its answer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mlxkernel.api import HttpRequest
from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.fields import refuse
from mlxkernel.messages import Json
from mlxkernel.request import Conversation, Request
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.responses import conversation, items, options
from mlxkernel_plugins.openai.responses.bodies import ResponseBody
from mlxkernel_plugins.openai.responses.fields import REFUSALS
from mlxkernel_plugins.openai.responses.items import Item, ReferenceItem
from mlxkernel_plugins.openai.responses.store import Store
from mlxkernel_plugins.openai.responses.ticket import Ticket, of_item
from mlxkernel_plugins.openai.responses.tools import toolbox
from mlxkernel_plugins.openai.template_args import template_args

_decoder = msgspec.json.Decoder(ResponseBody)


def read(http: HttpRequest, store: Store, id: str, created: int) -> Request:
    """The request, whose `extra` is its `Ticket`. Raises `RequestFailed` with the path of what is wrong."""
    body = parsing.parse(http, _decoder)
    _check(body, store)
    given = tuple(_items(body, store, http.principal.name))
    box = toolbox(body)
    inclusion = options.inclusion(body)
    stem = id.partition("_")[2]
    ticket = Ticket(
        id=id,
        created=created,
        body=body,
        items=tuple(items.listed(item, f"in_{stem}_{place}") for place, (_, item) in enumerate(given)),
        tools=box.echo,
        names=box.names,
        store=store.keeps and body.store is not False,
        summarised=options.summarised(body),
        sealed=inclusion.sealed,
    )
    return Request(
        id=http.request_id,
        model=body.model,
        input=Conversation(
            messages=conversation.messages(body.instructions, given),
            template_args=template_args(body.chat_template_kwargs or {}),
        ),
        tools=box.tools,
        tool_choice=box.choice,
        parallel_tool_calls=body.parallel_tool_calls is not False,
        sampling=options.sampling(body),
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        max_tokens=body.max_output_tokens,
        response_format=options.response_format(body.text),
        reasoning=options.wish(body),
        logprobs=inclusion.logprobs,
        stream=bool(body.stream),
        extra=ticket,
    )


def _check(body: ResponseBody, store: Store) -> None:
    refuse(body, REFUSALS)
    if body.store and not store.keeps:
        why = "this server keeps no responses ([plugins.openai] stored_responses); send false"
        raise unsupported("store", why)
    if body.stream_options is not None:
        if not body.stream:
            message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            raise invalid(message, param="stream_options")
        if body.stream_options.include_obfuscation:
            raise unsupported("stream_options.include_obfuscation", "streams are not padded; leave it out")
    if not body.input and body.previous_response_id is None:
        if body.input is None:
            message = "Missing required parameter: 'input'."
            raise invalid(message, param="input", code="missing_required_parameter")
        message = "Invalid value for 'input': it is empty, and there is no 'previous_response_id'."
        raise invalid(message, param="input", code="invalid_value")


def _items(body: ResponseBody, store: Store, principal: str) -> Iterator[tuple[str, Item]]:
    """All items of the conversation, each with its path."""
    if body.previous_response_id is not None:
        earlier = _earlier(body.previous_response_id, store, principal)
        for _, item in items.read(earlier):
            assert not isinstance(item, ReferenceItem)
            yield "previous_response_id", item
    given: list[Json] = body.input if isinstance(body.input, list) else []
    if isinstance(body.input, str) and body.input:
        given = [{"role": "user", "content": body.input}]
    for path, item in items.read(given):
        yield path, _referred(item, path, store, principal) if isinstance(item, ReferenceItem) else item


def _earlier(id: str, store: Store, principal: str) -> list[Json]:
    if store.live(principal, id) is not None:
        message = f"The response '{id[:80]}' is still under way: wait for its end."
        raise invalid(message, param="previous_response_id", code="response_in_progress")
    kept = store.get(principal, id)
    if kept is None:
        why = (
            "" if store.keeps else " This server keeps no responses: send the whole conversation as 'input'."
        )
        message = f"Previous response with id '{id[:80]}' not found.{why}"
        raise invalid(message, param="previous_response_id", code="previous_response_not_found")
    return kept.conversation()


def _referred(reference: ReferenceItem, path: str, store: Store, principal: str) -> Item:
    owner = of_item(reference.id)
    kept = None if owner is None else store.get(principal, owner)
    found = [raw for raw in kept.conversation() if raw.get("id") == reference.id] if kept else []
    if not found:
        raise _unknown_item(reference.id, f"{path}.id")
    [(_, item)] = items.read(found[-1:])
    assert not isinstance(item, ReferenceItem)
    return item


def _unknown_item(id: str, path: str) -> RequestFailed:
    message = f"Item with id '{id[:80]}' not found: it is not in a response that is kept here."
    return invalid(message, param=path, code="item_not_found")
