"""Routes: every path that the server answers, with its dialect and the plugin that brought it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from mlxkernel.api import Description, Dialect, Endpoint, Operation, Route
from mlxkernel.errors import PluginError
from mlxkernel.host import PluginHost

OPENAPI_PATH = "/openapi.json"
HEALTH_PATH = "/health"
"""The only route that needs no key."""

_ARGUMENT = re.compile(r"<(?:path:)?([^>]+)>")


class Entry(Struct, frozen=True):
    """One route. `plugin` and `distribution` name its owner; `open` routes need no key."""

    method: str
    path: str
    dialect: str
    plugin: str
    distribution: str
    generates: bool = False
    open: bool = False
    description: Description | None = None


class Served(Struct, frozen=True):
    """A route of a plugin, with what runs it."""

    entry: Entry
    dialect: Dialect
    route: Route


OWN: tuple[Entry, ...] = (
    Entry(
        "GET",
        HEALTH_PATH,
        "",
        "",
        "mlxkernel",
        open=True,
        description=Description(summary="The state of the server and of each model"),
    ),
    Entry(
        "GET",
        OPENAPI_PATH,
        "",
        "",
        "mlxkernel",
        description=Description(summary="This API as an OpenAPI document"),
    ),
)
"""The kernel's own routes."""


def served(host: PluginHost) -> Sequence[Served]:
    """The routes of all dialects, in their order. Raises `PluginError` when two claim one path and method."""
    found: list[Served] = []
    owners: dict[tuple[str, str], Entry] = {_key(entry): entry for entry in OWN}
    for name, dialect in host.registries.dialects.items():
        owner = host.registries.dialects.owner(name)
        for route in dialect.routes():
            entry = Entry(
                route.method,
                route.path,
                name,
                owner.name,
                owner.distribution,
                generates=not isinstance(route, Endpoint),
                description=described(route),
            )
            rival = owners.setdefault(_key(entry), entry)
            if rival is not entry:
                raise PluginError(
                    f"{entry.method} {entry.path} is claimed by {_owner(rival)} and by {_owner(entry)}; "
                    f"disable one of them ([kernel] disabled)"
                )
            found.append(Served(entry, dialect, route))
    return found


def described(route: Operation | Endpoint) -> Description | None:
    """What the route says of itself; None for one that says nothing."""
    description: object = getattr(route, "description", None)
    return description if isinstance(description, Description) else None


def arguments(path: str) -> list[str]:
    """The names of the path's arguments, in their order."""
    return _ARGUMENT.findall(path)


def template(path: str) -> str:
    """The path as a URI template: ``/v1/models/{id}``."""
    return _ARGUMENT.sub(r"{\1}", path)


def _key(entry: Entry) -> tuple[str, str]:
    return entry.method, _ARGUMENT.sub("<>", entry.path)


def _owner(entry: Entry) -> str:
    return f"{entry.distribution} (plugin {entry.plugin})" if entry.plugin else "the kernel"
