"""Origins: the hosts and ports that pictures may be fetched from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from mlxkernel.media.addresses import Address, Network, is_public, literal

DEFAULT_PORTS = {"http": 80, "https": 443}

_ENTRY = re.compile(
    r"(?P<host>\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)


class Origin(Struct, frozen=True):
    """One entry of ``allowed_hosts``; a port of None is that of the URL's scheme."""

    host: str
    port: int | None = None
    address: Address | None = None

    def matches(self, scheme: str, host: str, address: Address | None, port: int) -> bool:
        """Whether the entry covers this origin; `address` is the host's when it is written as one."""
        if port != (DEFAULT_PORTS[scheme] if self.port is None else self.port):
            return False
        if self.address is not None:
            return self.address == address
        if self.host == "*":
            return True
        if self.host.startswith("*."):
            return address is None and host.endswith(self.host[1:])
        return host == self.host


def origin(entry: str) -> Origin:
    """An entry as it stands in the configuration. Raises `ValueError`."""
    parts = _ENTRY.fullmatch(entry)
    if parts is None:
        raise ValueError(f"'{entry}' is no host: write example.org, *.example.org, 127.0.0.1:9000 or *")
    port = None if parts["port"] is None else int(parts["port"])
    if port is not None and not 0 < port < 65536:
        raise ValueError(f"'{entry}' names no port between 1 and 65535")
    host = parts["host"].lower().strip("[]")
    try:
        address = None if "*" in host else literal(host)
    except ValueError:
        raise ValueError(f"'{entry}' is no host: write addresses as 127.0.0.1 or [::1]") from None
    return Origin(host, port, address)


class Origins:
    """The hosts and networks that the operator allows."""

    def __init__(self, hosts: Sequence[Origin], networks: Sequence[Network]) -> None:
        self._hosts = tuple(hosts)
        self._networks = tuple(networks)

    def admits(self, scheme: str, host: str, address: Address | None, port: int) -> bool:
        """Whether a URL with this origin may be fetched; its addresses are a question of their own."""
        return any(entry.matches(scheme, host, address, port) for entry in self._hosts)

    def reaches(self, scheme: str, address: Address, port: int, literally: bool) -> bool:
        """Whether a connection to this address may be made, for a URL that `admits` has let through.

        `literally` is whether the URL's host was this address: then an entry that names it is enough.
        """
        if is_public(address) or any(address in network for network in self._networks):
            return True
        return literally and any(
            entry.address is not None and entry.matches(scheme, str(address), address, port)
            for entry in self._hosts
        )
