"""The engine of this plugin: continuous batching over the models of mlx_lm."""

from __future__ import annotations

from mlxkernel_mlx.engine import BatchEngine
from mlxkernel_plugins.mlx_text.library import load


class TextEngine(BatchEngine):
    """A `StepEngine` for the models of mlx_lm."""

    def __init__(self) -> None:
        super().__init__("mlx-text", load)
