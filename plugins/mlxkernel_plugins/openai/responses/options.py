"""The options of a response: the format of its text, its thoughts, and what its items include."""

from __future__ import annotations

from msgspec import Struct

from mlxkernel.errors import invalid, unsupported
from mlxkernel.messages import Json
from mlxkernel.request import JsonObject, JsonSchema, ReasoningWish, ResponseFormat, Sampling
from mlxkernel_plugins.openai.definitions import JsonObjectFormat, TextFormat
from mlxkernel_plugins.openai.responses.bodies import ResponseBody, SchemaFormat, TextOptions
from mlxkernel_plugins.openai.structure import checked_schema

LOGPROBS = "message.output_text.logprobs"
SEALED_THOUGHTS = "reasoning.encrypted_content"
_INCLUDED_ANYWAY = "message.input_image.image_url"
_SUMMARIES = ("auto", "detailed")


class Inclusion(Struct, frozen=True):
    """What the answer's items carry besides: alternatives per token (None: no logprobs), sealed thoughts."""

    logprobs: int | None
    sealed: bool


def inclusion(body: ResponseBody) -> Inclusion:
    """What `include` asks for. Raises `RequestFailed` for what there is not."""
    wanted = body.include or []
    for place, name in enumerate(wanted):
        if name not in (LOGPROBS, SEALED_THOUGHTS, _INCLUDED_ANYWAY):
            raise unsupported(f"include[{place}]", f"there is no '{name[:80]}' in the items of this server")
    if LOGPROBS in wanted:
        return Inclusion(body.top_logprobs or 0, SEALED_THOUGHTS in wanted)
    if body.top_logprobs:
        message = f"'top_logprobs' is only allowed when 'include' has '{LOGPROBS}'."
        raise invalid(message, param="top_logprobs", code="invalid_value")
    return Inclusion(None, SEALED_THOUGHTS in wanted)


def response_format(text: TextOptions | None) -> ResponseFormat | None:
    """What the text must look like, None when it is free. Raises `RequestFailed`."""
    if text is None:
        return None
    if text.verbosity not in (None, "medium"):
        raise unsupported("text.verbosity", "only 'medium', the model's own, is offered")
    match text.format:
        case None | TextFormat():
            return None
        case JsonObjectFormat():
            return JsonObject("text.format")
        case SchemaFormat(schema=schema):
            field = "text.format.schema"
            schema = checked_schema(schema, field)
            if text.format.description is not None:
                schema = {"description": text.format.description, **schema}
            return JsonSchema(schema, text.format.name or "answer", bool(text.format.strict), field)


def wish(body: ResponseBody) -> ReasoningWish:
    """How much the model should think. Raises `RequestFailed` for what is not offered."""
    options = body.reasoning
    if options is None:
        return ReasoningWish()
    for field, value in (("summary", options.summary), ("generate_summary", options.generate_summary)):
        if value not in (None, *_SUMMARIES):
            raise unsupported(f"reasoning.{field}", "thoughts are given whole: only 'auto' and 'detailed'")
    if options.context not in (None, "auto"):
        raise unsupported("reasoning.context", "which thoughts a model sees again is its template's to say")
    if options.mode not in (None, "standard"):
        raise unsupported("reasoning.mode", "there is one mode, 'standard'")
    return ReasoningWish(False if options.effort == "none" else None, options.effort)


def summarised(body: ResponseBody) -> bool:
    """Whether the thoughts are asked for as a summary."""
    options = body.reasoning
    return options is not None and (options.summary or options.generate_summary) is not None


def sampling(body: ResponseBody) -> Sampling:
    """How tokens are drawn."""
    return Sampling(
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=None if body.top_k is None else max(0, body.top_k),
        min_p=body.min_p,
        repetition_penalty=body.repetition_penalty,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        seed=body.seed,
    )


def text_echo(text: TextOptions | None) -> Json:
    """The field `text` of an answer."""
    return {"format": (text and text.format) or TextFormat(), "verbosity": "medium"}


def reasoning_echo(body: ResponseBody) -> Json:
    """The field `reasoning` of an answer."""
    options = body.reasoning
    effort, summary = (None, None) if options is None else (options.effort, options.summary)
    return {"effort": effort, "summary": summary or (options and options.generate_summary)}
