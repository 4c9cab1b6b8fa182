"""Which addresses a fetch may go to, and which hosts are written as one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mlxkernel.media.addresses import is_public, literal


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1", "2a00::1"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["", "a..b", "a%20b", "%5b", "::1::", "a b", "a/b", "ä"])
def test_neither(host: str) -> None:
    with pytest.raises(ValueError):
        literal(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1"])
def test_an_address(host: str) -> None:
    assert literal(host) == ip_address(host)


@pytest.mark.parametrize("host", ["example.org", "1.example.org", "3com.com", "0xff.example", "a", "x_y-z"])
def test_a_name(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "127.0.0.1.",
        "1.2.3.4.5",
        "256.1.1.1",
        "a.0x",
    ],
)
def test_an_address_in_disguise(host: str) -> None:
    with pytest.raises(ValueError):
        literal(host)
