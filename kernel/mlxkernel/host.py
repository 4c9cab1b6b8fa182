"""The plugin host: discover → import → validate → configure → register, each step guarded on its own.

A plugin that breaks is reported with its distribution, its version and the mend, and the kernel goes
on without it; unless mlx.toml names that plugin, or it guards the door (auth), or ``strict_plugins``
is set: then the start fails. Two owners of one name always fail it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import pluggy
from msgspec import Struct

from mlxkernel import hookspecs
from mlxkernel.config import Config, decode_table, nearest
from mlxkernel.errors import ConfigError, PluginError
from mlxkernel.formats import Format
from mlxkernel.hooks import Hooks, cause, mend, sentence, unusable
from mlxkernel.registry import Registries, Registry
from mlxkernel.worker.frames import PluginStamp

logger = logging.getLogger("mlxkernel.plugins")

BUILTIN = "mlxkernel"
"""The distribution whose plugins come first."""


class _Configured(NamedTuple):
    """Who owns what mlx.toml itself defines."""

    name: str = "tool_formats"
    distribution: str = "mlx.toml"


_CONFIGURED = _Configured()


class Scope(Enum):
    """Which process the plugins are loaded for; a worker has no use for dialects and auth."""

    KERNEL = "kernel"
    WORKER = "worker"


class State(Enum):
    """How far a plugin came."""

    DISCOVERED = "discovered"
    DISABLED = "disabled"
    BROKEN = "broken"
    LOADED = "loaded"


@dataclass
class Plugin:
    """One entry point of the group, and what became of it."""

    name: str
    distribution: str
    version: str
    entry: EntryPoint
    state: State = State.DISCOVERED
    module: Any = None
    config: Any = None
    fault: str | None = None
    brings: list[str] = field(default_factory=list)

    @property
    def stamp(self) -> PluginStamp:
        """The plugin's identity, for comparing what two processes loaded."""
        return PluginStamp(self.name, self.distribution, self.version)

    @property
    def title(self) -> str:
        """The plugin in a message: whose it is, and which version."""
        return f"plugin '{self.name}' of {self.distribution} {self.version}"


def discover() -> list[EntryPoint]:
    """All installed entry points of the group ``mlxkernel.v1``."""
    return list(entry_points(group=hookspecs.GROUP))


