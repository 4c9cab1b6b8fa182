"""Results: what was run with which client, as docs/clients/results.json keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

FILE = Path(__file__).parents[2] / "docs" / "clients" / "results.json"


class Check(Struct, frozen=True, omit_defaults=True):
    """One check; `detail` says what was wrong."""

    check: str
    ok: bool
    detail: str = ""


class Client(Struct, frozen=True):
    """A client as it was run: its packages as ``name version``, and its checks."""

    title: str
    packages: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check was right, and there was one."""
        return bool(self.checks) and all(check.ok for check in self.checks)


class Results(Struct, frozen=True):
    """All clients by the name of their folder."""

    clients: dict[str, Client]


def read() -> Results:
    """What was kept; nothing if there is no file yet."""
    return msgspec.json.decode(FILE.read_bytes(), type=Results) if FILE.exists() else Results({})


def keep(name: str, client: Client) -> None:
    """Keep this client's results beside those of the others."""
    clients = {**read().clients, name: client}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    ordered = Results(dict(sorted(clients.items())))
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=1) + b"\n")
