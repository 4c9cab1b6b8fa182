"""The typed façade over pluggy: two lines a hook buy back the types that pluggy's `Any` loses.

Each hook is called one plugin at a time, with that plugin's own config. The ``register`` hooks raise
what the plugin raised (the host guards them); the hooks on a request's way turn a plugin's fault into
a `RequestFailed` that names its distribution, so that one request feels it and no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar

import pluggy

from mlxkernel.api import (
    Authenticator,
    CacheFactory,
    ChatTemplate,
    Dialect,
    EngineFactory,
    KernelView,
    LogitsProcessor,
    ModelFamily,
    ModelSource,
    ModelSpec,
    ReasoningFormat,
    RequestRecord,
    ToolFormat,
)
from mlxkernel.errors import Fault, FaultKind, PluginError, RequestFailed
from mlxkernel.request import Request

logger = logging.getLogger("mlxkernel.plugins")

T = TypeVar("T")


class HookedPlugin(Protocol):
    """A plugin, as far as calling its hooks needs it."""

    name: str
    distribution: str
    module: Any
    config: Any

    @property
    def title(self) -> str:
        """The plugin in a message."""


class Hooks:
    """The hooks of all loaded plugins, in plugin order."""

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._plugins: list[HookedPlugin] = []
        self._callers: dict[str, list[tuple[HookedPlugin, Callable[..., Any]]]] = {}

    def add(self, plugin: HookedPlugin) -> None:
        """Take a plugin in; later ones are called later."""
        self._manager.register(plugin.module, name=plugin.name)
        self._plugins.append(plugin)
        self._callers.clear()

    def remove(self, plugin: HookedPlugin) -> None:
        """Let a plugin go."""
        self._manager.unregister(plugin.module)
        self._plugins.remove(plugin)
        self._callers.clear()

    # --- at start ---------------------------------------------------------------------------------

    def register_dialects(self, plugin: HookedPlugin) -> Sequence[Dialect]:
        """The plugin's dialects."""
        return self._values(plugin, "mlxkernel_register_dialects")

    def register_engines(self, plugin: HookedPlugin) -> Sequence[EngineFactory]:
        """The plugin's engine factories."""
        return self._values(plugin, "mlxkernel_register_engines")

    def register_families(self, plugin: HookedPlugin) -> Sequence[ModelFamily]:
        """The plugin's model families."""
        return self._values(plugin, "mlxkernel_register_families")

    def register_tool_formats(self, plugin: HookedPlugin) -> Sequence[ToolFormat]:
        """The plugin's tool formats."""
        return self._values(plugin, "mlxkernel_register_tool_formats")

    def register_reasoning_formats(self, plugin: HookedPlugin) -> Sequence[ReasoningFormat]:
        """The plugin's reasoning formats."""
        return self._values(plugin, "mlxkernel_register_reasoning_formats")

    def register_chat_templates(self, plugin: HookedPlugin) -> Sequence[ChatTemplate]:
        """The plugin's chat templates."""
        return self._values(plugin, "mlxkernel_register_chat_templates")

    def register_caches(self, plugin: HookedPlugin) -> Sequence[CacheFactory]:
        """The plugin's cache strategies."""
        return self._values(plugin, "mlxkernel_register_caches")

    def register_samplers(self, plugin: HookedPlugin) -> Sequence[LogitsProcessor]:
        """The plugin's logits processors."""
        return self._values(plugin, "mlxkernel_register_samplers")

    def register_auth(self, plugin: HookedPlugin) -> Sequence[Authenticator]:
        """The plugin's authenticators."""
        return self._values(plugin, "mlxkernel_register_auth")

    def register_model_sources(self, plugin: HookedPlugin) -> Sequence[ModelSource]:
        """The plugin's model sources."""
        return self._values(plugin, "mlxkernel_register_model_sources")

    def wrap_asgi(self, app: Any) -> Any:
        """`app` inside the wrappers of all plugins; the first plugin's is the innermost."""
        for plugin, call in self._implementations("mlxkernel_wrap_asgi"):
            try:
                wrapped = call(app=app, config=plugin.config)
            except Exception as error:  # the guard around third-party code; going on might drop a lock
                raise unusable(plugin, "wrap_asgi", error) from error
            app = app if wrapped is None else wrapped
        return app

    async def enter_lifespans(self, kernel: KernelView, stack: AsyncExitStack) -> None:
        """Enter the lifespans of all plugins in order; `stack` leaves them in the reverse one."""
        for plugin, call in self._implementations("mlxkernel_lifespan"):
            try:
                await stack.enter_async_context(call(kernel=kernel, config=plugin.config))
            except Exception as error:  # the guard around third-party code
                raise unusable(plugin, "lifespan", error) from error

    # --- per request ------------------------------------------------------------------------------

    def prepare_request(self, request: Request) -> Request:
        """The request after every plugin had its say."""
        for plugin, call in self._implementations("mlxkernel_prepare_request"):
            changed = _guarded(plugin, call, request=request, config=plugin.config)
            if changed is not None and not isinstance(changed, Request):
                raise _plugin_fault(
                    plugin, f"prepare_request returned a {type(changed).__name__}, not a Request"
                )
            request = request if changed is None else changed
        return request

    def resolve_model(self, request: Request, models: Sequence[ModelSpec]) -> str | None:
        """The model's name that the first plugin with an opinion gives."""
        for plugin, call in self._implementations("mlxkernel_resolve_model"):
            name = _guarded(plugin, call, request=request, models=models)
            if name is not None:
                if not isinstance(name, str):
                    raise _plugin_fault(plugin, f"resolve_model returned a {type(name).__name__}, not a name")
                return name
        return None

    def request_finished(self, record: RequestRecord) -> None:
        """Tell every plugin; a fault is logged."""
        for plugin, call in self._implementations("mlxkernel_request_finished"):
            try:
                call(record=record)
            except Exception:  # the guard around third-party code
                logger.exception("%s failed in request_finished", plugin.title)

    # --- pluggy -----------------------------------------------------------------------------------

    def _values(self, plugin: HookedPlugin, hook: str) -> Sequence[Any]:
        for owner, call in self._implementations(hook):
            if owner is plugin:
                values = call(config=plugin.config)
                if not isinstance(values, (list, tuple)):
                    raise PluginError(f"{hook} returned a {type(values).__name__}; it must return a list")
                for value in values:
                    if not isinstance(getattr(value, "name", None), str):
                        raise PluginError(f"{hook} returned {value!r}, which has no name")
                return values
        return ()

    def _implementations(self, hook: str) -> list[tuple[HookedPlugin, Callable[..., Any]]]:
        callers = self._callers.get(hook)
        if callers is None:
            callers = [
                (plugin, self._only(plugin, hook)) for plugin in self._plugins if hasattr(plugin.module, hook)
            ]
            self._callers[hook] = callers
        return callers

    def _only(self, plugin: HookedPlugin, hook: str) -> Callable[..., Any]:
        """The hook as this plugin alone implements it: one value, not pluggy's list."""
        others = [other.module for other in self._plugins if other is not plugin]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)

        def call(**arguments: Any) -> Any:
            result = caller(**arguments)
            if isinstance(result, list) and not caller.spec.opts.get("firstresult"):  # type: ignore[union-attr]
                return result[0] if result else None
            return result

        return call


