"""``mlxkernel keys``: make, list and revoke keys. A running server notices by itself."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from mlxkernel.errors import StartError
from mlxkernel_plugins.auth_keys.entries import Entry, hash_of, new_key
from mlxkernel_plugins.auth_keys.keyring import Keyring, keyring_path

keys = typer.Typer(no_args_is_help=True, help="API keys: make, list and revoke them.")

FileOption = Annotated[
    Path | None,
    typer.Option("--file", help="The file of keys, if [plugins.auth-keys] names another than the usual one."),
]


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is; logs show it.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may be used for; may be repeated.")] = None,
    file: FileOption = None,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    keyring = _keyring(file)
    key = new_key()
    scopes = scope or ["inference"]
    created = datetime.now(timezone.utc).replace(microsecond=0)
    try:
        table = {"name": name, "hash": hash_of(key), "scopes": scopes, "created": created}
        entry = msgspec.convert(table, Entry)
    except msgspec.ValidationError:
        raise StartError(
            f"a key cannot be named '{name}' with the scopes {', '.join(scopes)}: a name is up to 64 "
            "letters, digits and . _ @ - and begins with a letter or digit, a scope is a word in lower case"
        ) from None
    keyring.change(lambda entries: _with(entries, entry, keyring.path))
    typer.echo(f"The key '{name}' is made. It is shown this once; keep it where it is safe:", err=True)
    typer.echo(key)


@keys.command("list")
def list_keys(file: FileOption = None) -> None:
    """List the keys: names, scopes and when they were made."""
    keyring = _keyring(file)
    entries = keyring.entries()
    if not entries:
        typer.echo(f"There are no keys in {keyring.path}; make one: mlxkernel keys create NAME", err=True)
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        created = entry.created.isoformat() if entry.created else "unknown"
        typer.echo(f"{entry.name:<{width}}  {created}  {' '.join(entry.scopes)}")


@keys.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name.")],
    file: FileOption = None,
) -> None:
    """Revoke a key: it is refused from the next request on."""
    keyring = _keyring(file)
    keyring.change(lambda entries: _without(entries, name, keyring.path))
    typer.echo(f"The key '{name}' is revoked.", err=True)


def _keyring(file: Path | None) -> Keyring:
    return Keyring(keyring_path(str(file) if file else None))


def _with(entries: tuple[Entry, ...], entry: Entry, path: Path) -> tuple[Entry, ...]:
    if any(old.name == entry.name for old in entries):
        raise StartError(
            f"there is a key named '{entry.name}' in {path} already; "
            f"revoke it first (mlxkernel keys revoke {entry.name}) or choose another name"
        )
    return (*entries, entry)


def _without(entries: tuple[Entry, ...], name: str, path: Path) -> tuple[Entry, ...]:
    rest = tuple(entry for entry in entries if entry.name != name)
    if len(rest) == len(entries):
        known = ", ".join(entry.name for entry in entries) or "none"
        raise StartError(f"there is no key named '{name}' in {path}; known: {known}")
    return rest
