"""Who may use the server: everyone (`open`), or who holds a key (`keys`).

What lives here: the keys, the file that keeps their hashes, the two authenticators and the commands
``mlxkernel keys``. What does not: the choice between the authenticators, which is ``[auth] use``.

    [plugins.auth-keys]
    file = "/etc/mlxkernel/keys.toml"

    [[plugins.auth-keys.keys]]      # keys may also stand here instead of in the file
    name = "laptop"
    hash = "sha256:…"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from mlxkernel import hookimpl
from mlxkernel.api import Authenticator
from mlxkernel_plugins.auth_keys.authenticators import Keys, Open
from mlxkernel_plugins.auth_keys.entries import Entry
from mlxkernel_plugins.auth_keys.keyring import Keyring, keyring_path

if TYPE_CHECKING:
    import typer

__all__ = ["Config", "Keys", "Open", "mlxkernel_register_auth", "mlxkernel_register_commands"]


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[plugins.auth-keys]`: where the keys' hashes are.

    `file` is the file that ``mlxkernel keys`` writes (None: keys.toml in the user's configuration
    folder), `keys` are more entries of the same form.
    """

    file: str | None = None
    keys: tuple[Entry, ...] = ()


@hookimpl
def mlxkernel_register_auth(config: Config) -> Sequence[Authenticator]:
    """Both authenticators. Raises `ConfigError` when the keys cannot be trusted: auth fails closed."""
    keyring = Keyring(keyring_path(config.file), config.keys)
    keyring.entries()
    return [Open(), Keys(keyring)]


@hookimpl
def mlxkernel_register_commands(cli: typer.Typer) -> None:
    """Adds ``keys create``, ``keys list`` and ``keys revoke``."""
    from mlxkernel_plugins.auth_keys.commands import keys

    cli.add_typer(keys, name="keys")
