"""What a model can do: from mlx.toml before it is loaded, from its engine after."""

from __future__ import annotations

from mlxkernel.api import Health, ModelInfo, ModelLimits, ModelSpec
from mlxkernel_plugins.openai.capabilities import Ability, EmbeddingAbility, Modalities, capabilities

LIMITS = ModelLimits(context=64, max_tokens=32)
INFO = ModelInfo(
    name="m",
    architecture="llama",
    engine="mlx-text",
    family="llama",
    tool_format="pythonic",
    context=64,
    vocabulary=512,
    embedding=16,
    parameters=1000,
    weight_bytes=2000,
    demonstration=True,
    modalities=("text", "image"),
    bound=("json_schema",),
)


def test_before_the_model_is_loaded() -> None:
    spec = ModelSpec(name="m", source="x", limits=LIMITS, reasoning_format="none", tool_format="hermes")
    known = capabilities(spec, None, Health(state="stopped"))
    assert (known.state, known.loaded, known.engine, known.architecture) == ("stopped", False, None, None)
    assert (known.context, known.max_output_tokens, known.limits) == (64, 32, LIMITS)
    assert known.modalities == Modalities(None, ["text"])
    assert (known.tools, known.reasoning) == (Ability(True, "hermes"), Ability(False, None))
    assert known.structured_output is None
    assert known.embeddings == EmbeddingAbility(None, None, "auto")
    auto = capabilities(ModelSpec(name="m", source="x"), None, Health(state="loading"))
    assert (auto.tools, auto.context, auto.demonstration) == (Ability(None, None), None, None)


def test_when_it_is_loaded() -> None:
    known = capabilities(ModelSpec(name="m", source="x"), INFO, Health(state="ready"))
    assert (known.state, known.loaded, known.engine, known.architecture) == (
        "ready",
        True,
        "mlx-text",
        "llama",
    )
    assert (known.context, known.vocabulary, known.parameters, known.weight_bytes) == (64, 512, 1000, 2000)
    assert known.modalities == Modalities(["text", "image"], ["text"])
    assert (known.tools, known.reasoning) == (Ability(True, "pythonic"), Ability(False, None))
    assert (known.structured_output, known.demonstration) == (["json_schema"], True)
    assert known.embeddings == EmbeddingAbility(True, 16, "auto")
