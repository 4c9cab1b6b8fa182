"""Fetching: every hop is checked, and the connection goes to the address that was."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from mlxkernel.media.addresses import Address
from mlxkernel.media.fetcher import Fetched, Fetcher
from mlxkernel.media.origins import Origins, origin
from mlxkernel.media.refusal import PictureRefused
from mlxkernel.media.settings import MediaConfig

PUBLIC = "93.184.216.34"


class Names:
    """A resolver with answers of its own; each call takes the next one of a name that has several."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name: list(several) for name, several in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        several = self.answers.get(host, [[]])
        return [ip_address(address) for address in (several.pop(0) if len(several) > 1 else several[0])]


Answer = Callable[[httpx.Request], httpx.Response]


class Web:
    """Answers requests in place of the network, and keeps them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def transport(self) -> httpx.AsyncBaseTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return self.answer(request)

        return httpx.MockTransport(handle)


def fetcher(
    web: Web | None,
    names: Names,
    hosts: Sequence[str] = ("*",),
    networks: Sequence[str] = (),
    **settings: Any,
) -> Fetcher:
    origins = Origins([origin(host) for host in hosts], [ip_network(network) for network in networks])
    config = MediaConfig(fetch=True, **settings)
    return Fetcher(config, origins, names, web.transport if web is not None else None)


async def fetched(fetcher: Fetcher, url: str) -> Fetched:
    return await fetcher.fetch(url, lambda size: None)


async def refused(fetcher: Fetcher, url: str) -> tuple[str, str]:
    with pytest.raises(PictureRefused) as caught:
        await fetched(fetcher, url)
    return caught.value.code, caught.value.message


def page(
    status: int = 200, content: bytes = b"picture", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return httpx.Response(status, content=content, headers={"content-type": "image/png", **(headers or {})})


def redirects(**targets: str) -> Answer:
    """A server that redirects from each of these hosts and answers on every other."""

    def answer(request: httpx.Request) -> httpx.Response:
        target = targets.get(request.headers["host"])
        return page() if target is None else httpx.Response(302, headers={"location": target})

    return answer


# --- the way of one request -------------------------------------------------------------------------------


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    web = Web(lambda request: page())
    names = Names(**{"example.org": [[PUBLIC], ["127.0.0.1"]]})
    got = await fetched(fetcher(web, names), "https://Example.org./a?b=1#c")
    assert got == Fetched(b"picture", "image/png")
    (request,) = web.requests
    assert str(request.url) == f"https://{PUBLIC}/a?b=1"
    assert request.headers["host"] == "example.org"
    assert request.extensions["sni_hostname"] == "example.org"
    assert request.headers["accept-encoding"] == "identity"
    assert "cookie" not in request.headers
    assert names.asked == ["example.org"]


async def test_a_port_of_its_own_is_part_of_the_host_header() -> None:
    web = Web(lambda request: page())
    await fetched(fetcher(web, Names(), ["[2606:4700::1]:8080"]), "http://[2606:4700::1]:8080/a")
    (request,) = web.requests
    assert str(request.url) == "http://[2606:4700::1]:8080/a"
    assert request.headers["host"] == "[2606:4700::1]:8080"


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout])
async def test_an_address_that_does_not_answer_gives_way_to_the_next(failure: type[Exception]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host != PUBLIC:
            raise failure("unreachable")
        assert request.extensions["timeout"] == {"connect": 2.0, "read": None, "write": None, "pool": None}
        return page()

    web = Web(answer)
    names = Names(**{"example.org": [["2606:4700::1", PUBLIC]]})
    got = await fetched(fetcher(web, names, fetch_timeout=6.0), "http://example.org/")
    assert got.data == b"picture"
    assert [request.url.host for request in web.requests] == ["2606:4700::1", PUBLIC]


async def test_redirects_are_followed_and_each_hop_is_resolved() -> None:
    web = Web(redirects(**{"a.example": "//b.example/x", "b.example": "http://c.example/z"}))
    names = Names(**{name: [[PUBLIC]] for name in ("a.example", "b.example", "c.example")})
    assert (await fetched(fetcher(web, names), "http://a.example/")).data == b"picture"
    assert names.asked == ["a.example", "b.example", "c.example"]


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("ftp://a.example/", "invalid_image_url", "begins with http: or https:, not with 'ftp'"),
        ("gopher://a.example/", "invalid_image_url", "begins with http: or https:, not with 'gopher'"),
        ("http://", "invalid_image_url", "its URL names no host"),
        ("http://[::1", "invalid_image_url", "is no URL"),
        ("http://a.example:99999/", "invalid_image_url", "there is no port 99999"),
        ("http://a.example:0/", "invalid_image_url", "there is no port 0"),
        ("http://a\x00.example/", "invalid_image_url", "is no URL"),
        ("http://" + "a" * 5000, "invalid_image_url", "its URL is longer than 4096 characters"),
        ("http://me:secret@a.example/", "invalid_image_url", "with a name or a password in it"),
        ("http://a.example@127.0.0.1/", "invalid_image_url", "with a name or a password in it"),
        ("http://2130706433/", "invalid_image_url", "neither a name nor a plain address"),
        ("http://0x7f000001/", "invalid_image_url", "neither a name nor a plain address"),
        ("http://0177.0.0.1/", "invalid_image_url", "0177.0.0.1"),
        ("http://127.1/", "invalid_image_url", "neither a name nor a plain address"),
        ("http://127.0.0.1/", "image_address_not_allowed", "the host '127.0.0.1' has no public address"),
        ("http://127.0.0.1./", "image_address_not_allowed", "the host '127.0.0.1' has no public address"),
        ("http://[::1]/", "image_address_not_allowed", "the host '::1' has no public address"),
        ("http://[::ffff:7f00:1]/", "image_address_not_allowed", "has no public address"),
        ("http://169.254.169.254/latest/", "image_address_not_allowed", "has no public address"),
        ("http://[fd00:ec2::254]/", "image_address_not_allowed", "has no public address"),
        ("http://inside.example/", "image_address_not_allowed", "'inside.example' has no public address"),
        ("http://mixed.example/", "image_address_not_allowed", "'mixed.example' has no public address"),
        ("http://nowhere.example/", "image_address_not_allowed", "has no public address"),
        ("http://a.example:22/", "image_host_not_allowed", "fetching from 'a.example:22' is not allowed"),
    ],
)
async def test_no_connection_is_made(url: str, code: str, words: str) -> None:
    web = Web(lambda request: page())
    names = Names(
        **{
            "a.example": [[PUBLIC]],
            "inside.example": [["10.0.0.7"]],
            "mixed.example": [[PUBLIC, "127.0.0.1"]],
        }
    )
    got, message = await refused(fetcher(web, names), url)
    assert (got, web.requests) == (code, [])
    assert words in message


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("http://127.0.0.1/", "image_address_not_allowed", "'127.0.0.1' has no public address"),
        ("http://inside.example/", "image_address_not_allowed", "'inside.example' has no public address"),
        ("http://2130706433/", "invalid_image_url", "neither a name nor a plain address"),
        ("file:///etc/passwd", "invalid_image_url", "not with 'file'"),
        ("data:image/png;base64,AAAA", "invalid_image_url", "not with 'data'"),
        ("http://[::1]x/", "image_fetch_failed", "it redirects to 'http://[::1]x/', no URL"),
        (
            "http://start.example/",
            "image_fetch_failed",
            "redirects more than 3 times ([media] max_redirects)",
        ),
    ],
)
async def test_a_redirect_is_checked_like_the_first_url(target: str, code: str, words: str) -> None:
    web = Web(redirects(**{"start.example": target}))
    names = Names(**{"start.example": [[PUBLIC]], "inside.example": [["10.0.0.7"]]})
    got, message = await refused(fetcher(web, names), "http://start.example/")
    assert got == code
    assert words in message
    assert {request.headers["host"] for request in web.requests} == {"start.example"}


async def test_a_name_that_means_something_else_on_the_second_hop_is_refused() -> None:
    web = Web(redirects(**{"start.example": "http://start.example/again"}))
    names = Names(**{"start.example": [[PUBLIC], ["127.0.0.1"]]})
    code, _ = await refused(fetcher(web, names), "http://start.example/")
    assert code == "image_address_not_allowed"
    assert len(web.requests) == 1


async def test_encryption_is_not_given_up_on_the_way() -> None:
    web = Web(redirects(**{"start.example": "http://other.example/"}))
    names = Names(**{"start.example": [[PUBLIC]], "other.example": [[PUBLIC]]})
    _, message = await refused(fetcher(web, names), "https://start.example/")
    assert message == "its server redirects from https: to http:"


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (page(404), "image_fetch_failed", "its server answered with 404"),
        (page(206), "image_fetch_failed", "its server answered with 206"),
        (page(304), "image_fetch_failed", "its server answered with 304"),
        (httpx.Response(302), "image_fetch_failed", "its server redirects to nowhere"),
        (page(content=b"x" * 101), "image_too_large", "it is larger than 100 bytes ([media] max_bytes)"),
        (
            page(headers={"content-length": "101"}),
            "image_too_large",
            "it is larger than 100 bytes ([media] max_bytes)",
        ),
        (
            httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")),
            "image_fetch_failed",
            "its server sent it compressed, unasked",
        ),
    ],
)
async def test_answers_that_are_no_picture(answer: httpx.Response, code: str, words: str) -> None:
    web = Web(lambda request: answer)
    names = Names(**{"a.example": [[PUBLIC]]})
    assert await refused(fetcher(web, names, max_bytes=100), "http://a.example/") == (code, words)


async def test_bytes_are_counted_as_they_come() -> None:
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            sent.append(10)
            yield b"0123456789"

    web = Web(lambda request: httpx.Response(200, content=endless()))
    names = Names(**{"a.example": [[PUBLIC]]})
    code, _ = await refused(fetcher(web, names, max_bytes=100), "http://a.example/")
    assert (code, len(sent)) == ("image_too_large", 11)


# --- real sockets -----------------------------------------------------------------------------------------

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


async def _picture(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 7\r\n\r\npicture")
    await writer.drain()
    writer.close()


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    writer.close()


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npict")
    await writer.drain()
    writer.close()


@pytest.fixture
async def listen() -> AsyncIterator[Callable[..., Any]]:
    """Starts servers on loopback; gives their ports."""
    servers: list[asyncio.Server] = []

    async def listen(serve: Serve, context: ssl.SSLContext | None = None) -> int:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield listen
    for server in servers:
        server.close()
        await server.wait_closed()


def local(port: int, **settings: Any) -> Fetcher:
    names = Names(**{"pictures.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]]})
    return fetcher(None, names, [f"*:{port}"], ["127.0.0.0/8"], **settings)


async def test_a_picture_from_a_real_server(listen) -> None:
    port = await listen(_picture)
    assert await fetched(local(port), f"http://pictures.test:{port}/a.png") == Fetched(
        b"picture", "image/png"
    )


@pytest.mark.parametrize(
    ("serve", "limit", "words"),
    [
        (_silence, 0.3, "it could not be fetched within 0.3 s ([media] fetch_timeout)"),
        (_nonsense, 20.0, "the host 'pictures.test' could not be reached or broke off (RemoteProtocolError)"),
        (_half, 20.0, "the host 'pictures.test' could not be reached or broke off (RemoteProtocolError)"),
    ],
)
async def test_servers_that_are_none(listen, serve: Serve, limit: float, words: str) -> None:
    port = await listen(serve)
    got = await refused(local(port, fetch_timeout=limit), f"http://pictures.test:{port}/")
    assert got == ("image_fetch_failed", words)


async def test_a_port_on_which_nobody_listens(listen) -> None:
    code, words = await refused(local(1), "http://pictures.test:1/")
    assert code == "image_fetch_failed"
    assert words == "the host 'pictures.test' could not be reached or broke off (ConnectError)"


async def test_tls_is_spoken_with_the_name_not_with_the_address(
    listen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pictures.test").configure_cert(context)
    wanted: list[str | None] = []
    context.sni_callback = lambda sslobj, name, context: wanted.append(name)
    port = await listen(_picture, context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    trusting = local(port)
    assert (await fetched(trusting, f"https://pictures.test:{port}/")).data == b"picture"
    code, _ = await refused(trusting, f"https://other.test:{port}/")
    assert code == "image_fetch_failed"
    assert wanted == ["pictures.test", "other.test"]
