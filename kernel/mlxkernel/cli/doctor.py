"""``mlxkernel doctor``: looks at everything that a server needs, and says how to mend what is missing."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import typer
from msgspec import Struct

from mlxkernel.cli.options import ConfigOption, JsonOption, configuration, configuration_file
from mlxkernel.config import Config
from mlxkernel.errors import StartError

OLDEST_PYTHON = (3, 10)


class Finding(Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at. `mend` is what to do about it; None when it is well."""

    subject: str
    detail: str
    mend: str | None = None


def doctor(file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check Python, MLX, packages, configuration, plugins, auth and port; exit code 1 if one is wrong."""
    findings = list(examine(file))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        _print(findings)
    if any(finding.mend for finding in findings):
        raise typer.Exit(1)


def examine(file: Path | None) -> Iterator[Finding]:
    """All findings, in the order in which a start meets them."""
    from mlxkernel.cli.backend import Probe

    probe = Probe()
    yield _python()
    yield _packages()
    yield from _mlx(probe)
    try:
        config = configuration(file)
    except StartError as error:
        yield Finding("configuration", str(error), "correct the line; mlxkernel config check looks again")
        return
    yield Finding("configuration", str(configuration_file(file) or "none, so everything has its default"))
    yield from _plugins(config)
    yield _port(config)


def _python() -> Finding:
    detail = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", detail, "install Python 3.10 or newer")
    return Finding("python", detail)


def _packages() -> Finding:
    from mlxkernel.cli.requirements import DISTRIBUTION, requirements, unmet

    faults = unmet()
    if faults:
        return Finding("packages", "; ".join(faults), f"pip install --upgrade {DISTRIBUTION}")
    return Finding("packages", f"{len(requirements())} requirements met")


def _mlx(probe: object) -> Iterator[Finding]:
    from mlxkernel.cli.backend import Probe, libraries, missing

    assert isinstance(probe, Probe)
    backend = probe.result()
    fault = missing(backend)
    yield Finding("mlx", *fault) if fault else Finding("mlx", f"{backend.mlx} on {backend.device}")
    owners = libraries()
    if owners and not owners[0].startswith("mlx-cuda"):
        cuda = next((name for name in owners if name.startswith("mlx-cuda")), None)
        if cuda is not None:
            yield Finding(
                "mlx library",
                f"{' and '.join(owners)} bring the same file, and it is that of {owners[0]}",
                f"pip install --force-reinstall --no-deps {cuda}",
            )


def _plugins(config: Config) -> Iterator[Finding]:
    from mlxkernel.host import PluginHost, Scope, State
    from mlxkernel.kernel import choose_authenticator

    host = PluginHost(config, Scope.KERNEL)
    try:
        host.load()
    except StartError as error:
        yield Finding("plugins", str(error), "mlxkernel plugins list shows them all")
        return
    broken = [plugin for plugin in host.plugins if plugin.state is State.BROKEN]
    for plugin in broken:
        mend = f"pip install --upgrade {plugin.distribution}"
        yield Finding(f"plugin {plugin.name}", plugin.fault or "broken", mend)
    if not broken:
        yield Finding("plugins", ", ".join(plugin.name for plugin in host.loaded) or "none")
    # The keys file, its rights among them, was read when its plugin registered.
    try:
        chosen = choose_authenticator(config, host)
    except StartError as error:
        yield Finding("auth", str(error), "mlxkernel keys create NAME")
        return
    who = "only who holds a key" if chosen.protects else "everyone who reaches it"
    yield Finding("auth", f"{chosen.name}: {who} may use the server")


def _port(config: Config) -> Finding:
    from mlxkernel.server import bind

    where = f"{config.server.host}:{config.server.port}"
    try:
        bind(config.server).close()
    except StartError as error:
        what, _, mend = str(error).partition("; ")
        return Finding("port", what, mend or "choose another with --port")
    return Finding("port", f"{where} is free")


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape

    from mlxkernel.cli.terminal import output, table

    shown = table("", "checked", "found")
    for finding in findings:
        mark = "[red]✗[/red]" if finding.mend else "[green]✓[/green]"
        detail = escape(finding.detail)
        if finding.mend:
            detail += f"\n[bold]mend:[/bold] {escape(finding.mend)}"
        shown.add_row(mark, escape(finding.subject), detail)
    output().print(shown)
