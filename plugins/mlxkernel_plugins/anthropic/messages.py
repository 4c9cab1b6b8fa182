"""``POST /v1/messages``, and ``POST /v1/messages/count_tokens``, which reads the same and only counts."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mlxkernel import fold
from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.errors import invalid
from mlxkernel.messages import Reasoning, Text, ToolCall
from mlxkernel.request import JsonSchema, Render, Request, Sampling
from mlxkernel_plugins.anthropic import fields, parsing, replies, thinking, versions
from mlxkernel_plugins.anthropic.arguments import as_object
from mlxkernel_plugins.anthropic.bodies import CountBody, MessagesBody, PromptBody
from mlxkernel_plugins.anthropic.conversation import conversation
from mlxkernel_plugins.anthropic.replies import Block, TextBlock, ThinkingBlock, ToolUseBlock
from mlxkernel_plugins.anthropic.stream import MessageEncoder
from mlxkernel_plugins.anthropic.system_lines import SystemLines
from mlxkernel_plugins.anthropic.tools import toolbox

_messages = msgspec.json.Decoder(MessagesBody)
_count = msgspec.json.Decoder(CountBody)


NAMES = {
    "stop": "stop_sequences",
    "reasoning_effort": "thinking",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}
"""Fields that an engine knows by another name than Anthropic's clients."""


class Remembered(Struct, frozen=True):
    """What an answer depends on beside the request: whether the thoughts are left out of it."""

    hides: bool


class Messages:
    """The route that answers."""

    method: str = "POST"
    path: str = "/v1/messages"
    names = NAMES
    description = Description(
        summary="Answer a conversation", body=MessagesBody, reply=replies.Message, event=replies.StreamEvent
    )

    def __init__(self, lines: SystemLines) -> None:
        self._lines = lines

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        versions.check(http.headers)
        body = parsing.parse(http, _messages)
        return replace(
            _prompt(http, body, self._lines),
            sampling=Sampling(
                temperature=body.temperature,
                top_p=body.top_p,
                top_k=None if body.top_k is None else max(0, body.top_k),
            ),
            stop=tuple(body.stop_sequences or ()),
            max_tokens=body.max_tokens,
            clip=True,
            reasoning=thinking.wish(body, body.max_tokens),
            stream=bool(body.stream),
            extra=Remembered(thinking.hides(body)),
        )

    def encoder(self, request: Request) -> Encoder:
        """The stream of events."""
        return MessageEncoder(request, _hides(request))

    def answer(self, request: Request, answer: fold.Answer) -> Reply:
        """The whole answer."""
        choice = answer.choices[0]
        ending = replies.ending(request, choice.reason, choice.stop, answer.usage)
        message = replies.Message(
            id=replies.wire_id(request),
            model=request.model,
            content=[_block(section.part, _hides(request)) for section in choice.sections],
            stop_reason=ending.stop_reason,
            stop_sequence=ending.stop_sequence,
            usage=replies.usage(answer.usage),
        )
        return Reply(body=msgspec.json.encode(message))


class CountTokens:
    """The route that counts, with the model's own template and tokenizer."""

    method: str = "POST"
    path: str = "/v1/messages/count_tokens"
    names = NAMES
    description = Description(
        summary="Count the tokens of a conversation", body=CountBody, reply=replies.TokenCount
    )

    def __init__(self, lines: SystemLines) -> None:
        self._lines = lines

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        versions.check(http.headers)
        body = parsing.parse(http, _count)
        request = _prompt(http, body, self._lines)
        return replace(request, reasoning=thinking.wish(body, None), task=Render())

    def encoder(self, request: Request) -> Encoder:
        """Never asked for: a count is not streamed."""
        raise NotImplementedError

    def answer(self, request: Request, answer: fold.Answer) -> Reply:
        """The count."""
        return Reply(body=msgspec.json.encode(replies.TokenCount(answer.usage.prompt_tokens)))


def _prompt(http: HttpRequest, body: PromptBody, lines: SystemLines) -> Request:
    """What the model is asked, in the kernel's words."""
    fields.refuse(body)
    box = toolbox(body)
    return Request(
        id=http.request_id,
        model=body.model,
        input=conversation(body, lines),
        tools=box.tools,
        tool_choice=box.choice,
        parallel_tool_calls=box.parallel,
        response_format=_format(body),
    )


def _format(body: PromptBody) -> JsonSchema | None:
    new = body.output_config.format if body.output_config else None
    if new is not None and body.output_format is not None:
        message = "'output_format' is the predecessor of 'output_config.format': send one of them"
        raise invalid(message, param="output_format", code="wrong_value")
    wanted = new or body.output_format
    if wanted is None:
        return None
    field = "output_config.format.schema" if new else "output_format.schema"
    parsing.check_value(wanted.schema, field)
    return JsonSchema(wanted.schema, field=field)


def _hides(request: Request) -> bool:
    return isinstance(request.extra, Remembered) and request.extra.hides


def _block(part: Text | Reasoning | ToolCall, hides: bool) -> Block:
    match part:
        case Text(text=text):
            return TextBlock(text)
        case Reasoning(text=text):
            return ThinkingBlock("" if hides else text, thinking.SIGNATURE)
        case ToolCall(id=id, name=name, arguments=arguments):
            return ToolUseBlock(id, name, as_object(arguments))
