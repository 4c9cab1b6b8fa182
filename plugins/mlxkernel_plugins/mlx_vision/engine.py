"""The engine of this plugin: continuous batching over the models of mlx_vlm."""

from __future__ import annotations

from functools import partial

from mlxkernel_mlx.engine import BatchEngine
from mlxkernel_plugins.mlx_vision.library import load


class VisionEngine(BatchEngine):
    """A `StepEngine` for the models of mlx_vlm. `feature_bytes` bounds what is kept of encoded pictures."""

    def __init__(self, feature_bytes: int) -> None:
        super().__init__("mlx-vision", partial(load, feature_bytes=feature_bytes))