def cause(plugin: HookedPlugin, stage: str, error: Exception) -> str:
    """Whose plugin failed, in which stage of the start, and why."""
    reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    return f"{plugin.title} cannot be used ({stage}): {reason}"


def mend(plugin: HookedPlugin) -> str:
    """What may be done about a broken plugin."""
    return (
        f"pip install --upgrade {plugin.distribution}, or switch it off with "
        f'[kernel] disabled = ["{plugin.name}"]'
    )


def sentence(words: str) -> str:
    """The words with a full stop, unless they end in a question."""
    return words if words.endswith("?") else f"{words}."


def unusable(plugin: HookedPlugin, stage: str, error: Exception) -> PluginError:
    """The report of a plugin that failed in a stage of the start: whose it is, why, and the mend."""
    return PluginError(f"{sentence(cause(plugin, stage, error))} Mend: {mend(plugin)}")


def _guarded(plugin: HookedPlugin, call: Callable[..., T], **arguments: Any) -> T:
    try:
        return call(**arguments)
    except RequestFailed:
        raise
    except Exception as error:  # the guard around third-party code
        logger.exception("%s failed", plugin.title)
        raise _plugin_fault(plugin, f"{type(error).__name__}") from error


def _plugin_fault(plugin: HookedPlugin, what: str) -> RequestFailed:
    message = f"{plugin.title} failed on this request ({what}); the server's log has the details"
    return RequestFailed(Fault(kind=FaultKind.INTERNAL, message=message, code="plugin_failed"))
