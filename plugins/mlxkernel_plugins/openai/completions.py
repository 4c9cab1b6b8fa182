"""``POST /v1/completions``: raw prompts, no template."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlxkernel import fold, framing
from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.errors import invalid, unsupported
from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from mlxkernel.request import Prompts, Request
from mlxkernel_plugins.openai import fields, generation, parsing, replies, stream
from mlxkernel_plugins.openai.bodies import CompletionBody
from mlxkernel_plugins.openai.logprobs import TextOffsets
from mlxkernel_plugins.openai.prompts import prompts
from mlxkernel_plugins.openai.replies import TextChoice, TextCompletion

_decoder = msgspec.json.Decoder(CompletionBody)

MAX_CHOICES = 2048
"""Answers of one request over all of its prompts; OpenAI's limit for the list of prompts."""


class Completions:
    """The route: requests in, answers out."""

    method: str = "POST"
    path: str = "/v1/completions"
    names = generation.NAMES
    description = Description(
        summary="Go on with a text", body=CompletionBody, reply=TextCompletion, event=TextCompletion
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, _decoder)
        fields.refuse(body, fields.COMPLETION_REFUSALS)
        _check(body)
        items = prompts(body.prompt, "prompt")
        if len(items) * (body.n or 1) > MAX_CHOICES:
            message = f"'prompt' times 'n' asks for more than {MAX_CHOICES} answers: send several requests."
            raise invalid(message, param="prompt", code="invalid_value")
        return generation.request(
            http,
            body,
            Prompts(items, echo=bool(body.echo)),
            max_tokens=body.max_tokens,
            logprobs=body.logprobs,
        )

    def encoder(self, request: Request) -> Encoder:
        """The stream of chunks."""
        return CompletionEncoder(request, int(self._clock()))

    def answer(self, request: Request, answer: fold.Answer) -> Reply:
        """The whole answer."""
        completion = TextCompletion(
            id=generation.wire_id("cmpl", request),
            created=int(self._clock()),
            model=request.model,
            choices=[_choice(request, choice) for choice in answer.choices],
            usage=replies.usage(answer.usage),
        )
        return Reply(body=msgspec.json.encode(completion))


def _check(body: CompletionBody) -> None:
    if body.best_of is not None and body.best_of != (body.n or 1):
        raise unsupported("best_of", "all answers are returned; leave it out or send the value of 'n'")
    if body.echo and body.logprobs is not None:
        raise unsupported("echo", "the prompt's tokens have no logprobs; leave out 'echo' or 'logprobs'")


def _reason(reason: FinishReason) -> str:
    # A raw completion has no tool calls: text that looks like one is text.
    return "length" if reason is FinishReason.LENGTH else "stop"


def _choice(request: Request, choice: fold.Choice) -> TextChoice:
    tokens = None
    if request.logprobs is not None:
        tokens = TextOffsets().logprobs(choice.logprobs, request.logprobs)
    return TextChoice(choice.index, choice.text, tokens, _reason(choice.reason))


class CompletionEncoder:
    """One stream."""

    content_type: str = framing.EVENT_STREAM

    def __init__(self, request: Request, created: int) -> None:
        empty = TextCompletion(
            id=generation.wire_id("cmpl", request), created=created, model=request.model, choices=[]
        )
        self._frame = stream.Frame[TextChoice](empty, generation.include_usage(request))
        self._tail = b',"logprobs":null,"finish_reason":null}' + self._frame.tail
        self._alternatives = request.logprobs
        self._offsets: dict[int, TextOffsets] = {}
        self._pending = stream.Pending()

    def feed(self, event: Event) -> bytes:
        """The chunk of this event."""
        match event:
            case TextDelta():
                return self._text(event)
            case ChoiceFinished(index=index, reason=reason):
                rest = self._pending.take(index)
                tokens = self._offsets_of(index).logprobs(rest, self._alternatives or 0)
                return self._frame.choice(TextChoice(index, "", tokens, _reason(reason)))
            case Finished(usage=usage):
                return self._frame.usage(usage)
            case Failed(fault=fault):
                return stream.failure(fault)
            case Started() | Progress() | ReasoningDelta() | Rendered() | Embedding():
                return b""
            case ToolCallStarted() | ToolCallDelta() | ToolCallEnded():
                return b""
            case _:  # a kind that only a newer kernel knows
                return b""

    def keep_alive(self) -> bytes:
        """A comment."""
        return framing.COMMENT

    def close(self) -> bytes:
        """``[DONE]``."""
        return stream.DONE

    def _text(self, event: TextDelta) -> bytes:
        if self._alternatives is not None and (event.logprobs or not event.text):
            if not event.text:
                self._pending.hold(event.index, event.logprobs)
                return b""
            pieces = self._pending.take(event.index, event.logprobs)
            tokens = self._offsets_of(event.index).logprobs(pieces, self._alternatives)
            return self._frame.choice(TextChoice(event.index, event.text, tokens))
        if not event.text:
            return b""
        return b'%b{"index":%d,"text":%b%b' % (
            self._frame.head,
            event.index,
            stream.text(event.text),
            self._tail,
        )

    def _offsets_of(self, index: int) -> TextOffsets:
        return self._offsets.setdefault(index, TextOffsets())
