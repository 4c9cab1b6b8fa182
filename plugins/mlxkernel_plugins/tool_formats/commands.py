"""``mlxkernel tools``: which tool formats there are, and what a text means in one of them."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import msgspec
import tomli
import typer
from msgspec import Struct

from mlxkernel.errors import ConfigError, StartError
from mlxkernel.formats import Arguments, Closed, Format, Opened, Piece, Said, Shape
from mlxkernel_plugins.tool_formats.table import FORMATS

tools = typer.Typer(no_args_is_help=True, help="Tool formats: list them, and try one on a text.")

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="A mlx.toml whose tool_formats are known too."),
]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]


class Text(Struct, frozen=True, tag="text", tag_field="kind"):
    """Words between calls."""

    text: str


class Call(Struct, frozen=True, tag="call", tag_field="kind"):
    """A call as it was understood; `whole` is false when it was malformed or broke off."""

    name: str
    arguments: str
    whole: bool


@tools.callback()
def _group() -> None:
    """Tool formats: list them, and try one on a text."""


@tools.command("list")
def list_formats(config: ConfigFile = None) -> None:
    """List the tool formats and the model types that use them."""
    known = _formats(config)
    width = max(map(len, known))
    for name, format in known.items():
        typer.echo(f"{name:<{width}}  {' '.join(format.model_types)}".rstrip())


@tools.command("try")
def try_format(
    name: Annotated[str, typer.Argument(metavar="FORMAT", help="The format's name.")],
    file: Annotated[Path, typer.Argument(help="The text as a model wrote it; - reads standard input.")],
    config: ConfigFile = None,
    as_json: JsonLines = False,
) -> None:
    """Show what a text means in a format, with every name taken for a tool's. Exit code 1 without a call."""
    known = _formats(config)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "see mlxkernel tools list"
        raise StartError(f"there is no tool format '{name}'; {hint}")
    found = understood(known[name].read(_text(file)))
    for part in found:
        typer.echo(msgspec.json.encode(part).decode() if as_json else _shown(part))
    if not any(isinstance(part, Call) for part in found):
        typer.echo(f"The text holds no call in the format '{name}'.", err=True)
        raise typer.Exit(1)


def understood(pieces: list[Piece]) -> list[Text | Call]:
    """Words and calls, in order, from the pieces of a text."""
    found: list[Text | Call] = []
    name, arguments = "", ""
    for piece in pieces:
        match piece:
            case Said(text):
                found.append(Text(text))
            case Opened(name, _):
                arguments = ""
            case Arguments(text):
                arguments += text
            case Closed(whole):
                found.append(Call(name, arguments or "{}", whole))
    return found


def _shown(part: Text | Call) -> str:
    match part:
        case Text(text):
            return f"text  {text!r}"
        case Call(name, arguments, whole):
            return f"call  {name} {arguments}{'' if whole else '  (malformed or cut off)'}"


def _formats(config: Path | None) -> dict[str, Format]:
    """The built-in formats, and those of a mlx.toml. Raises `ConfigError` when it cannot be read."""
    known = {format.name: format for format in FORMATS}
    if config is None:
        return known
    try:
        tables = tomli.loads(config.read_text(encoding="utf-8")).get("tool_formats", {})
        shapes = msgspec.convert(tables, dict[str, Shape])
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{config}: its [tool_formats] cannot be read: {error}") from None
    return known | {name: Format(name=name, shape=shape) for name, shape in shapes.items()}


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{file}: cannot be read: {error}") from None
