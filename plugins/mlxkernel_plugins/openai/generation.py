"""The part of a request that chat and completions share: sampling, limits, stops, streaming."""

from __future__ import annotations

from typing import Any

import msgspec

from mlxkernel.api import HttpRequest
from mlxkernel.errors import invalid
from mlxkernel.request import Input, Request, Sampling
from mlxkernel_plugins.openai.bodies import GenerationBody

LEGACY_CALLS = "legacy_calls"
"""What to `remember` of a request that listed `functions`."""

NAMES = {"processors": "logits_processors", "template_args": "chat_template_kwargs"}
"""Fields that an engine knows by another name than clients of chat and completions."""

_MAX_BIAS = 100
_MAX_TOKEN_ID = 2**31 - 1


def request(
    http: HttpRequest, body: GenerationBody, input: Input, *, max_tokens: int | None, logprobs: int | None
) -> Request:
    """The request in the kernel's words."""
    min_tokens = body.min_tokens or 0
    if max_tokens is not None and min_tokens > max_tokens:
        message = f"'min_tokens' ({min_tokens}) is over the limit of {max_tokens} tokens for the answer."
        raise invalid(message, param="min_tokens", code="invalid_value")
    options = body.stream_options
    return Request(
        id=http.request_id,
        model=body.model,
        input=input,
        sampling=sampling(body),
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        stop_token_ids=tuple(body.stop_token_ids or ()),
        ignore_eos=bool(body.ignore_eos),
        max_tokens=max_tokens,
        min_tokens=min_tokens,
        n=body.n or 1,
        logprobs=logprobs,
        stream=bool(body.stream),
        extra={"include_usage": True} if options and options.include_usage else None,
    )


def remember(request: Request, note: str) -> Request:
    """The request with one more thing that its answer depends on."""
    return msgspec.structs.replace(request, extra={**(request.extra or {}), note: True})


def wire_id(prefix: str, request: Request) -> str:
    """The answer's id: OpenAI's prefix, then the request's id, by which the server's log knows it."""
    return f"{prefix}-{request.id.removeprefix('req_')}"


def include_usage(request: Request) -> bool:
    """Whether the stream of this request ends with its usage."""
    return _noted(request, "include_usage")


def legacy_calls(request: Request) -> bool:
    """Whether calls are answered in the legacy shape, ``function_call``."""
    return _noted(request, LEGACY_CALLS)


def _noted(request: Request, note: str) -> bool:
    extra: Any = request.extra
    return isinstance(extra, dict) and extra.get(note) is True


def sampling(body: GenerationBody) -> Sampling:
    """How tokens are drawn. Raises `RequestFailed` for a bias that names no token."""
    return Sampling(
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=None if body.top_k is None else max(0, body.top_k),
        min_p=body.min_p,
        typical_p=body.typical_p,
        xtc_probability=body.xtc_probability,
        xtc_threshold=body.xtc_threshold,
        repetition_penalty=body.repetition_penalty,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        logit_bias=_logit_bias(body.logit_bias or {}),
        seed=body.seed,
        processors=tuple(body.logits_processors or ()),
    )


def _logit_bias(bias: dict[str, float]) -> dict[int, float]:
    result: dict[int, float] = {}
    for key, value in bias.items():
        if not (key.isascii() and key.isdigit() and len(key) <= 10 and int(key) <= _MAX_TOKEN_ID):
            message = f"Invalid key in 'logit_bias': {key[:80]!r} is not a token id."
            raise invalid(message, param="logit_bias", code="invalid_value")
        if not -_MAX_BIAS <= value <= _MAX_BIAS:
            message = f"Invalid value for 'logit_bias': {value:g} for token {key} is not within -100 and 100."
            raise invalid(message, param="logit_bias", code="invalid_value")
        result[int(key)] = value
    return result
