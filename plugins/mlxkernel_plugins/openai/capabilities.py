"""What a model can do, as ``GET /v1/models/{id}`` tells it beside OpenAI's own fields.

Null means: not known before the model is loaded. What mlx.toml says is known at once.
"""

from __future__ import annotations

from msgspec import Struct

from mlxkernel.api import Health, ModelInfo, ModelLimits, ModelSpec


class Modalities(Struct, frozen=True):
    """Kinds of content, of ``text`` and ``image``."""

    input: list[str] | None
    output: list[str]


class Ability(Struct, frozen=True):
    """Whether, and by which format of which name."""

    supported: bool | None
    format: str | None


class EmbeddingAbility(Struct, frozen=True):
    """Whether the model gives vectors, and how many components they have."""

    supported: bool | None
    dimensions: int | None
    pooling: str


class Capabilities(Struct, frozen=True, kw_only=True):
    """The document. `context` and `max_output_tokens` are in tokens; null for the latter: up to the context.

    `structured_output` are the forms that an answer can be bound to. `limits` are those of mlx.toml.
    """

    state: str
    loaded: bool
    engine: str | None
    architecture: str | None
    family: str | None
    demonstration: bool | None
    parameters: int | None
    weight_bytes: int | None
    vocabulary: int | None
    context: int | None
    max_output_tokens: int | None
    modalities: Modalities
    tools: Ability
    reasoning: Ability
    structured_output: list[str] | None
    embeddings: EmbeddingAbility
    limits: ModelLimits


def capabilities(spec: ModelSpec, info: ModelInfo | None, health: Health) -> Capabilities:
    """What is known of the model now."""
    return Capabilities(
        state=health.state,
        loaded=info is not None,
        engine=info.engine if info else _chosen(spec.engine),
        architecture=info.architecture if info else None,
        family=info.family if info else None,
        demonstration=info.demonstration if info else None,
        parameters=info.parameters or None if info else None,
        weight_bytes=info.weight_bytes or None if info else None,
        vocabulary=info.vocabulary if info else None,
        context=info.context if info else spec.limits.context,
        max_output_tokens=spec.limits.max_tokens,
        modalities=Modalities(list(info.modalities) if info else None, ["text"]),
        tools=_ability(spec.tool_format, info is not None, info.tool_format if info else None),
        reasoning=_ability(spec.reasoning_format, info is not None, info.reasoning_format if info else None),
        structured_output=list(info.bound) if info else None,
        embeddings=EmbeddingAbility(
            supported=info.embedding is not None if info else None,
            dimensions=info.embedding if info else None,
            pooling=spec.pooling,
        ),
        limits=spec.limits,
    )


def _chosen(name: str) -> str | None:
    return None if name == "auto" else name


def _ability(configured: str, loaded: bool, found: str | None) -> Ability:
    if configured == "auto":
        return Ability(found is not None if loaded else None, found)
    return Ability(configured != "none", _chosen(configured) if configured != "none" else None)
