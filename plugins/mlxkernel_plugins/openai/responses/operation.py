"""``POST /v1/responses``: requests in, responses out, whole or streamed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlxkernel import fold, framing
from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.events import Event
from mlxkernel.request import Request
from mlxkernel_plugins.openai.responses import events, reading, ticket
from mlxkernel_plugins.openai.responses.assembly import Assembly
from mlxkernel_plugins.openai.responses.bodies import ResponseBody
from mlxkernel_plugins.openai.responses.objects import Response
from mlxkernel_plugins.openai.responses.store import Store

_json = msgspec.json.Encoder()

NAMES = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "logprobs": "top_logprobs",
    "template_args": "chat_template_kwargs",
}
"""Fields that an engine knows by another name than clients of this route."""


class Responses:
    """The route. `stems` makes the unguessable part of a response's id."""

    method: str = "POST"
    path: str = "/v1/responses"
    names = NAMES
    description = Description(
        summary="Answer a conversation that may be kept",
        body=ResponseBody,
        reply=Response,
        event=events.StreamEvent,
    )

    def __init__(self, clock: Callable[[], float], store: Store, stems: Callable[[], str]) -> None:
        self._clock = clock
        self._store = store
        self._stems = stems

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        return reading.read(http, self._store, ticket.PREFIX + self._stems(), int(self._clock()))

    def encoder(self, request: Request) -> Encoder:
        """The stream of events."""
        assembly = Assembly(request, self._clock)
        self._store.begin(request.principal, ticket.of(request).id, assembly)
        return ResponseEncoder(assembly, self._keep)

    def answer(self, request: Request, answer: fold.Answer) -> Reply:
        """The whole response."""
        assembly = Assembly(request, self._clock)
        response = assembly.replay(answer)
        self._keep(assembly)
        return Reply(body=_json.encode(response))

    def _keep(self, assembly: Assembly) -> None:
        request = assembly.request
        of = ticket.of(request)
        if of.store:
            self._store.put(request.principal, assembly.response, of.items)


class ResponseEncoder:
    """One stream. It keeps the run known as long as it lives; `keep` is called once, at a regular end."""

    content_type: str = framing.EVENT_STREAM

    def __init__(self, assembly: Assembly, keep: Callable[[Assembly], None]) -> None:
        self._assembly = assembly
        self._keep = keep

    def feed(self, event: Event) -> bytes:
        """The events that this one causes."""
        told = b"".join(_sent(said) for said in self._assembly.feed(event))
        if self._assembly.ended and self._assembly.began:
            self._keep(self._assembly)
        return told

    def keep_alive(self) -> bytes:
        """A comment."""
        return framing.COMMENT

    def close(self) -> bytes:
        """Nothing: the last event says that it is the last."""
        return b""


def _sent(event: events.StreamEvent) -> bytes:
    return framing.event(_json.encode(event), events.name(event))
