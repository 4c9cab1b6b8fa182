"""The keyring: the file of key hashes, read when it changes and replaced as a whole when written."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec
import tomli
from msgspec import Struct

from mlxkernel.errors import ConfigError
from mlxkernel_plugins.auth_keys.entries import Entry

_HEADER = """\
# Hashes of the keys that may use this server; written by 'mlxkernel keys'.
# The keys themselves are not here, and cannot be had from here.
"""

Signature: TypeAlias = tuple[int, int, int, int, int]


class KeyFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content."""

    keys: tuple[Entry, ...] = ()


def keyring_path(configured: str | None) -> Path:
    """The configured file, or keys.toml where this platform keeps a user's configuration."""
    if configured:
        return Path(configured).expanduser()
    if sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "mlxkernel" / "keys.toml"


class Keyring:
    """The entries of one file, and some that are fixed. A file that is absent has none."""

    def __init__(self, path: Path, fixed: Sequence[Entry] = ()) -> None:
        self.path = path
        self._fixed = tuple(fixed)
        self._signature: Signature | None = None
        self._entries: tuple[Entry, ...] | None = None

    def entries(self) -> tuple[Entry, ...]:
        """All entries as they are now; the file is read again only when it has changed.

        Raises `ConfigError` when the file cannot be read, understood or trusted.
        """
        signature = self._sign()
        if self._entries is None or signature != self._signature:
            # A reading that fails raises each time anew: the entries before may have been revoked.
            entries = (*self._fixed, *self._read(signature))
            _check_names(entries, self.path)
            self._entries, self._signature = entries, signature
        return self._entries

    def change(self, edit: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> None:
        """Replace the file's entries by what `edit` makes of them; no other writer comes between.

        Raises `ConfigError` when the file cannot be read or written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self.path.parent):
                entries = edit(self._read(self._sign()))
                _check_names((*self._fixed, *entries), self.path)
                self._replace(entries)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be written: {error.strerror}") from None

    def _sign(self) -> Signature | None:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be read: {error.strerror}") from None
        return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_mode)

    def _read(self, signature: Signature | None) -> tuple[Entry, ...]:
        if signature is None:
            return ()
        mode = stat.S_IMODE(signature[4])
        if mode & 0o077:
            raise ConfigError(
                f"{self.path}: others than its owner have access to it (mode {mode:04o}); "
                f"mend it with: chmod 600 '{self.path}'"
            )
        try:
            tables = tomli.loads(self.path.read_text(encoding="utf-8"))
            return msgspec.convert(tables, KeyFile).keys
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be read: {error.strerror}") from None
        except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: not valid TOML: {error}") from None
        except msgspec.ValidationError as error:
            raise ConfigError(f"{self.path}: not a file of keys: {error}") from None

    def _replace(self, entries: Sequence[Entry]) -> None:
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(_HEADER + "".join(_table(entry) for entry in entries))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise


def _table(entry: Entry) -> str:
    # Names, hashes and scopes are of a few plain characters (`Entry`), so nothing needs escaping.
    scopes = ", ".join(f'"{scope}"' for scope in entry.scopes)
    created = f"created = {entry.created.isoformat()}\n" if entry.created else ""
    return f'\n[[keys]]\nname = "{entry.name}"\nhash = "{entry.hash}"\nscopes = [{scopes}]\n{created}'


def _check_names(entries: Sequence[Entry], path: Path) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            raise ConfigError(
                f"{path}: there are two keys named '{entry.name}'; each needs a name of its own"
            )
        seen.add(entry.name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
