"""Fetching: a picture's bytes from an http(s) URL, along checked addresses only.

Every hop is taken apart, resolved and checked by itself, and the connection goes to exactly the address
that was checked: the name is not looked up again, so that it cannot mean something else by then (DNS
rebinding). TLS and the Host header still get the name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import httpx
from msgspec import Struct

from mlxkernel import __version__
from mlxkernel.media.addresses import Address, literal
from mlxkernel.media.origins import DEFAULT_PORTS, Origins
from mlxkernel.media.refusal import PictureRefused, shown, too_large
from mlxkernel.media.resolver import Resolver
from mlxkernel.media.settings import MediaConfig

AT_ONCE = 32
"""Fetches under way together, of all requests."""

LONGEST_URL = 4096
"""Characters."""

ATTEMPTS = 3
"""Addresses of one host that are tried before it counts as unreachable."""

_REDIRECTS = frozenset((301, 302, 303, 307, 308))

_HEADERS = {
    "User-Agent": f"mlxkernel/{__version__}",
    "Accept": "image/*",
    # A compressed answer could unpack to any size.
    "Accept-Encoding": "identity",
    "Connection": "close",
}


MakeTransport: TypeAlias = Callable[[], httpx.AsyncBaseTransport]
"""Makes a transport for one connection."""


class Fetched(NamedTuple):
    """A picture's bytes, and the media type that its server declared."""

    data: bytes
    media_type: str | None


class Hop(Struct, frozen=True):
    """One URL on the way, taken apart. `host` is in ASCII, without a final dot."""

    url: httpx.URL
    scheme: str
    host: str
    port: int
    address: Address | None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


class Fetcher:
    """Fetches under the policy of `config`; `transport` stands in for connections of its own."""

    def __init__(
        self,
        config: MediaConfig,
        origins: Origins,
        resolver: Resolver,
        transport: MakeTransport | None = None,
    ) -> None:
        self._config = config
        self._origins = origins
        self._resolver = resolver
        self._transport = transport or _direct_transport()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str, spend: Callable[[int], None]) -> Fetched:
        """The picture behind this URL; `spend` is told of every piece's bytes and may raise.

        Raises `PictureRefused`.
        """
        try:
            return await asyncio.wait_for(self._fetch(url, spend), self._config.fetch_timeout)
        except asyncio.TimeoutError:
            seconds = self._config.fetch_timeout
            raise PictureRefused(
                "image_fetch_failed", f"it could not be fetched within {seconds:g} s ([media] fetch_timeout)"
            ) from None

    async def _fetch(self, url: str, spend: Callable[[int], None]) -> Fetched:
        hop = _hop(url)
        async with self._slots:
            for _ in range(self._config.max_redirects + 1):
                outcome = await self._visit(hop, spend)
                if isinstance(outcome, Fetched):
                    return outcome
                hop = _next_hop(hop, outcome)
        raise PictureRefused(
            "image_fetch_failed",
            f"its URL redirects more than {self._config.max_redirects} times ([media] max_redirects)",
        )

    async def _visit(self, hop: Hop, spend: Callable[[int], None]) -> Fetched | str:
        """The picture, or where the server redirects to."""
        failure: Exception | None = None
        for address in (await self._addresses(hop))[:ATTEMPTS]:
            async with self._transport() as transport:
                try:
                    response = await transport.handle_async_request(self._request(hop, address))
                    try:
                        return await self._read(response, spend)
                    finally:
                        await response.aclose()
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    failure = error
                except httpx.HTTPError as error:
                    failure = error
                    break
        raise PictureRefused(
            "image_fetch_failed",
            f"the host {shown(hop.host)} could not be reached or broke off ({type(failure).__name__})",
        )

    async def _addresses(self, hop: Hop) -> Sequence[Address]:
        """The addresses of the hop's host, every one of them allowed."""
        if not self._origins.admits(hop.scheme, hop.host, hop.address, hop.port):
            raise PictureRefused(
                "image_host_not_allowed",
                f"fetching from {shown(hop.authority)} is not allowed; "
                "the operator can add it to [media] allowed_hosts",
            )
        if hop.address is not None:
            addresses: Sequence[Address] = (hop.address,)
        else:
            addresses = await self._resolver.resolve(hop.host, hop.port)
        allowed = (
            self._origins.reaches(hop.scheme, address, hop.port, literally=hop.address is not None)
            for address in addresses
        )
        # One message for a name that does not exist and for one that leads inside: a client must not
        # learn which names the server's own network knows.
        if not addresses or not all(allowed):
            raise PictureRefused(
                "image_address_not_allowed",
                f"the host {shown(hop.host)} has no public address; "
                "the operator can list others in [media] allowed_networks",
            )
        return addresses

    def _request(self, hop: Hop, address: Address) -> httpx.Request:
        """The request for the hop, addressed to the IP address; TLS checks the certificate for the name."""
        # The limit of the whole fetch bounds every part; one address that is silent leaves time for the next.
        limits = httpx.Timeout(None, connect=self._config.fetch_timeout / ATTEMPTS)
        return httpx.Request(
            "GET",
            hop.url.copy_with(host=str(address), port=hop.port, fragment=None),
            headers={"Host": hop.authority, **_HEADERS},
            extensions={"sni_hostname": hop.host, "timeout": limits.as_dict()},
        )

    async def _read(self, response: httpx.Response, spend: Callable[[int], None]) -> Fetched | str:
        if response.status_code in _REDIRECTS:
            return _location(response)
        if response.status_code != httpx.codes.OK:
            raise PictureRefused("image_fetch_failed", f"its server answered with {response.status_code}")
        if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise PictureRefused("image_fetch_failed", "its server sent it compressed, unasked")
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._config.max_bytes:
            raise too_large(self._config.max_bytes)
        pieces: list[bytes] = []
        size = 0
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for piece in response.stream:
            size += len(piece)
            if size > self._config.max_bytes:
                raise too_large(self._config.max_bytes)
            spend(len(piece))
            pieces.append(piece)
        return Fetched(b"".join(pieces), response.headers.get("content-type"))


