"""The engine ``mlx-text``: language models of mlx_lm with continuous batching.

What lives here: loading through mlx_lm, whose internals only `library` touches, and its models as the
batch sees them. What does not: batching, sampling, constraints and text from tokens (`mlxkernel_mlx`),
reasoning and tool formats (they parse events in the kernel), and where models come from.

Importing this package imports neither MLX nor transformers; creating the engine does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlxkernel import hookimpl
from mlxkernel.api import EngineFactory, StepEngine, WorkerEngine
from mlxkernel.errors import MissingDependency
from mlxkernel.messages import Json

__all__ = ["NAME", "mlxkernel_register_engines"]

NAME = "mlx-text"


@hookimpl
def mlxkernel_register_engines() -> Sequence[EngineFactory]:
    """The one engine of this plugin."""
    return [WorkerEngine(name=NAME, create=_create, suits=_suits)]


def _create() -> StepEngine:
    try:
        from mlxkernel_plugins.mlx_text.engine import TextEngine
    except ImportError as error:
        raise MissingDependency(
            f"the engine '{NAME}' needs MLX and mlx-lm, and importing them failed: {error}; "
            "run: pip install 'mlxkernel' (on Linux it brings mlx[cpu]; mlxkernel[cuda] for NVIDIA GPUs)"
        ) from error
    return TextEngine()


def _suits(config: Mapping[str, Json]) -> bool:
    # Architectures that mlx_lm does not know may come from a family's plugin, which is not visible
    # here; `load` gives the precise answer. What reads pictures or sound is left to another engine.
    # Conversions to text alone leave a null behind.
    return not any(config.get(key) is not None for key in ("vision_config", "audio_config"))
