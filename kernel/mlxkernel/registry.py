"""Registries: what the plugins brought, by kind and name, each with its owner.

Two owners of one name is an error that names both distributions, unless ``[kernel.prefer]``
chooses. Never last-wins, never renamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from mlxkernel.api import (
    Authenticator,
    CacheFactory,
    ChatTemplate,
    Dialect,
    EngineFactory,
    LogitsProcessor,
    ModelFamily,
    ModelSource,
    ReasoningFormat,
    ToolFormat,
    WorkerToolbox,
)
from mlxkernel.config import nearest
from mlxkernel.errors import ConfigError, PluginError


class Named(Protocol):
    """Anything that can be registered."""

    @property
    def name(self) -> str:
        """Unique among values of its kind."""


class Owner(Protocol):
    """A plugin, as far as messages need it."""

    @property
    def name(self) -> str:
        """The plugin's name: the entry point's."""

    @property
    def distribution(self) -> str:
        """The pip distribution that brought it."""


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, T], Generic[T]):
    """Values of one kind by name, in the order of their plugins."""

    def __init__(self, kind: str, prefer: Mapping[str, str]) -> None:
        self.kind = kind
        self._prefer = prefer
        self._values: dict[str, T] = {}
        self._owners: dict[str, Owner] = {}

    def add(self, owner: Owner, value: T) -> None:
        """Register a value. Raises `PluginError` when another plugin owns its name."""
        rival = self._owners.get(value.name)
        if rival is not None:
            chosen = self._prefer.get(f"{self.kind} {value.name}")
            if chosen is None or chosen not in (rival.distribution, owner.distribution):
                raise PluginError(
                    f"{self.kind} '{value.name}' is brought by {rival.distribution} (plugin {rival.name}) "
                    f"and by {owner.distribution} (plugin {owner.name}); choose one with [kernel.prefer] "
                    f'"{self.kind} {value.name}" = "{rival.distribution}", or disable the other plugin'
                )
            if chosen == rival.distribution:
                return
        self._values[value.name] = value
        self._owners[value.name] = owner

    def find(self, name: str, where: str) -> T:
        """The value of this name. Raises `ConfigError` that says where the name was written."""
        if name not in self._values:
            raise ConfigError(f"{where}: there is no {self.kind} '{name}'; {nearest(name, self._values)}")
        return self._values[name]

    def owner(self, name: str) -> Owner:
        """The plugin that brought the value of this name."""
        return self._owners[name]

    def __getitem__(self, name: str) -> T:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Registries:
    """One registry per kind. `prefer` is ``[kernel.prefer]``."""

    def __init__(self, prefer: Mapping[str, str]) -> None:
        self.dialects: Registry[Dialect] = Registry("dialect", prefer)
        self.engines: Registry[EngineFactory] = Registry("engine", prefer)
        self.families: Registry[ModelFamily] = Registry("family", prefer)
        self.tool_formats: Registry[ToolFormat] = Registry("tool format", prefer)
        self.reasoning_formats: Registry[ReasoningFormat] = Registry("reasoning format", prefer)
        self.chat_templates: Registry[ChatTemplate] = Registry("chat template", prefer)
        self.caches: Registry[CacheFactory] = Registry("cache", prefer)
        self.samplers: Registry[LogitsProcessor] = Registry("sampler", prefer)
        self.auth: Registry[Authenticator] = Registry("authenticator", prefer)
        self.sources: Registry[ModelSource] = Registry("model source", prefer)

    def toolbox(self) -> WorkerToolbox:
        """What a worker's engine may look up by name."""
        return WorkerToolbox(
            families=dict(self.families),
            chat_templates=dict(self.chat_templates),
            caches=dict(self.caches),
            samplers=dict(self.samplers),
            tool_formats=dict(self.tool_formats),
            reasoning_formats=dict(self.reasoning_formats),
        )
