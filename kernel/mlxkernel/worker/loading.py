"""Loading, in the worker: from a model's reference to a loaded engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from mlxkernel.api import LoadProgress, ModelInfo, ModelSpec, StepEngine, WorkerEngine
from mlxkernel.errors import ConfigError, MlxKernelError
from mlxkernel.host import PluginHost
from mlxkernel.messages import Json
from mlxkernel.registry import Registries


def load_engine(spec: ModelSpec, host: PluginHost, progress: LoadProgress) -> tuple[StepEngine, ModelInfo]:
    """Find the folder, choose the engine, load. Raises `MlxKernelError` with the mend."""
    registries = host.registries
    folder = resolve_source(spec, registries, progress)
    engine = choose_engine(spec, registries, read_model_config(folder, spec)).create()
    info = engine.load(spec, folder, registries.toolbox(), progress)
    return engine, info


def resolve_source(spec: ModelSpec, registries: Registries, progress: LoadProgress) -> Path:
    """The model's folder, from the first source that claims the reference."""
    for source in registries.sources.values():
        if source.claims(spec.source):
            return source.resolve(spec.source, progress)
    known = ", ".join(registries.sources) or "none"
    raise ConfigError(
        f"[models.{spec.name}] source: no model source knows '{spec.source}' (installed sources: {known}); "
        "write bundled:tiny, the path of a model's folder, or a hub id such as mlx-community/Qwen3-4B-4bit"
    )


def read_model_config(folder: Path, spec: ModelSpec) -> Mapping[str, Json]:
    """The model's config.json."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MlxKernelError(
            f"model '{spec.name}': {folder.name} has no config.json, so it is no model"
        ) from None
    except (OSError, ValueError) as error:
        raise MlxKernelError(f"model '{spec.name}': config.json cannot be read: {error}") from None
    if not isinstance(config, Mapping) or not isinstance(config.get("model_type"), str):
        raise MlxKernelError(f"model '{spec.name}': config.json names no model_type")
    return config


def choose_engine(spec: ModelSpec, registries: Registries, config: Mapping[str, Json]) -> WorkerEngine:
    """The engine that the spec names, or for ``auto`` the first that suits the model's config.json."""
    if spec.engine != "auto":
        engine = registries.engines.find(spec.engine, f"[models.{spec.name}] engine")
        if not isinstance(engine, WorkerEngine):
            raise ConfigError(f"[models.{spec.name}] engine: '{spec.engine}' does not run in a worker")
        return engine
    for engine in registries.engines.values():
        if isinstance(engine, WorkerEngine) and engine.suits(config):
            return engine
    raise MlxKernelError(
        f"model '{spec.name}': no installed engine can load the architecture '{config['model_type']}'; "
        "a plugin that registers its family may be missing (mlxkernel plugins list shows what is installed)"
    )
