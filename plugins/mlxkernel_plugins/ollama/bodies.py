"""The bodies of requests: every field with its type and range.

An explicit null means the same as leaving the field out, hence the many ``| None = None``; Ollama's own
client also sends ``""`` for what it leaves out. What becomes of each field is said in `fields`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from mlxkernel.messages import Json
from mlxkernel_plugins.ollama.turns import Tool, Turn

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
PositiveShare: TypeAlias = Annotated[float, Meta(gt=0, le=1)]
Penalty: TypeAlias = Annotated[float, Meta(ge=-2, le=2)]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
StopString: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4096)]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1024)]
Think: TypeAlias = bool | Literal["low", "medium", "high", "max"]
Format: TypeAlias = Literal["", "json"] | dict[str, Json]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``options``: how tokens are drawn, when the answer ends, and how Ollama would load the model."""

    num_predict: Annotated[int, Meta(ge=-2, le=2**31 - 1)] | None = None
    temperature: Annotated[float, Meta(ge=0)] | None = None
    top_k: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None
    top_p: PositiveShare | None = None
    min_p: Share | None = None
    typical_p: PositiveShare | None = None
    seed: Int64 | None = None
    stop: StopString | Annotated[list[StopString], Meta(max_length=64)] | None = None
    repeat_penalty: Annotated[float, Meta(gt=0, le=10)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repeat_last_n: Annotated[int, Meta(ge=-1)] | None = None
    num_ctx: int | None = None
    num_keep: int | None = None
    num_batch: int | None = None
    num_gpu: int | None = None
    main_gpu: int | None = None
    num_thread: int | None = None
    draft_num_predict: int | None = None
    numa: bool | None = None
    low_vram: bool | None = None
    f16_kv: bool | None = None
    logits_all: bool | None = None
    vocab_only: bool | None = None
    use_mmap: bool | None = None
    use_mlock: bool | None = None
    embedding_only: bool | None = None
    mirostat: int | None = None
    mirostat_tau: float | None = None
    mirostat_eta: float | None = None
    tfs_z: float | None = None
    penalize_newline: bool | None = None


class ModelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of every request that works with a model."""

    model: Name
    keep_alive: float | str | None = None
    options: Options | None = None
    truncate: bool | None = None


class GenerationBody(ModelBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that both routes that answer share."""

    stream: bool | None = None
    format: Format | None = None
    think: Think | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    shift: bool | None = None
    debug_render_only: bool | None = field(default=None, name="_debug_render_only")


class ChatBody(GenerationBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/chat``."""

    messages: list[Turn] | None = None
    tools: list[Tool] | None = None


class GenerateBody(GenerationBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/generate``."""

    prompt: str | None = None
    system: str | None = None
    raw: bool | None = None
    images: list[str] | None = None
    suffix: str | None = None
    template: str | None = None
    context: list[int] | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None


class EmbedBody(ModelBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/embed``."""

    input: str | list[str] | None = None
    dimensions: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


class EmbeddingsBody(ModelBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/embeddings``, the predecessor of ``/api/embed``."""

    prompt: str | None = None


class ShowBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/show``. `name` is what `model` was called before."""

    model: str | None = None
    name: str | None = None
    verbose: bool | None = None
    system: str | None = None
    template: str | None = None
    options: Json = None


class PullBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/pull``. `name` is what `model` was called before."""

    model: str | None = None
    name: str | None = None
    stream: bool | None = None
    insecure: bool | None = None
    username: str | None = None
    password: str | None = None
