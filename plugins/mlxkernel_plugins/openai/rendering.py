"""``POST /v1/chat/completions/render``: what the chat template makes of the messages, without an answer."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mlxkernel.api import Description, HttpRequest, Reply
from mlxkernel.fold import Answer
from mlxkernel.request import Render, Request
from mlxkernel_plugins.openai.bodies import ChatBody
from mlxkernel_plugins.openai.chat import ChatCompletions
from mlxkernel_plugins.openai.whole import WholeOperation


class RenderedChat(Struct, frozen=True):
    """What the model would be given: vLLM's `token_ids`, and the text that they come from."""

    request_id: str
    model: str
    token_ids: list[int]
    text: str


class ChatRendering(WholeOperation):
    """The route; its body is that of `chat`, whose checks all hold."""

    path: str = "/v1/chat/completions/render"
    description = Description(
        summary="Show what the chat template makes of a conversation", body=ChatBody, reply=RenderedChat
    )

    def __init__(self, chat: ChatCompletions) -> None:
        self._chat = chat

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        return replace(self._chat.read(http), task=Render(), stream=False)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The prompt."""
        [rendered] = answer.renderings
        body = RenderedChat(request.id, request.model, list(rendered.tokens), rendered.text)
        return Reply(body=msgspec.json.encode(body))
