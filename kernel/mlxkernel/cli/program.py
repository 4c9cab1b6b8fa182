"""The program: all commands under one name, and what the terminal is told when one of them fails."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from mlxkernel.cli import (
    ask,
    chat,
    config,
    doctor,
    download,
    inspector,
    models,
    plugins,
    routes,
    serve,
    version,
    worker,
)
from mlxkernel.errors import MlxKernelError

NAME = "mlxkernel"
HELP = "An inference server for MLX models, built as a plugin microkernel."
DEBUG = "--debug"

BUILTIN = (
    "ask",
    "chat",
    "config",
    "doctor",
    "download",
    "inspector",
    "models",
    "plugins",
    "routes",
    "serve",
    "version",
    "worker",
)
"""Commands that do without the plugins' own; only other words make the plugins' modules load."""


def build() -> typer.Typer:
    """The program with the built-in commands."""
    program = typer.Typer(
        name=NAME, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    program.callback()(_options)
    program.command("serve")(serve.serve)
    program.command("chat")(chat.chat)
    program.command("ask")(ask.ask)
    program.command("models")(models.models)
    program.add_typer(plugins.group, name="plugins")
    program.command("routes")(routes.routes)
    program.add_typer(config.group, name="config")
    program.command("doctor")(doctor.doctor)
    program.command("version")(version.version)
    program.command("worker", hidden=True)(worker.worker)
    program.command("inspector", hidden=True)(inspector.inspector)
    program.command("download", hidden=True)(download.download)
    return program


def _options(
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Options of the program itself."""


def run(arguments: list[str]) -> int:
    """Run one command line. Returns the exit code; errors are one line on stderr."""
    debug = DEBUG in arguments
    rest = [argument for argument in arguments if argument != DEBUG]
    try:
        program = build()
        if not rest or rest[0] not in BUILTIN:
            _add_plugin_commands(program)
        code = program(rest or ["--help"], prog_name=NAME, standalone_mode=False)
    except typer.TyperException as error:
        return _usage(error)
    except MlxKernelError as error:
        return _failed(error, str(error), debug)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:  # the last guard: a defect of ours is said to be one
        return _failed(error, _defect(error), debug)
    return code if isinstance(code, int) else 0


def _add_plugin_commands(program: typer.Typer) -> None:
    """Let the installed plugins add theirs; a broken plugin must not take ``--help`` away."""
    from mlxkernel.config import Config
    from mlxkernel.host import PluginHost, Scope

    try:
        PluginHost(Config(), Scope.KERNEL).load_commands(program)
    except MlxKernelError as error:
        print(f"{NAME}: {error}", file=sys.stderr)


def _usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return 2
    path = context.command_path if context is not None else NAME
    message = " ".join(error.format_message().split())
    hint = f" (see {path} --help)" if context is not None else ""
    print(f"{path}: {message}{hint}", file=sys.stderr)
    return int(getattr(error, "exit_code", 2))


def _failed(error: BaseException, line: str, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    print(f"{NAME}: {line}", file=sys.stderr)
    return 1


def _defect(error: BaseException) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"this is a defect of mlxkernel ({what}); run the same command with {DEBUG} "
        f"and report what it prints, together with the output of '{NAME} version'"
    )
