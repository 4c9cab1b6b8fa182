"""``POST /v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mlxkernel import fold, framing
from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.errors import invalid
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
from mlxkernel.request import Request
from mlxkernel_plugins.openai import fields, generation, logprobs, parsing, reasoning, replies, stream
from mlxkernel_plugins.openai.bodies import ChatBody
from mlxkernel_plugins.openai.conversation import conversation
from mlxkernel_plugins.openai.replies import (
    CalledFunction,
    ChatChoice,
    ChatChunk,
    ChatChunkChoice,
    ChatCompletion,
    Delta,
    Message,
    ToolCall,
)
from mlxkernel_plugins.openai.structure import response_format
from mlxkernel_plugins.openai.tools import toolbox

_decoder = msgspec.json.Decoder(ChatBody)


class ChatCompletions:
    """The route: requests in, answers out."""

    method: str = "POST"
    path: str = "/v1/chat/completions"
    names = generation.NAMES
    description = Description(
        summary="Answer a conversation", body=ChatBody, reply=ChatCompletion, event=ChatChunk
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, _decoder)
        fields.refuse(body, fields.CHAT_REFUSALS)
        request = generation.request(
            http,
            body,
            conversation(body),
            max_tokens=_max_tokens(body),
            logprobs=_logprobs(body),
        )
        box = toolbox(body)
        return msgspec.structs.replace(
            generation.remember(request, generation.LEGACY_CALLS) if box.legacy else request,
            tools=box.tools,
            tool_choice=box.choice,
            parallel_tool_calls=box.parallel,
            response_format=response_format(body),
            reasoning=reasoning.wish(body),
        )

    def encoder(self, request: Request) -> Encoder:
        """The stream of chunks."""
        return ChatEncoder(request, int(self._clock()))

    def answer(self, request: Request, answer: fold.Answer) -> Reply:
        """The whole answer."""
        completion = ChatCompletion(
            id=generation.wire_id("chatcmpl", request),
            created=int(self._clock()),
            model=request.model,
            choices=[_choice(request, choice) for choice in answer.choices],
            usage=replies.usage(answer.usage),
        )
        return Reply(body=msgspec.json.encode(completion))


def _max_tokens(body: ChatBody) -> int | None:
    old, new = body.max_tokens, body.max_completion_tokens
    if old is not None and new is not None and old != new:
        message = f"'max_tokens' ({old}) and 'max_completion_tokens' ({new}) differ: send one of them."
        raise invalid(message, param="max_tokens", code="invalid_value")
    return old if new is None else new


def _logprobs(body: ChatBody) -> int | None:
    if body.logprobs:
        return body.top_logprobs or 0
    if body.top_logprobs:
        message = "'top_logprobs' is only allowed when 'logprobs' is true."
        raise invalid(message, param="top_logprobs", code="invalid_value")
    return None


def _choice(request: Request, choice: fold.Choice) -> ChatChoice:
    legacy = generation.legacy_calls(request)
    functions = [CalledFunction(name=call.name, arguments=call.arguments) for call in choice.tool_calls]
    calls = [
        ToolCall(id=call.id, type="function", function=function)
        for call, function in zip(choice.tool_calls, functions, strict=True)
    ]
    thought = choice.reasoning or msgspec.UNSET
    return ChatChoice(
        index=choice.index,
        message=Message(
            content=None if calls and not choice.text else choice.text,
            reasoning_content=thought,
            reasoning=thought,
            tool_calls=msgspec.UNSET if legacy else calls or msgspec.UNSET,
            function_call=functions[0] if legacy and functions else msgspec.UNSET,
        ),
        logprobs=None if request.logprobs is None else logprobs.chat(choice.logprobs),
        finish_reason=_reason(choice.reason, legacy),
    )


def _reason(reason: FinishReason, legacy: bool) -> str:
    return "function_call" if legacy and reason is FinishReason.TOOL_CALLS else reason.value


class ChatEncoder:
    """One stream.

    Its first bytes introduce every choice, in order: OpenAI's Python client puts a choice where it is
    first seen, and its npm client fails on a delta before the role.
    """

    content_type: str = framing.EVENT_STREAM

    def __init__(self, request: Request, created: int) -> None:
        empty = ChatChunk(
            id=generation.wire_id("chatcmpl", request), created=created, model=request.model, choices=[]
        )
        self._frame = stream.Frame[ChatChunkChoice](empty, generation.include_usage(request))
        heads = (self._frame.head + b'{"index":%d,"delta":{' % i for i in range(request.n))
        self._heads = tuple(heads)
        self._tail = b'},"logprobs":null,"finish_reason":null}' + self._frame.tail
        self._logprobs = request.logprobs is not None
        self._legacy = generation.legacy_calls(request)
        self._pending = stream.Pending()
        self._introduced = False

    def feed(self, event: Event) -> bytes:
        """The chunks of this event."""
        chunk = self._chunk(event)
        if self._introduced or not chunk or isinstance(event, (Finished, Failed)):
            return chunk
        self._introduced = True
        role = Delta(role="assistant", content="")
        first = (self._delta(index, role) for index in range(len(self._heads)))
        return b"".join((*first, chunk))

    def keep_alive(self) -> bytes:
        """A comment."""
        return framing.COMMENT

    def close(self) -> bytes:
        """``[DONE]``."""
        return stream.DONE

    def _chunk(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._text(event)
            case ReasoningDelta(index=index, text=text):
                return self._thought(index, stream.text(text)) if text else b""
            case ToolCallStarted(index=index, call=call):
                function = CalledFunction(name=event.name, arguments="")
                if self._legacy:
                    # The shape has room for one call.
                    return b"" if call else self._delta(index, Delta(function_call=function))
                start = ToolCall(index=call, id=event.id, type="function", function=function)
                return self._delta(index, Delta(tool_calls=[start]))
            case ToolCallDelta(index=index, call=call, arguments=arguments):
                return self._arguments(index, call, stream.text(arguments)) if arguments else b""
            case ChoiceFinished(index=index, reason=reason):
                rest = logprobs.chat(self._pending.take(index))
                return self._frame.choice(
                    ChatChunkChoice(index, Delta(), rest, _reason(reason, self._legacy))
                )
            case Finished(usage=usage):
                return self._frame.usage(usage)
            case Failed(fault=fault):
                return stream.failure(fault)
            case Started() | Progress() | ToolCallEnded() | Rendered() | Embedding():
                return b""
            case _:  # a kind that only a newer kernel knows
                return b""

    def _text(self, event: TextDelta) -> bytes:
        if self._logprobs and (event.logprobs or not event.text):
            if not event.text:
                self._pending.hold(event.index, event.logprobs)
                return b""
            tokens = logprobs.chat(self._pending.take(event.index, event.logprobs))
            return self._frame.choice(ChatChunkChoice(event.index, Delta(content=event.text), tokens))
        if not event.text:
            return b""
        return self._heads[event.index] + b'"content":' + stream.text(event.text) + self._tail

    def _thought(self, index: int, text: bytes) -> bytes:
        return b'%b"reasoning_content":%b,"reasoning":%b%b' % (self._heads[index], text, text, self._tail)

    def _arguments(self, index: int, call: int, text: bytes) -> bytes:
        head, tail = self._heads[index], self._tail
        if self._legacy:
            return b"" if call else b'%b"function_call":{"arguments":%b}%b' % (head, text, tail)
        return b'%b"tool_calls":[{"index":%d,"function":{"arguments":%b}}]%b' % (head, call, text, tail)

    def _delta(self, index: int, delta: Delta) -> bytes:
        return self._frame.choice(ChatChunkChoice(index, delta))
