"""Names of models as Ollama's clients write them: with a tag, of which ``:latest`` goes without saying."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mlxkernel.api import KernelView, ModelSpec

LATEST = ":latest"


def tagged(name: str) -> str:
    """The name with a tag. Clients that add ``:latest`` to a name without one look it up in the list."""
    return name if ":" in name.rsplit("/", 1)[-1] else name + LATEST


def configured(name: str, known: Collection[str]) -> str:
    """The configured name that this one means: the name itself, else the name without ``:latest``."""
    if name not in known and name.endswith(LATEST) and name.removesuffix(LATEST) in known:
        return name.removesuffix(LATEST)
    return name


def all_names(models: Sequence[ModelSpec]) -> dict[str, ModelSpec]:
    """Every name and alias, in the order of the configuration."""
    return {name: spec for spec in models for name in (spec.name, *spec.aliases)}


def resolve(name: str, kernel: KernelView) -> ModelSpec:
    """The model of this name, with or without ``:latest``. Raises `RequestFailed` (not_found)."""
    return kernel.resolve(configured(name, all_names(kernel.models())))
