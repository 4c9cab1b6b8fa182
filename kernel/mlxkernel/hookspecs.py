"""The hooks: every door through which a plugin enters, and when it is opened.

A hook is a plain function in the plugin's module (or on its object), marked with
`mlxkernel.hookimpl`. The ``register`` hooks return values of `mlxkernel.api`; they change nothing.
`config` is the plugin's own `Config` Struct, decoded from ``[plugins.<name>]``; a plugin without a
`Config` gets None. A plugin may leave out arguments that it does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

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
from mlxkernel.request import Request

NAMESPACE = "mlxkernel"
GROUP = "mlxkernel.v1"
"""The entry-point group; its name holds the major version of this file."""

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)


@hookspec
def mlxkernel_register_dialects(config: Any) -> Sequence[Dialect]:  # type: ignore[empty-body]
    """At start: the API dialects that this plugin speaks."""


@hookspec
def mlxkernel_register_engines(config: Any) -> Sequence[EngineFactory]:  # type: ignore[empty-body]
    """At start, and in each worker: the engines that this plugin brings."""


@hookspec
def mlxkernel_register_families(config: Any) -> Sequence[ModelFamily]:  # type: ignore[empty-body]
    """At start, and in each worker: model families, their classes and default formats."""


@hookspec
def mlxkernel_register_tool_formats(config: Any) -> Sequence[ToolFormat]:  # type: ignore[empty-body]
    """At start, and in each worker: how model families write tool calls."""


@hookspec
def mlxkernel_register_reasoning_formats(config: Any) -> Sequence[ReasoningFormat]:  # type: ignore[empty-body]
    """At start, and in each worker: how model families mark what they think."""


@hookspec
def mlxkernel_register_chat_templates(config: Any) -> Sequence[ChatTemplate]:  # type: ignore[empty-body]
    """At start, and in each worker: chat templates by name."""


@hookspec
def mlxkernel_register_caches(config: Any) -> Sequence[CacheFactory]:  # type: ignore[empty-body]
    """At start, and in each worker: strategies that keep prompt prefixes."""


@hookspec
def mlxkernel_register_samplers(config: Any) -> Sequence[LogitsProcessor]:  # type: ignore[empty-body]
    """At start, and in each worker: named logits processors."""


@hookspec
def mlxkernel_register_auth(config: Any) -> Sequence[Authenticator]:  # type: ignore[empty-body]
    """At start: authenticators. A fault here stops the server: auth fails closed."""


@hookspec
def mlxkernel_register_model_sources(config: Any) -> Sequence[ModelSource]:  # type: ignore[empty-body]
    """At start, and in each worker: where a model's name may come from."""


@hookspec
def mlxkernel_register_commands(cli: Any) -> None:
    """At the start of the command line: add commands to `cli`, a `typer.Typer`."""


@hookspec
def mlxkernel_wrap_asgi(app: Any, config: Any) -> Any:
    """Once, when the application is built: an ASGI application around `app`, or None."""


@hookspec
def mlxkernel_lifespan(kernel: KernelView, config: Any) -> AbstractAsyncContextManager[None]:  # type: ignore[empty-body]
    """While the server runs: a context manager, entered before the first request, left after the last."""


@hookspec(firstresult=True)
def mlxkernel_resolve_model(request: Request, models: Sequence[ModelSpec]) -> str | None:
    """Per request, in plugin order until one answers: the name of the model to use, or None."""


@hookspec
def mlxkernel_prepare_request(request: Request, config: Any) -> Request | None:
    """Per request, chained in plugin order: a changed request, or None for no change."""


@hookspec
def mlxkernel_request_finished(record: RequestRecord) -> None:
    """Per request, after its end. A fault is logged and never felt by the client."""