def _hop(text: str) -> Hop:
    """A URL taken apart. Raises `PictureRefused`."""
    if len(text) > LONGEST_URL:
        raise PictureRefused("invalid_image_url", f"its URL is longer than {LONGEST_URL} characters")
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError):
        raise PictureRefused("invalid_image_url", f"{shown(text)} is no URL") from None
    if url.scheme not in DEFAULT_PORTS:
        raise PictureRefused(
            "invalid_image_url", f"a URL to fetch begins with http: or https:, not with {shown(url.scheme)}"
        )
    if url.userinfo:
        raise PictureRefused("invalid_image_url", "a URL with a name or a password in it is not fetched")
    host = host.rstrip(".")
    if not host:
        raise PictureRefused("invalid_image_url", "its URL names no host")
    try:
        address = literal(host)
    except ValueError:
        raise PictureRefused(
            "invalid_image_url", f"the host {shown(host)} is neither a name nor a plain address"
        ) from None
    port = DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise PictureRefused("invalid_image_url", f"there is no port {port}")
    return Hop(url, url.scheme, host, port, address)


def _next_hop(hop: Hop, location: str) -> Hop:
    try:
        target = str(hop.url.join(location))
    except (httpx.InvalidURL, ValueError):
        raise PictureRefused("image_fetch_failed", f"it redirects to {shown(location)}, no URL") from None
    following = _hop(target)
    if hop.scheme == "https" and following.scheme == "http":
        raise PictureRefused("image_fetch_failed", "its server redirects from https: to http:")
    return following


def _location(response: httpx.Response) -> str:
    location: str | None = response.headers.get("location")
    if location is None:
        raise PictureRefused("image_fetch_failed", "its server redirects to nowhere")
    return location


def _direct_transport() -> MakeTransport:
    """Makes transports without proxy, cookies or reuse of connections, which could join two names."""
    # The certificates that httpx trusts, or those that SSL_CERT_FILE names.
    context = httpx.create_ssl_context()

    def make() -> httpx.AsyncBaseTransport:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        return httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits)

    return make
