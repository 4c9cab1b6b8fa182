"""The pool: which models there are, and the engine that answers for each.

A request takes a lease on its model's engine for as long as it runs; the first lease starts the
model, later ones share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from mlxkernel.api import DirectEngine, Engine, Health, ModelInfo, ModelSpec
from mlxkernel.config import Config, nearest
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.host import PluginHost, State
from mlxkernel.messages import Json
from mlxkernel.parsing import AUTO, NONE
from mlxkernel.supervisor import Supervisor


class Lease:
    """A claim on an engine, released once and only once however often it is asked to."""

    def __init__(self, engine: Engine, counts: dict[str, int], name: str) -> None:
        self.engine = engine
        self._counts = counts
        self._name = name
        self._held = True
        counts[name] = counts.get(name, 0) + 1

    def release(self) -> None:
        """Give the claim back."""
        if self._held:
            self._held = False
            self._counts[self._name] -= 1


class Pool:
    """The configured models. Raises `ConfigError` at once for names that no plugin registered."""

    def __init__(self, config: Config, host: PluginHost) -> None:
        self._config = config
        self._host = host
        self._specs = dict(config.models)
        self._names = {alias: name for name, spec in self._specs.items() for alias in (name, *spec.aliases)}
        self._engines: dict[str, Engine] = {}
        self._connecting: dict[str, asyncio.Lock] = {}
        self._leases: dict[str, int] = {}
        for spec in self._specs.values():
            _check_names(spec, host)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """The models in the order of mlx.toml."""
        return tuple(self._specs.values())

    @property
    def running(self) -> int:
        """How many leases are held."""
        return sum(self._leases.values())

    def resolve(self, name: str) -> ModelSpec:
        """The model of this name or alias. Raises `RequestFailed` (404) that names the nearest one."""
        if name not in self._names:
            raise RequestFailed(
                Fault(
                    kind=FaultKind.NOT_FOUND,
                    message=f"The model '{name}' does not exist on this server; {nearest(name, self._names)}",
                    param="model",
                    code="model_not_found",
                )
            )
        return self._specs[self._names[name]]

    async def lease(self, spec: ModelSpec) -> Lease:
        """A claim on the model's engine, which is started if need be. Does not wait for the load."""
        return Lease(await self._engine(spec), self._leases, spec.name)

    def health(self) -> Mapping[str, Health]:
        """The state of each configured model."""
        stopped = Health(state="stopped")
        return {
            name: self._engines[name].health() if name in self._engines else stopped for name in self._specs
        }

    def info(self, name: str) -> ModelInfo | None:
        """What is known of a model, None before its first load."""
        try:
            return self._engines[name].info
        except LookupError:
            return None

    def engine(self, name: str) -> Engine | None:
        """The engine that runs for this model now, for operators' tools and tests."""
        return self._engines.get(name)

    async def preload(self) -> None:
        """Start the models that mlx.toml marks; returns before they are ready."""
        for spec in self._specs.values():
            if spec.preload:
                await self._engine(spec)

    async def close(self) -> None:
        """End every engine, also when one of them raises; then raise what it raised."""
        engines, self._engines = list(self._engines.values()), {}
        ends = await asyncio.gather(*(engine.close() for engine in engines), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

    async def _engine(self, spec: ModelSpec) -> Engine:
        async with self._connecting.setdefault(spec.name, asyncio.Lock()):
            engine = self._engines.get(spec.name)
            if engine is None:
                engine = self._engines[spec.name] = await self._connect(spec)
        return engine

    async def _connect(self, spec: ModelSpec) -> Engine:
        factory = self._host.registries.engines.get(spec.engine)
        if isinstance(factory, DirectEngine):
            return await factory.connect(spec)
        tables = worker_tables(self._host)
        stamps = tuple(plugin.stamp for plugin in self._host.loaded)
        supervisor = Supervisor(spec, self._config.worker, tables, stamps)
        supervisor.start()
        return supervisor


def worker_tables(host: PluginHost) -> dict[str, Json]:
    """The configuration as a worker gets it: without the models, and with the kernel's choice of plugins.

    A plugin that broke in the kernel, where more hooks are called, might load in a worker.
    """
    tables: dict[str, Json] = msgspec.to_builtins(host.config)
    tables["models"] = {}
    broken = {plugin.name for plugin in host.plugins if plugin.state is not State.LOADED}
    tables["kernel"]["disabled"] = sorted(broken)
    tables["plugins"] = {name: table for name, table in host.config.plugins.items() if name not in broken}
    return tables


def _check_names(spec: ModelSpec, host: PluginHost) -> None:
    registries, where = host.registries, f"[models.{spec.name}]"
    engine = None if spec.engine == "auto" else registries.engines.find(spec.engine, f"{where} engine")
    if not isinstance(engine, DirectEngine):
        registries.caches.find(spec.cache, f"{where} cache")
        if spec.template is not None:
            registries.chat_templates.find(spec.template, f"{where} template")
    if spec.tool_format not in (AUTO, NONE):
        registries.tool_formats.find(spec.tool_format, f"{where} tool_format")
    if spec.reasoning_format not in (AUTO, NONE):
        registries.reasoning_formats.find(spec.reasoning_format, f"{where} reasoning_format")