class PluginHost:
    """Loads the plugins once, in a fixed order, and holds the registries that they filled."""

    def __init__(self, config: Config, scope: Scope, entries: Iterable[EntryPoint] | None = None) -> None:
        self.config = config
        self.scope = scope
        self.registries = Registries(config.kernel.prefer)
        self._manager = pluggy.PluginManager(hookspecs.NAMESPACE)
        self._manager.add_hookspecs(hookspecs)
        self.hooks = Hooks(self._manager)
        self.plugins = self._ordered(discover() if entries is None else list(entries))

    @property
    def loaded(self) -> list[Plugin]:
        """The plugins that work, in order."""
        return [plugin for plugin in self.plugins if plugin.state is State.LOADED]

    def load(self) -> None:
        """Take every plugin through its stages. Raises `PluginError` or `ConfigError`."""
        self._check_names()
        for plugin in self.plugins:
            if plugin.name in self.config.kernel.disabled:
                plugin.state = State.DISABLED
                continue
            if self._enter(plugin):
                plugin.state = State.LOADED
                self.hooks.add(plugin)
                self._register(plugin)
        for name, shape in self.config.tool_formats.items():
            self.registries.tool_formats.add(_CONFIGURED, Format(name=name, shape=shape))

    def load_commands(self, cli: Any) -> None:
        """Let every plugin add its commands to the command line; a broken one is only logged."""
        for plugin in self.plugins:
            if plugin.name in self.config.kernel.disabled:
                continue
            if self._stage(plugin, "import", partial(self._import, plugin)):
                implementation = getattr(plugin.module, "mlxkernel_register_commands", None)
                if implementation is not None:
                    self._stage(plugin, "register commands", partial(implementation, cli=cli))

    # --- order and names --------------------------------------------------------------------------

    def _ordered(self, entries: Iterable[EntryPoint]) -> list[Plugin]:
        plugins = [
            Plugin(
                name=entry.name,
                distribution=entry.dist.name if entry.dist is not None else "unknown",
                version=entry.dist.version if entry.dist is not None else "0",
                entry=entry,
            )
            for entry in entries
        ]
        first = list(self.config.kernel.plugin_order)

        def rank(plugin: Plugin) -> tuple[int, bool, str, str]:
            listed = first.index(plugin.name) if plugin.name in first else len(first)
            return listed, plugin.distribution != BUILTIN, plugin.name, plugin.distribution

        return sorted(plugins, key=rank)

    def _check_names(self) -> None:
        owners: dict[str, Plugin] = {}
        for plugin in list(self.plugins):
            rival = owners.setdefault(plugin.name, plugin)
            if rival is not plugin:
                chosen = self.config.kernel.prefer.get(f"plugin {plugin.name}")
                if chosen not in (rival.distribution, plugin.distribution):
                    raise PluginError(
                        f"two distributions bring a plugin '{plugin.name}': {rival.distribution} and "
                        f"{plugin.distribution}; uninstall one, or choose with [kernel.prefer] "
                        f'"plugin {plugin.name}" = "{rival.distribution}"'
                    )
                loser = plugin if chosen == rival.distribution else rival
                owners[plugin.name] = plugin if loser is rival else rival
                self.plugins.remove(loser)
        for word, names in (
            ("[plugins.{}]", self.config.plugins),
            ("[kernel] disabled: {}", self.config.kernel.disabled),
            ("[kernel] plugin_order: {}", self.config.kernel.plugin_order),
        ):
            for name in names:
                if name not in owners:
                    raise ConfigError(
                        f"{word.format(name)}: no installed plugin has the name '{name}'; "
                        f"{nearest(name, owners)}"
                    )

    # --- stages -----------------------------------------------------------------------------------

    def _enter(self, plugin: Plugin) -> bool:
        stages: tuple[tuple[str, Callable[[], object]], ...] = (
            ("import", partial(self._import, plugin)),
            ("validate", partial(self._validate, plugin)),
            ("configure", partial(self._configure, plugin)),
        )
        return all(self._stage(plugin, stage, run) for stage, run in stages)

    def _stage(self, plugin: Plugin, stage: str, run: Callable[[], object]) -> bool:
        """Run one stage under guard; True if it went well."""
        try:
            run()
        except ConfigError:
            raise
        except Exception as error:  # the guard around third-party code
            plugin.state = State.BROKEN
            plugin.fault = cause(plugin, stage, error)
            logger.debug("%s", plugin.fault, exc_info=True)
            if self._must_work(plugin):
                raise unusable(plugin, stage, error) from error
            said = sentence(plugin.fault)
            logger.warning("%s The server goes on without it. Mend: %s", said, mend(plugin))
            return False
        return True

    def _must_work(self, plugin: Plugin) -> bool:
        return (
            self.config.kernel.strict_plugins
            or plugin.name in self.config.plugins
            or hasattr(plugin.module, "mlxkernel_register_auth")
        )

    def _import(self, plugin: Plugin) -> None:
        if plugin.module is None:
            plugin.module = plugin.entry.load()

    def _validate(self, plugin: Plugin) -> None:
        """Every name that looks like a hook must be one, marked, and ask only for known arguments."""
        specs = {name for name in vars(hookspecs) if name.startswith("mlxkernel_")}
        for name in dir(plugin.module):
            if not name.startswith("mlxkernel_"):
                continue
            function = getattr(plugin.module, name)
            if inspect.ismodule(function):  # `import mlxkernel_acme.part` binds its own name there
                continue
            if name not in specs:
                raise PluginError(f"there is no hook {name}; {nearest(name, specs)}")
            if not hasattr(function, f"{hookspecs.NAMESPACE}_impl"):
                raise PluginError(f"{name} is not marked: put @mlxkernel.hookimpl above it")
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                raise PluginError(f"{name} is an async function; hooks are plain functions")
            options = getattr(function, f"{hookspecs.NAMESPACE}_impl")
            if options.get("wrapper") or options.get("hookwrapper"):
                raise PluginError(f"{name} is a wrapper; each hook is called alone, there is nothing to wrap")
            wanted = set(inspect.signature(function).parameters)
            given = set(inspect.signature(getattr(hookspecs, name)).parameters)
            if wanted - given:
                raise PluginError(
                    f"{name} asks for {', '.join(sorted(wanted - given))}; "
                    f"it may ask for {', '.join(sorted(given)) or 'nothing'}"
                )

    def _configure(self, plugin: Plugin) -> None:
        table = self.config.plugins.get(plugin.name, {})
        where = ("plugins", plugin.name)
        kind = getattr(plugin.module, "Config", None)
        if kind is None:
            if table:
                raise ConfigError(f"[plugins.{plugin.name}]: {plugin.title} takes no configuration")
            return
        if not (isinstance(kind, type) and issubclass(kind, Struct)):
            raise PluginError("its Config is not a msgspec.Struct")
        plugin.config = decode_table(kind, table, plugin.title, where)

    def _register(self, plugin: Plugin) -> None:
        """All of what it brings or, when one of its hooks fails, nothing."""
        brought: list[tuple[Registry[Any], Any]] = []
        for registry, call in self._kinds():
            values: list[Any] = []
            if not self._stage(plugin, f"register {registry.kind}s", partial(_collect, call, plugin, values)):
                self.hooks.remove(plugin)
                return
            brought.extend((registry, value) for value in values)
        for registry, value in brought:
            registry.add(plugin, value)
            plugin.brings.append(f"{registry.kind} {value.name}")

    def _kinds(self) -> Sequence[tuple[Registry[Any], Callable[[Any], Sequence[Any]]]]:
        registries, hooks = self.registries, self.hooks
        shared: list[tuple[Registry[Any], Callable[[Any], Sequence[Any]]]] = [
            (registries.sources, hooks.register_model_sources),
            (registries.engines, hooks.register_engines),
            (registries.families, hooks.register_families),
            (registries.chat_templates, hooks.register_chat_templates),
            (registries.caches, hooks.register_caches),
            (registries.samplers, hooks.register_samplers),
            (registries.tool_formats, hooks.register_tool_formats),
            (registries.reasoning_formats, hooks.register_reasoning_formats),
        ]
        match self.scope:
            case Scope.WORKER:
                return shared
            case Scope.KERNEL:
                return [
                    *shared,
                    (registries.dialects, hooks.register_dialects),
                    (registries.auth, hooks.register_auth),
                ]


def _collect(call: Callable[[Any], Sequence[Any]], plugin: Plugin, values: list[Any]) -> None:
    values.extend(call(plugin))
