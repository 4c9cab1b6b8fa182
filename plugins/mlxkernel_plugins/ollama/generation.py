"""What the requests of chat and generate share: options, format, thinking; and loading without a word."""

from __future__ import annotations

from msgspec.structs import replace

from mlxkernel.api import HttpRequest
from mlxkernel.errors import invalid, unsupported
from mlxkernel.request import (
    Input,
    JsonObject,
    JsonSchema,
    Prompts,
    ReasoningWish,
    Render,
    Request,
    ResponseFormat,
    Sampling,
)
from mlxkernel_plugins.ollama import keep_alive, parsing
from mlxkernel_plugins.ollama.bodies import Format, GenerationBody, ModelBody, Options, Think


def request(http: HttpRequest, body: GenerationBody, input: Input) -> Request:
    """The request in the kernel's words. Raises `RequestFailed`."""
    options = body.options or Options()
    keep_alive.seconds(body)  # checked; nothing to prolong while no model is ever unloaded
    return Request(
        id=http.request_id,
        model=body.model,
        input=input,
        sampling=sampling(options),
        stop=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
        max_tokens=_max_tokens(options),
        clip=True,
        response_format=response_format(body.format),
        reasoning=thinking(body.think),
        logprobs=_logprobs(body),
        stream=body.stream is not False,
    )


def load(http: HttpRequest, body: ModelBody) -> Request:
    """The request that only loads the model: what it would be given of no prompt.

    Raises `RequestFailed` for a `keep_alive` of 0, with which an empty request means to unload.
    """
    if keep_alive.seconds(body) == 0:
        why = "models are not unloaded one by one; a model stays loaded until the server ends"
        raise unsupported(keep_alive.FIELD, why)
    return Request(id=http.request_id, model=body.model, input=Prompts(("",)), task=Render())


def loads(request: Request) -> bool:
    """Whether this request only loads the model."""
    return isinstance(request.task, Render)


def sampling(options: Options) -> Sampling:
    """How tokens are drawn."""
    drawn = Sampling(
        temperature=options.temperature,
        top_k=None if options.top_k is None else max(0, options.top_k),
        top_p=options.top_p,
        min_p=options.min_p,
        typical_p=options.typical_p,
        repetition_penalty=options.repeat_penalty,
        presence_penalty=options.presence_penalty,
        frequency_penalty=options.frequency_penalty,
        seed=None if options.seed == -1 else options.seed,
    )
    match options.repeat_last_n:
        case None | -1:
            return drawn
        case 0:
            return replace(drawn, repetition_penalty=1.0, presence_penalty=0.0, frequency_penalty=0.0)
        case window:
            return replace(drawn, penalty_window=window)


def _max_tokens(options: Options) -> int | None:
    if options.num_predict == 0:
        message = (
            "invalid value for 'options.num_predict': 0 leaves no room for an answer; send 1 or more, or -1"
        )
        raise invalid(message, param="options.num_predict")
    return options.num_predict if options.num_predict is not None and options.num_predict > 0 else None


def response_format(format: Format | None) -> ResponseFormat | None:
    """What the answer must look like, None when it is free. Raises `RequestFailed`."""
    match format:
        case None | "":
            return None
        case str():
            return JsonObject("format")
        case schema:
            parsing.check_value(schema, "format")
            return JsonSchema(schema, field="format")


def thinking(think: Think | None) -> ReasoningWish:
    """How much the model shall think."""
    if isinstance(think, str):
        return ReasoningWish(True, think)
    return ReasoningWish(think)


def _logprobs(body: GenerationBody) -> int | None:
    if body.logprobs:
        return body.top_logprobs or 0
    if body.top_logprobs:
        raise invalid("'top_logprobs' is only allowed when 'logprobs' is true", param="top_logprobs")
    return None
