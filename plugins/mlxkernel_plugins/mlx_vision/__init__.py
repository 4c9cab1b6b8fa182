"""The engine ``mlx-vision``: models of mlx_vlm that take in pictures, with continuous batching.

What lives here: what pictures add to an engine. `library` loads through mlx_vlm, `pictures` decodes files,
`reading` turns conversations with pictures into tokens and tensors, `network` runs the model, `features`
keeps what its vision tower made of a picture. What does not: batching, sampling, constraints and text from
tokens (`mlxkernel_mlx`), and which pictures may come in, which the kernel's media policy decides.

Importing this package imports neither MLX nor transformers; creating the engine does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlxkernel import hookimpl
from mlxkernel.api import EngineFactory, StepEngine, WorkerEngine
from mlxkernel.errors import MissingDependency
from mlxkernel.messages import Json

__all__ = ["NAME", "Config", "mlxkernel_register_engines"]

NAME = "mlx-vision"

_SIGHT = ("vision_config", "vision_tower", "mm_vision_tower", "img_processor")
"""What a config.json has of which a model sees."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugins.mlx-vision]`: `feature_bytes` for what vision towers made of pictures, per model."""

    feature_bytes: int = 256 * 1024 * 1024


@hookimpl
def mlxkernel_register_engines(config: Config) -> Sequence[EngineFactory]:
    """The one engine of this plugin."""
    return [WorkerEngine(name=NAME, create=lambda: _create(config), suits=_suits)]


def _create(config: Config) -> StepEngine:
    try:
        from mlxkernel_plugins.mlx_vision.engine import VisionEngine
    except ImportError as error:
        raise MissingDependency(
            f"the engine '{NAME}' needs MLX and mlx-vlm, and importing them failed: {error}; "
            "run: pip install 'mlxkernel' (on Linux it brings mlx[cpu]; mlxkernel[cuda] for NVIDIA GPUs)"
        ) from error
    return VisionEngine(config.feature_bytes)


def _suits(config: Mapping[str, Json]) -> bool:
    # Which architectures mlx_vlm knows, `load` finds out.
    return any(config.get(key) is not None for key in _SIGHT)
