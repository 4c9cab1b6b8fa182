"""``POST /v1/responses/input_tokens``: how many tokens the input of a response would have."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mlxkernel.api import Description, HttpRequest, Reply
from mlxkernel.fold import Answer
from mlxkernel.request import Render, Request
from mlxkernel_plugins.openai.responses.bodies import ResponseBody
from mlxkernel_plugins.openai.responses.operation import Responses
from mlxkernel_plugins.openai.whole import WholeOperation


class InputTokens(Struct, frozen=True):
    """The count, made with the model's chat template and the tools."""

    input_tokens: int
    object: Literal["response.input_tokens"] = "response.input_tokens"


class InputTokenCount(WholeOperation):
    """The route; its body is that of `responses`, whose checks all hold."""

    path: str = "/v1/responses/input_tokens"
    description = Description(
        summary="Count the tokens of a response's input", body=ResponseBody, reply=InputTokens
    )

    def __init__(self, responses: Responses) -> None:
        self._responses = responses

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        return replace(self._responses.read(http), task=Render(), stream=False, extra=None)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The count."""
        return Reply(body=msgspec.json.encode(InputTokens(answer.usage.prompt_tokens)))
