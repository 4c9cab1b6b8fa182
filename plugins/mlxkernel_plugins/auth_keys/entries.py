"""Keys and what is kept of them.

A key is 256 random bits, so a plain SHA-256 keeps it safe at rest: there is nothing to guess faster.
The slow hashes that passwords need would only make every request slow.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

PREFIX = "mlxk-"
"""How every key begins, so that people and secret scanners recognise one."""

Name: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")]
Hash: TypeAlias = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Scope: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_:-]{0,63}\Z")]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key by its name and hash; the key itself is nowhere. `created` is when it was made, in UTC."""

    name: Name
    hash: Hash
    scopes: tuple[Scope, ...] = ("inference",)
    created: datetime | None = None


def new_key() -> str:
    """A key that did not exist before."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """What is kept of a key."""
    # Header bytes that are no text arrive as surrogates; no key holds any, but they must hash.
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def find(key: str, entries: Iterable[Entry]) -> Entry | None:
    """The entry of this key. Takes equally long whichever entry it is, and if it is none."""
    given = hash_of(key).encode()
    found: Entry | None = None
    for entry in entries:
        if hmac.compare_digest(given, entry.hash.encode()):
            found = entry
    return found
