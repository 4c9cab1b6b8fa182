"""``POST /v1/tokenize`` and ``POST /v1/detokenize``, in vLLM's wire form."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from mlxkernel.api import Description, HttpRequest, Reply
from mlxkernel.errors import invalid, unsupported
from mlxkernel.fold import Answer
from mlxkernel.messages import Json
from mlxkernel.request import Prompts, Render, Request
from mlxkernel_plugins.openai import parsing
from mlxkernel_plugins.openai.bodies import ChatBody, Count
from mlxkernel_plugins.openai.conversation import conversation
from mlxkernel_plugins.openai.definitions import AnyTool
from mlxkernel_plugins.openai.tools import toolbox
from mlxkernel_plugins.openai.turns import Turn
from mlxkernel_plugins.openai.whole import WholeOperation


class TokenizeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a `prompt`, or `messages` with what the chat template gets besides."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    prompt: str | None = None
    messages: Annotated[list[Turn], Meta(min_length=1)] | None = None
    add_special_tokens: bool | None = None
    return_token_strs: bool | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None
    tools: list[AnyTool] | None = None
    chat_template_kwargs: dict[str, Json] | None = None


class DetokenizeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Token ids of one text."""

    model: Annotated[str, Meta(min_length=1, max_length=1024)]
    tokens: list[Count]


class Tokens(Struct, frozen=True, kw_only=True):
    """The token ids; `token_strs` are the tokens as the vocabulary writes them, for who asked."""

    count: int
    tokens: list[int]
    token_strs: list[str] | None


class Detokenized(Struct, frozen=True):
    """The text of the token ids."""

    prompt: str


_ONLY_WITH_MESSAGES = ("add_generation_prompt", "continue_final_message", "tools", "chat_template_kwargs")

_tokenize_decoder = msgspec.json.Decoder(TokenizeBody)
_detokenize_decoder = msgspec.json.Decoder(DetokenizeBody)


class Tokenize(WholeOperation):
    """From text, or from messages, to token ids."""

    path: str = "/v1/tokenize"
    description = Description(
        summary="Turn a text, or messages, into token ids", body=TokenizeBody, reply=Tokens
    )

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, _tokenize_decoder)
        if (body.prompt is None) == (body.messages is None):
            message = "Send either 'prompt' or 'messages'."
            raise invalid(message, param="prompt", code="invalid_value")
        task = Render(pieces=bool(body.return_token_strs))
        if body.prompt is None:
            return _of_messages(http, body, task)
        for field in _ONLY_WITH_MESSAGES:
            if getattr(body, field) is not None:
                message = f"'{field}' is only allowed with 'messages'."
                raise invalid(message, param=field, code="invalid_value")
        special = body.add_special_tokens is not False
        input = Prompts((body.prompt,), special=special)
        return Request(id=http.request_id, model=body.model, input=input, task=task)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The token ids."""
        [rendered] = answer.renderings
        asked = isinstance(request.task, Render) and request.task.pieces
        tokens = Tokens(
            count=len(rendered.tokens),
            tokens=list(rendered.tokens),
            token_strs=list(rendered.pieces) if asked else None,
        )
        return Reply(body=msgspec.json.encode(tokens))


def _of_messages(http: HttpRequest, body: TokenizeBody, task: Render) -> Request:
    if body.add_special_tokens:
        raise unsupported("add_special_tokens", "the chat template writes those that belong to messages")
    chat = ChatBody(
        model=body.model,
        messages=body.messages or [],
        tools=body.tools,
        add_generation_prompt=body.add_generation_prompt,
        continue_final_message=body.continue_final_message,
        chat_template_kwargs=body.chat_template_kwargs,
    )
    box = toolbox(chat)
    return Request(id=http.request_id, model=body.model, input=conversation(chat), tools=box.tools, task=task)


class Detokenize(WholeOperation):
    """From token ids to text."""

    path: str = "/v1/detokenize"
    description = Description(summary="Turn token ids into text", body=DetokenizeBody, reply=Detokenized)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, _detokenize_decoder)
        input = Prompts((tuple(body.tokens),), special=False)
        return Request(id=http.request_id, model=body.model, input=input, task=Render())

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The text."""
        [rendered] = answer.renderings
        return Reply(body=msgspec.json.encode(Detokenized(rendered.text)))
