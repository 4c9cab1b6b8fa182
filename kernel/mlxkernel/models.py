"""Models: how one is to be loaded, what is known of it, and how it does."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from mlxkernel.messages import Json


class ModelDefaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[models.<name>.defaults]`: what holds for a request that does not say otherwise."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    max_tokens: int | None = None
    template_args: dict[str, Json] = {}


class ModelLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[models.<name>.limits]`: what no request may exceed.

    `context` in tokens (None: the model's own), `max_tokens` per answer, `batch` rows that decode
    together, `queue` requests that wait beyond them before 503, `prefill_chunk` prompt tokens at most between
    two decode steps while other rows decode, `cache_bytes` for reused prefixes.
    """

    context: Annotated[int, Meta(ge=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    batch: Annotated[int, Meta(ge=1)] = 32
    queue: Annotated[int, Meta(ge=0)] = 256
    prefill_chunk: Annotated[int, Meta(ge=1)] = 512
    cache_bytes: Annotated[int, Meta(ge=0)] = 256 * 1024 * 1024


class ModelSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One model as it is to be loaded: `[models.<name>]` of mlx.toml with its name filled in.

    `source` is ``bundled:tiny``, a path, or a hub id. `engine`, `template`, the formats and `cache` are
    names of registered values; ``auto`` lets the engine look at the model's config.json and chat
    template, a `template` of None takes the model's own, and a format ``none`` leaves the text as it is.
    `pooling` is how the states of a text's tokens become its embedding: their mean, the last one's or
    the first one's; ``auto`` does as the model's 1_Pooling/config.json says, and without one takes the mean.
    """

    name: str
    source: str
    aliases: tuple[str, ...] = ()
    engine: str = "auto"
    template: str | None = None
    tool_format: str = "auto"
    reasoning_format: str = "auto"
    pooling: Literal["auto", "mean", "last", "first"] = "auto"
    cache: str = "prefix"
    preload: bool = False
    trust_remote_code: bool = False
    defaults: ModelDefaults = ModelDefaults()
    limits: ModelLimits = ModelLimits()


class ModelInfo(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a model once it is loaded. `context` and `vocabulary` are in tokens.

    The formats are the names of those that the engine chose, None for none. `embedding` is the
    number of components of a text's vector, None when the model gives none. `modalities` are the kinds of
    input that it takes, of ``text`` and ``image``; a picture for a model without ``image`` is refused before
    its engine sees it. `bound` are the forms that an answer can be bound to, of ``json_object``,
    ``json_schema``, ``regex`` and ``lark``.
    """

    name: str
    architecture: str
    engine: str
    family: str | None = None
    tool_format: str | None = None
    reasoning_format: str | None = None
    context: int
    vocabulary: int
    embedding: int | None = None
    parameters: int = 0
    weight_bytes: int = 0
    demonstration: bool = False
    modalities: tuple[str, ...] = ("text",)
    bound: tuple[str, ...] = ()


class EngineStats(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading of one engine: rows now, totals since the load, bytes now."""

    running: int = 0
    waiting: int = 0
    steps: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cache_bytes: int = 0
    memory_bytes: int = 0


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`state` is ``stopped``, ``starting``, ``loading``, ``ready``, ``draining``, ``stuck`` or ``crashed``.

    `progress` in 0…1 while loading; `reason` says why an engine is not ready.
    """

    state: str
    progress: float | None = None
    stage: str | None = None
    reason: str | None = None
    restarts: int = 0
