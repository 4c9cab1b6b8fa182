"""What models there are, and how they are: ``/api/tags``, ``/api/show``, ``/api/ps``; and who answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from mlxkernel.api import HttpRequest, KernelView, ModelInfo, ModelSpec, Reply
from mlxkernel.errors import invalid
from mlxkernel.fields import Refusal, refuse
from mlxkernel.messages import Json
from mlxkernel_plugins.ollama import parsing
from mlxkernel_plugins.ollama.bodies import ShowBody
from mlxkernel_plugins.ollama.names import resolve, tagged
from mlxkernel_plugins.ollama.replies import timestamp

FORMAT = "safetensors"

SHOW_REFUSALS = (
    Refusal("system", "the description of a model is not made to order; leave it out", ("",)),
    Refusal("template", "the description of a model is not made to order; leave it out", ("",)),
    Refusal("options", "the description of a model is not made to order; leave it out", ({},)),
)

FOREVER = "9999-12-31T23:59:59Z"
"""When a model is unloaded: not while the server runs."""


class Details(Struct, frozen=True):
    """A model in a few words; empty where nothing is known before its first load."""

    family: str
    families: list[str]
    parameter_size: str
    format: str = FORMAT
    parent_model: str = ""
    quantization_level: str = ""
    context_length: int | UnsetType = UNSET
    embedding_length: int | UnsetType = UNSET


class Listed(Struct, frozen=True):
    """A model of ``/api/tags``. `size` is that of its weights in bytes, 0 before its first load.

    Weights bear no date, so `modified_at` is when the server started; `digest` is of the configuration.
    """

    name: str
    model: str
    modified_at: str
    size: int
    digest: str
    details: Details
    capabilities: list[str]


class Running(Struct, frozen=True):
    """A model of ``/api/ps``."""

    name: str
    model: str
    size: int
    digest: str
    details: Details
    expires_at: str
    size_vram: int
    context_length: int


class Tags(Struct, frozen=True):
    """``/api/tags``."""

    models: list[Listed]


class Processes(Struct, frozen=True):
    """``/api/ps``."""

    models: list[Running]


class Shown(Struct, frozen=True):
    """``/api/show``."""

    modelfile: str
    parameters: str
    template: str
    details: Details
    model_info: dict[str, Json]
    capabilities: list[str]
    modified_at: str


class Version(Struct, frozen=True):
    """``/api/version``: the release of Ollama whose API this is; clients have a least one that they need."""

    version: str


async def tags(http: HttpRequest, kernel: KernelView) -> Reply:
    """``GET /api/tags``: every name and alias that a request may use, with a tag."""
    listed = [
        Listed(
            name=tagged(name),
            model=tagged(name),
            modified_at=timestamp(kernel.started),
            size=_size(kernel.info(spec.name)),
            digest=_digest(spec),
            details=_details(kernel.info(spec.name)),
            capabilities=_capabilities(kernel.info(spec.name)),
        )
        for spec in kernel.models()
        for name in (spec.name, *spec.aliases)
    ]
    return Reply(body=msgspec.json.encode(Tags(listed)))


async def ps(http: HttpRequest, kernel: KernelView) -> Reply:
    """``GET /api/ps``: the models that are loaded."""
    return Reply(body=msgspec.json.encode(Processes(list(_running(kernel)))))


def _running(kernel: KernelView) -> Iterator[Running]:
    health = kernel.health()
    for spec in kernel.models():
        info = kernel.info(spec.name)
        if info is None or health[spec.name].state != "ready":
            continue
        yield Running(
            name=tagged(spec.name),
            model=tagged(spec.name),
            size=_size(info),
            digest=_digest(spec),
            details=_details(info),
            expires_at=FOREVER,
            size_vram=_size(info),
            context_length=info.context,
        )


async def show(http: HttpRequest, kernel: KernelView) -> Reply:
    """``POST /api/show``. Raises `RequestFailed` (not_found) for a name that no model answers to."""
    body = parsing.parse(http, ShowBody)
    refuse(body, SHOW_REFUSALS)
    name = body.model or body.name
    if not name:
        raise invalid("'model' is required", param="model")
    spec = resolve(name, kernel)
    info = kernel.info(spec.name)
    parameters = _parameters(spec)
    shown = Shown(
        modelfile="\n".join([f"FROM {spec.name}", *(f"PARAMETER {line}" for line in parameters)]),
        parameters="\n".join(parameters),
        template="",
        details=_details(info),
        model_info=_model_info(info),
        capabilities=_capabilities(info),
        modified_at=timestamp(kernel.started),
    )
    return Reply(body=msgspec.json.encode(shown))


def _details(info: ModelInfo | None) -> Details:
    if info is None:
        return Details(family="", families=[], parameter_size="")
    family = info.family or info.architecture
    return Details(
        family,
        [family],
        _human(info.parameters),
        context_length=info.context,
        embedding_length=info.embedding or UNSET,
    )


def _capabilities(info: ModelInfo | None) -> list[str]:
    """What a model is known to do; before its first load only that it answers."""
    known = ["completion"]
    if info is not None and info.tool_format:
        known.append("tools")
    if info is not None and info.reasoning_format:
        known.append("thinking")
    if info is not None and "image" in info.modalities:
        known.append("vision")
    if info is not None and info.embedding is not None:
        known.append("embedding")
    return known


def _model_info(info: ModelInfo | None) -> dict[str, Json]:
    if info is None:
        return {}
    told = {
        "general.architecture": info.architecture,
        "general.parameter_count": info.parameters,
        f"{info.architecture}.context_length": info.context,
        f"{info.architecture}.vocab_size": info.vocabulary,
    }
    if info.embedding is not None:
        told[f"{info.architecture}.embedding_length"] = info.embedding
    return told


def _parameters(spec: ModelSpec) -> list[str]:
    """The model's defaults, in the names of this dialect."""
    defaults = spec.defaults
    named = {
        "temperature": defaults.temperature,
        "top_p": defaults.top_p,
        "top_k": defaults.top_k,
        "min_p": defaults.min_p,
        "repeat_penalty": defaults.repetition_penalty,
        "num_predict": defaults.max_tokens,
        "num_ctx": spec.limits.context,
    }
    return [f"{name} {value}" for name, value in named.items() if value is not None]


def _size(info: ModelInfo | None) -> int:
    return 0 if info is None else info.weight_bytes


def _digest(spec: ModelSpec) -> str:
    return hashlib.sha256(msgspec.json.encode(spec)).hexdigest()


def _human(count: int) -> str:
    """A count of parameters in three figures: 1.24B, 135M."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count) if count else ""
