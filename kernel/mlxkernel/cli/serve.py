"""``mlxkernel serve``: the server, from its options to its last answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from mlxkernel.api import ModelSpec
from mlxkernel.cli.backend import Backend, Probe, look, missing
from mlxkernel.cli.options import DEFAULT_FILE, ConfigOption, SettingsOption, configure_log, settings
from mlxkernel.config import Config, load_config
from mlxkernel.errors import ConfigError, MissingDependency, StartError
from mlxkernel.messages import Json

if TYPE_CHECKING:
    from mlxkernel.server import Server

LOAD_CHECK = 0.5
"""Seconds between two looks at whether a request made another model load."""

PARENT_CHECK = 1.0
"""Seconds between two looks at whether the parent process still runs."""


def serve(
    file: ConfigOption = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="MODEL",
            help="Serve this model first: bundled:tiny, a folder, or a hub id.",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on (127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port (8000); 0 takes a free one.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without keys.")
    ] = False,
    strict_plugins: Annotated[
        bool, typer.Option("--strict-plugins", help="Do not start with a broken plugin.")
    ] = False,
    with_parent: Annotated[
        bool,
        typer.Option("--exit-with-parent", help="Stop when the program that started this one has ended."),
    ] = False,
    pairs: SettingsOption = None,
) -> None:
    """Serve models over HTTP until Ctrl-C or SIGTERM; running answers are finished first."""
    # Taken first: a parent that ends while this program starts must be missed as well.
    parent = os.getppid() if with_parent else None
    flags: dict[str, Json] = {
        "server.host": host,
        "server.port": port,
        "server.insecure": insecure or None,
        "kernel.strict_plugins": strict_plugins or None,
        "log.level": log_level,
    }
    flags = {**settings(pairs), **{key: value for key, value in flags.items() if value is not None}}
    if file is None and model is None and DEFAULT_FILE.is_file():
        file = DEFAULT_FILE
    config = load_config(file, flags=flags)
    if model is not None:
        config = with_first(config, model)
    if not config.models:
        raise ConfigError(
            "there is no model to serve; name one (mlxkernel serve -m bundled:tiny) "
            "or a configuration (mlxkernel serve -c mlx.toml)"
        )
    _run(config, next(iter(config.models)) if model is not None else None, parent)


def with_first(config: Config, model: str) -> Config:
    """The configuration with this model in front and loaded at the start.

    `model` is the name of one that is configured, or a source; a source is named after its last part,
    a hub id after itself. Raises `ConfigError` when that name means another model already.
    """
    known = {
        alias: spec for spec in config.models.values() for alias in (spec.name, spec.source, *spec.aliases)
    }
    spec = known.get(model)
    if spec is None:
        spec = ModelSpec(name=_name_of(model), source=model)
        if spec.name in known:
            raise ConfigError(
                f"option --model: '{spec.name}' already means {known[spec.name].source}; "
                f'add a table [models.<name>] with source = "{model}" to the configuration, and name that'
            )
    first = {spec.name: replace(spec, preload=True)}
    return replace(config, models={**first, **{n: s for n, s in config.models.items() if n != spec.name}})


def _name_of(source: str) -> str:
    path = Path(source).expanduser()
    if source.startswith((".", "/", "~")) or path.is_dir():
        return path.resolve().name or source
    return source.removeprefix("bundled:")


def _run(config: Config, wanted: str | None, parent: int | None) -> None:
    """Look for MLX, bind, serve. Without the model `wanted`, or the process `parent`, there is no point."""
    configure_log(config.log.level)
    backend = needs_mlx(config)
    if backend:
        _raise_missing(look())
    from mlxkernel.kernel import Kernel
    from mlxkernel.server import bind, serve

    kernel = Kernel(config)
    watch = Watch(wanted, backend, parent)
    try:
        asyncio.run(serve(kernel, bind(config.server), watch.begin))
    except KeyboardInterrupt:  # the signal came before the server had its own handler
        raise typer.Exit(130) from None
    if watch.fault is not None:
        raise watch.fault


def needs_mlx(config: Config) -> bool:
    """Whether a model may need MLX: one whose engine a plugin named otherwise may not."""
    engines = [spec.engine for spec in config.models.values()]
    return any(engine == "auto" or engine.startswith("mlx-") for engine in engines)


def _raise_missing(backend: Backend) -> None:
    fault = missing(backend)
    if fault is not None:
        raise MissingDependency(f"{fault[0]}; mend it: {fault[1]}")


class Watch:
    """What goes on beside the server: the ready line, the progress of loads, the parent's life.

    `fault` is what made it stop the server: the `wanted` model cannot be loaded, or none can, because
    MLX (if the models need `backend`) is there and does not work.
    """

    def __init__(self, wanted: str | None, backend: bool, parent: int | None) -> None:
        self.fault: StartError | None = None
        self._wanted = wanted
        self._backend = backend
        self._parent = parent
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, server: Server) -> None:
        """Called by the server when it accepts connections."""
        from mlxkernel.cli import readiness

        readiness.announce(server)
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self._loads(server)))
        if self._parent is not None:
            self._tasks.append(loop.create_task(self._follow(server, self._parent)))

    async def _loads(self, server: Server) -> None:
        from mlxkernel.cli import readiness

        states = server.kernel.health
        begun = {spec.name for spec in server.kernel.models() if spec.preload}
        judged: set[str] = set()
        while True:
            await readiness.show_loads(states, begun)
            dead = {name for name, health in states().items() if health.state == "dead"}
            await self._judge(server, dead - judged)
            judged |= dead
            await asyncio.sleep(LOAD_CHECK)
            begun = readiness.loading(states())

    async def _judge(self, server: Server, dead: set[str]) -> None:
        """Stop the server if these failures leave it without a use."""
        try:
            if dead and self._backend:
                _raise_missing(await asyncio.to_thread(Probe().result))
            if self._wanted in dead:
                reason = server.kernel.health()[self._wanted].reason
                raise StartError(f"model '{self._wanted}' cannot be loaded: {reason}")
        except StartError as error:
            self.fault = error
            server.stop_now()

    async def _follow(self, server: Server, parent: int) -> None:
        while os.getppid() == parent:
            await asyncio.sleep(PARENT_CHECK)
        await server.stop()
