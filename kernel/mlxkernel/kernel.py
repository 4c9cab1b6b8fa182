"""The kernel: config, plugins, pool and pipeline put together, and what it shows to plugins."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint

from mlxkernel import __version__
from mlxkernel.api import Authenticator, Health, ModelInfo, ModelSpec
from mlxkernel.config import Config
from mlxkernel.download import fetch
from mlxkernel.errors import ConfigError, Fault, StartError
from mlxkernel.events import Progress
from mlxkernel.host import PluginHost, Scope
from mlxkernel.media.admission import Admission
from mlxkernel.pipeline import Pipeline
from mlxkernel.pool import Pool

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Kernel:
    """One server's parts; implements `mlxkernel.api.KernelView`.

    Raises `StartError` when the plugins, the models' names or the auth scheme do not add up.
    """

    def __init__(
        self, config: Config, entries: Iterable[EntryPoint] | None = None, media: Admission | None = None
    ) -> None:
        self.config = config
        self.media = media or Admission(config.media)
        self.host = PluginHost(config, Scope.KERNEL, entries)
        self.host.load()
        self.pool = Pool(config, self.host)
        self.pipeline = Pipeline(self.host, self.pool, self.media)
        self.authenticator = choose_authenticator(config, self.host)
        self._started = time.time()

    @property
    def version(self) -> str:
        """The kernel's version."""
        return __version__

    @property
    def started(self) -> float:
        """When the kernel was put together, in seconds since the epoch."""
        return self._started

    def models(self) -> Sequence[ModelSpec]:
        """The models that are configured, in their order."""
        return self.pool.specs

    def resolve(self, name: str) -> ModelSpec:
        """The model that answers to this name or alias."""
        return self.pool.resolve(name)

    def health(self) -> Mapping[str, Health]:
        """The state of each model by name."""
        return self.pool.health()

    def info(self, name: str) -> ModelInfo | None:
        """What is known of a model, None while it is not loaded."""
        return self.pool.info(name)

    def abort(self, request_id: str, fault: Fault) -> bool:
        """End the run of the `Request` with this id; False when no such run is under way."""
        return self.pipeline.abort_one(request_id, fault)

    def fetch(self, source: str) -> AsyncGenerator[Progress, None]:
        """Download a model's files from its source; adds no model."""
        return fetch(source, self.host)


def choose_authenticator(config: Config, host: PluginHost) -> Authenticator:
    """The authenticator that ``[auth] use`` names; ``auto`` prefers one that turns strangers away.

    Without one, ``auto`` lets everybody in on a loopback address, and elsewhere only if ``[server]
    insecure`` says so in so many words. Raises `StartError`.
    """
    server, use = config.server, config.auth.use
    if use == "auto":
        chosen = _automatic(host)
    else:
        chosen = host.registries.auth.find(use, "[auth] use")
        if use == "keys" and not chosen.protects:
            raise StartError('[auth] use = "keys", but there is no key; make one: mlxkernel keys create NAME')
    if not chosen.protects and server.host not in LOOPBACK and not server.insecure:
        raise StartError(
            f"refusing to listen on {server.host} without keys: anyone who reaches it could use the models. "
            "Make a key (mlxkernel keys create NAME), or listen on 127.0.0.1, or say [server] insecure = true"
        )
    return chosen


def _automatic(host: PluginHost) -> Authenticator:
    registered = list(host.registries.auth.values())
    for authenticator in registered:
        if authenticator.protects:
            return authenticator
    for authenticator in registered:
        if authenticator.name == "open":
            return authenticator
    raise ConfigError(
        "no plugin brings the authenticator 'open'; enable the plugin auth-keys, or set [auth] use"
    )
