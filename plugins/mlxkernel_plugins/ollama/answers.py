"""The two routes that answer: ``/api/chat`` and ``/api/generate``."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from mlxkernel.api import Description, Encoder, HttpRequest, Reply
from mlxkernel.errors import invalid, unsupported
from mlxkernel.fold import Answer
from mlxkernel.request import Prompts, Request
from mlxkernel_plugins.ollama import calls, fields, generation, logprobs, parsing, replies
from mlxkernel_plugins.ollama.bodies import ChatBody, GenerateBody
from mlxkernel_plugins.ollama.conversation import conversation, question, tools
from mlxkernel_plugins.ollama.replies import ChatLine, GenerateLine, MakeLine, Said
from mlxkernel_plugins.ollama.stream import CONTENT_TYPE, LineEncoder

NAMES = {
    "max_tokens": "options.num_predict",
    "stop": "options.stop",
    "repetition_penalty": "options.repeat_penalty",
    "presence_penalty": "options.presence_penalty",
    "frequency_penalty": "options.frequency_penalty",
    "penalty_window": "options.repeat_last_n",
    "temperature": "options.temperature",
    "top_p": "options.top_p",
    "top_k": "options.top_k",
    "min_p": "options.min_p",
    "typical_p": "options.typical_p",
    "reasoning_effort": "think",
}
"""Fields that an engine knows by another name than Ollama's clients."""


class _Route:
    """What both share: a stream of lines, and a whole answer that is one line."""

    method: str = "POST"
    names = NAMES

    def __init__(self, clock: Callable[[], float], make: MakeLine) -> None:
        self._clock = clock
        self._make = make

    def encoder(self, request: Request) -> Encoder:
        """The stream of lines."""
        return LineEncoder(request, self._make, self._clock)

    def answer(self, request: Request, answer: Answer) -> Reply:
        """The whole answer."""
        if generation.loads(request):
            loaded = self._make(request.model, self._clock(), Said())
            return Reply(body=msgspec.json.encode(replies.ended(loaded, replies.LOAD)))
        [choice] = answer.choices
        made, unsaid = calls.divide(choice.tool_calls)
        said = Said(
            choice.text + unsaid,
            choice.reasoning,
            made,
            UNSET if request.logprobs is None else logprobs.wire(choice.logprobs),
        )
        line = self._make(request.model, self._clock(), said)
        reason = replies.done_reason(choice.reason)
        return Reply(body=msgspec.json.encode(replies.ended(line, reason, answer.usage, answer.timing)))


class Chat(_Route):
    """``POST /api/chat``."""

    path: str = "/api/chat"
    description = Description(
        summary="Answer a conversation", body=ChatBody, reply=ChatLine, event=ChatLine, stream=CONTENT_TYPE
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock, replies.chat_line)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, ChatBody)
        fields.refuse_generation(body)
        if not body.messages:
            return generation.load(http, body)
        request = generation.request(http, body, conversation(body.messages))
        return replace(request, tools=tools(body.tools or ()))


class Generate(_Route):
    """``POST /api/generate``."""

    path: str = "/api/generate"
    description = Description(
        summary="Answer one prompt, or go on with a raw one",
        body=GenerateBody,
        reply=GenerateLine,
        event=GenerateLine,
        stream=CONTENT_TYPE,
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock, replies.generate_line)

    def read(self, http: HttpRequest) -> Request:
        """The request. Raises `RequestFailed` with the path of the field that is wrong."""
        body = parsing.parse(http, GenerateBody)
        fields.refuse_generation(body, fields.GENERATE_REFUSALS)
        if body.raw:
            _check_raw(body)
        if not body.prompt:
            return generation.load(http, body)
        if not body.raw:
            return generation.request(http, body, question(body.prompt, body.system, body.images or ()))
        # A raw prompt is not parsed, so nothing of it is thinking that could be turned off.
        return generation.request(http, replace(body, think=None), Prompts((body.prompt,)))


def _check_raw(body: GenerateBody) -> None:
    if body.system:
        raise invalid("'system' cannot be used with 'raw': write it into the prompt", param="system")
    if body.images:
        raise unsupported("images", "a raw prompt has no place for pictures; leave out 'raw'")
    if body.think:
        raise unsupported("think", "a raw prompt is answered as it is; leave out 'raw'")
