"""Addresses: which of them belong to the public internet, and which hosts are written as one.

The lists follow IANA's registries of special-purpose addresses (RFC 6890 and its updates). The standard
library's `is_global` is not used: what it answers has changed between releases of Python.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

_GLOBAL_V6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out; outside are loopback, mapped IPv4, NAT64, local and multicast."""

_SPECIAL_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo, which holds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)

_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


def is_public(address: Address) -> bool:
    """Whether the address belongs to a host on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    # A zone (fe80::1%eth0) is part of addresses that are only good on this machine's own links.
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    return not any(address in network for network in _SPECIAL_V6)


def literal(host: str) -> Address | None:
    """The address that a URL's host is, None for a name. The host is in lower case.

    Raises `ValueError` for what is neither, and for a host whose last label is a number and which is no plain
    IPv4 address: C libraries read ``2130706433``, ``0x7f.1``, ``0177.0.0.1`` and ``127.1`` as addresses too.
    """
    try:
        return ip_address(host)
    except ValueError:
        if _ends_in_number(host) or not _NAME.fullmatch(host):
            raise
        return None


def _ends_in_number(host: str) -> bool:
    """As the URL Standard has it (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    if last.startswith("0x"):
        return all(digit in "0123456789abcdef" for digit in last[2:])
    return last.isdigit()
