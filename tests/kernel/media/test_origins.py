"""The entries of [media] allowed_hosts and allowed_networks."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from mlxkernel.media.addresses import literal
from mlxkernel.media.origins import Origins, origin


def admits(entry: str, host: str, port: int, scheme: str = "http") -> bool:
    return Origins([origin(entry)], []).admits(scheme, host, literal(host), port)


@pytest.mark.parametrize(
    ("entry", "host", "port", "scheme"),
    [
        ("*", "example.org", 80, "http"),
        ("*", "example.org", 443, "https"),
        ("*", "8.8.8.8", 80, "http"),
        ("*:8080", "example.org", 8080, "http"),
        ("Example.org", "example.org", 443, "https"),
        ("*.example.org", "a.b.example.org", 80, "http"),
        ("127.0.0.1:9000", "127.0.0.1", 9000, "http"),
        ("[::1]:9000", "::1", 9000, "http"),
        ("[0:0::1]", "::1", 80, "http"),
    ],
)
def test_what_an_entry_covers(entry: str, host: str, port: int, scheme: str) -> None:
    assert admits(entry, host, port, scheme)


@pytest.mark.parametrize(
    ("entry", "host", "port", "scheme"),
    [
        ("*", "example.org", 8080, "http"),
        ("*", "example.org", 443, "http"),
        ("*", "example.org", 80, "https"),
        ("example.org", "www.example.org", 80, "http"),
        ("*.example.org", "example.org", 80, "http"),
        ("*.example.org", "badexample.org", 80, "http"),
        ("127.0.0.1:9000", "127.0.0.1", 80, "http"),
        ("127.0.0.1:9000", "127.0.0.2", 9000, "http"),
        ("127.0.0.1:9000", "localhost", 9000, "http"),
    ],
)
def test_what_an_entry_does_not_cover(entry: str, host: str, port: int, scheme: str) -> None:
    assert not admits(entry, host, port, scheme)


def reaches(hosts: list[str], networks: list[str], address: str, port: int, literally: bool) -> bool:
    origins = Origins([origin(host) for host in hosts], [ip_network(network) for network in networks])
    return origins.reaches("http", ip_address(address), port, literally)


def test_a_private_address_needs_an_entry_of_its_own_or_a_network() -> None:
    hosts = ["*", "*:8080", "127.0.0.1:9000"]
    assert reaches(hosts, [], "127.0.0.1", 9000, literally=True)
    assert not reaches(hosts, [], "127.0.0.1", 9000, literally=False)
    assert not reaches(hosts, [], "127.0.0.1", 80, literally=True)
    assert not reaches(hosts, [], "127.0.0.1", 8080, literally=True)
    assert reaches(["*"], ["127.0.0.0/8"], "127.0.0.1", 80, literally=False)
    assert reaches([], [], "8.8.8.8", 80, literally=False)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "'' is no host: write example.org, *.example.org, 127.0.0.1:9000 or *"),
        ("http://a", "'http://a' is no host: write example.org, *.example.org, 127.0.0.1:9000 or *"),
        ("a:0", "'a:0' names no port between 1 and 65535"),
        ("a:70000", "'a:70000' names no port between 1 and 65535"),
        ("127.1", "'127.1' is no host: write addresses as 127.0.0.1 or [::1]"),
        ("[::1", "'[::1' is no host: write example.org, *.example.org, 127.0.0.1:9000 or *"),
    ],
)
def test_what_is_no_entry(entry: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        origin(entry)
    assert str(caught.value) == words
