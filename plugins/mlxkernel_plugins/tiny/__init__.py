"""The bundled demonstration models, as the sources ``bundled:tiny`` and ``bundled:tiny-vision``.

`model/` and `vision_model/` hold the weights, tokenizer and chat template, `recipe/` and `vision_recipe/` the
generator, trainer and evaluation that made and measured them. Nothing here runs unless a model is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mlxkernel
from mlxkernel.api import LoadProgress, ModelSource
from mlxkernel.errors import MlxKernelError

PREFIX = "bundled:"


class BundledSource:
    """Claims ``bundled:<name>``: the models that travel in this package."""

    name = "bundled"

    def __init__(self) -> None:
        here = Path(__file__).parent
        self._folders = {"tiny": here / "model", "tiny-vision": here / "vision_model"}

    def claims(self, reference: str) -> bool:
        """Whether the reference begins with ``bundled:``."""
        return reference.startswith(PREFIX)

    def resolve(self, reference: str, progress: LoadProgress) -> Path:
        """The model's folder in this package. Raises `MlxKernelError` for a name that is not bundled."""
        name = reference[len(PREFIX) :]
        if name not in self._folders:
            known = ", ".join(f"{PREFIX}{bundled}" for bundled in sorted(self._folders))
            raise MlxKernelError(f"no model '{name}' is bundled; bundled are: {known}")
        return self._folders[name]


@mlxkernel.hookimpl
def mlxkernel_register_model_sources() -> Sequence[ModelSource]:
    """The bundled models."""
    return [BundledSource()]
