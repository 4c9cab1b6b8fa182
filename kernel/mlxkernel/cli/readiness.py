"""What `serve` tells while it starts: where it listens, and how far its models are."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

import msgspec

from mlxkernel.api import Dialect, Health
from mlxkernel.server import Server

logger = logging.getLogger("mlxkernel.serve")

States: TypeAlias = Callable[[], Mapping[str, Health]]

REFRESH = 0.1
"""Seconds between two looks at the models' states."""

_SETTLED = ("ready", "dead", "draining")
_LOADING = ("starting", "loading")


def announce(server: Server) -> None:
    """Say where the server listens: to people on stderr, to a program on stdout as one line of JSON."""
    apis = server.kernel.host.registries.dialects.values()
    where = ", ".join(f"{api.name} at {server.url}{base_path(api)}" for api in apis) or server.url
    names = ", ".join(spec.name for spec in server.kernel.models())
    logger.info("mlxkernel %s serves %s (%s); Ctrl-C stops it", server.kernel.version, names, where)
    if not sys.stdout.isatty():
        ready = {"event": "ready", "url": server.url, "port": server.port, "pid": os.getpid()}
        print(msgspec.json.encode(ready).decode(), flush=True)


def base_path(api: Dialect) -> str:
    """The path of the URL that clients of a dialect are configured with."""
    path: str = getattr(api, "base", api.prefix)
    return path


def loading(states: Mapping[str, Health]) -> set[str]:
    """The models that are on their way to memory."""
    return {name for name, health in states.items() if health.state in _LOADING}


async def show_loads(states: States, names: Collection[str]) -> None:
    """Show the progress of these models until each is ready or given up: bars on a terminal, else lines."""
    if not names:
        return
    if sys.stderr.isatty():
        await _show_bars(states, names)
    else:
        await _log_stages(states, names)


async def _show_bars(states: States, names: Collection[str]) -> None:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from mlxkernel.cli.terminal import messages

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages(), transient=True) as progress:
        bars = {name: progress.add_task(f"{name}: starting", total=1.0) for name in names}
        while pending := _pending(states(), names):
            for name, health in pending.items():
                stage = health.stage or health.state
                # A stage without a fraction pulses.
                total = None if health.progress is None else 1.0
                progress.update(
                    bars[name], description=f"{name}: {stage}", total=total, completed=health.progress or 0.0
                )
            for name in bars.keys() - pending.keys():
                progress.update(bars[name], visible=False)
            await asyncio.sleep(REFRESH)


async def _log_stages(states: States, names: Collection[str]) -> None:
    told: dict[str, tuple[str, int]] = {}
    while pending := _pending(states(), names):
        for name, health in pending.items():
            tenths = int((health.progress or 0.0) * 10)
            step = (health.stage or health.state, tenths)
            if health.stage is not None and told.get(name) != step:
                told[name] = step
                logger.info("model '%s': %s %d %%", name, health.stage, tenths * 10)
        await asyncio.sleep(REFRESH)


def _pending(states: Mapping[str, Health], names: Collection[str]) -> dict[str, Health]:
    return {name: states[name] for name in names if states[name].state not in _SETTLED}
