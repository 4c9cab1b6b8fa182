"""Admission: each picture of a request becomes bytes that an engine may decode, or the request is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from mlxkernel.api import Engine, ModelInfo
from mlxkernel.errors import ConfigError, invalid, unsupported
from mlxkernel.media.files import Files
from mlxkernel.media.formats import MEDIA_TYPES
from mlxkernel.media.inspector import Inspector
from mlxkernel.media.origins import Origins, origin
from mlxkernel.media.refusal import PictureRefused, too_large
from mlxkernel.media.resolver import Resolver, SystemResolver
from mlxkernel.media.settings import MediaConfig
from mlxkernel.messages import Image, Message, Part, ToolResult
from mlxkernel.request import Conversation, Request

if TYPE_CHECKING:
    from mlxkernel.media.fetcher import Fetcher, MakeTransport

T = TypeVar("T")

LOOK = 0.1
"""Seconds between two looks at whether the model is loaded, for a request that brings pictures."""

_ON_ITS_WAY = frozenset(("starting", "loading", "crashed", "stuck"))
"""States of an engine whose model is yet unknown and may become known."""


class Admission:
    """The media policy of one server. Raises `ConfigError` for settings that mean nothing.

    `resolver` and `transport` stand in for the system's look-ups and connections.
    """

    def __init__(
        self,
        config: MediaConfig,
        resolver: Resolver | None = None,
        transport: MakeTransport | None = None,
    ) -> None:
        self._config = config
        self._inspector = Inspector(config)
        self._files = _setting(
            "allowed_directories", lambda: Files(config.allowed_directories, config.max_bytes)
        )
        hosts = _setting("allowed_hosts", lambda: [origin(entry) for entry in config.allowed_hosts])
        networks = _setting("allowed_networks", lambda: [ip_network(e) for e in config.allowed_networks])
        self._fetcher: Fetcher | None = None
        if config.fetch:
            # Imported for those who fetch: an HTTP client and certificates take their time.
            from mlxkernel.media.fetcher import Fetcher

            self._fetcher = Fetcher(config, Origins(hosts, networks), resolver or SystemResolver(), transport)

    def concerns(self, request: Request) -> bool:
        """Whether the request has any picture."""
        return any(True for _ in pictures(request))

    async def admit(self, request: Request, engine: Engine) -> Request:
        """The request with checked bytes in the place of every picture. Raises `RequestFailed`.

        Waits until it is known what the model takes, since nothing is fetched for one that cannot see.
        """
        found = list(pictures(request))
        if len(found) > self._config.max_images:
            most = self._config.max_images
            raise invalid(
                f"The request has {len(found)} pictures; at most {most} are taken ([media] max_images)",
                param=found[most][0],
                code="too_many_images",
            )
        info = await _info(engine)
        if info is not None and "image" not in info.modalities:
            raise unsupported(found[0][0], f"the model '{info.name}' does not take pictures")
        budget = Budget(self._config)
        tasks = [asyncio.ensure_future(self._admit(where, image, budget)) for where, image in found]
        try:
            admitted = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return with_pictures(request, admitted)

    async def close(self) -> None:
        """End the processes that look at pictures."""
        await self._inspector.close()

    async def _admit(self, where: str, image: Image, budget: Budget) -> Image:
        try:
            data, media_type = await self._bytes(image, budget)
            if not data:
                raise PictureRefused("invalid_image", "it is empty")
            found = await self._inspector.inspect(data, media_type)
            budget.unpack(found.width * found.height)
        except PictureRefused as refusal:
            raise invalid(
                f"The picture at '{where}' is refused: {refusal.message}", param=where, code=refusal.code
            ) from None
        return replace(image, data=data, url=None, media_type=MEDIA_TYPES[found.format], where=where)

    async def _bytes(self, image: Image, budget: Budget) -> tuple[bytes, str | None]:
        """The picture's bytes and the media type that was declared for them. Raises `PictureRefused`."""
        if image.data is not None:
            data, media_type = image.data, image.media_type
        elif (image.url or "")[:5].lower() == "file:":
            data, media_type = await self._read(image.url or ""), image.media_type
        elif self._fetcher is None:
            raise PictureRefused(
                "image_fetch_disabled",
                "this server fetches no pictures; send the picture itself, as base64, "
                "or the operator can set [media] fetch = true",
            )
        else:
            return await self._fetcher.fetch(image.url or "", budget.spend)
        if len(data) > self._config.max_bytes:
            raise too_large(self._config.max_bytes)
        budget.spend(len(data))
        return data, media_type

    async def _read(self, url: str) -> bytes:
        reading = asyncio.get_running_loop().run_in_executor(None, self._files.read, url)
        try:
            return await asyncio.wait_for(reading, self._config.fetch_timeout)
        except asyncio.TimeoutError:
            seconds = self._config.fetch_timeout
            raise PictureRefused(
                "image_fetch_failed", f"it could not be read within {seconds:g} s ([media] fetch_timeout)"
            ) from None


class Budget:
    """What the pictures of one request may still cost together. Its methods raise `PictureRefused`."""

    def __init__(self, config: MediaConfig) -> None:
        self._config = config
        self._bytes = config.max_total_bytes
        self._pixels = config.max_total_pixels

    def spend(self, size: int) -> None:
        """Take so many bytes."""
        self._bytes -= size
        if self._bytes < 0:
            raise _together(f"{self._config.max_total_bytes} bytes ([media] max_total_bytes)")

    def unpack(self, pixels: int) -> None:
        """Take so many pixels."""
        self._pixels -= pixels
        if self._pixels < 0:
            raise _together(f"{self._config.max_total_pixels} pixels ([media] max_total_pixels)")


def _together(limit: str) -> PictureRefused:
    return PictureRefused("image_too_large", f"the pictures of the request have together more than {limit}")


def pictures(request: Request) -> Iterator[tuple[str, Image]]:
    """The pictures of a request in their order, each with the path of its field."""
    if not isinstance(request.input, Conversation):
        return
    for i, message in enumerate(request.input.messages):
        for j, part in enumerate(message.parts):
            path = f"messages[{i}].content[{j}]"
            if isinstance(part, Image):
                yield part.where or path, part
            elif isinstance(part, ToolResult):
                for k, inner in enumerate(part.parts):
                    if isinstance(inner, Image):
                        yield inner.where or f"{path}.content[{k}]", inner


def with_pictures(request: Request, admitted: Sequence[Image]) -> Request:
    """The request with these in the places of its pictures, in their order."""
    if not isinstance(request.input, Conversation):
        return request
    following = iter(admitted)

    def changed(part: Part) -> Part:
        if isinstance(part, Image):
            return next(following)
        if isinstance(part, ToolResult):
            inner = (next(following) if isinstance(one, Image) else one for one in part.parts)
            return replace(part, parts=tuple(inner))
        return part

    def turned(message: Message) -> Message:
        return replace(message, parts=tuple(changed(part) for part in message.parts))

    messages = tuple(turned(message) for message in request.input.messages)
    return replace(request, input=replace(request.input, messages=messages))


async def _info(engine: Engine) -> ModelInfo | None:
    """What is known of the model, once it is loaded; None when it will not be."""
    while True:
        try:
            return engine.info
        except LookupError:
            if engine.health().state not in _ON_ITS_WAY:
                return None
        await asyncio.sleep(LOOK)


def _setting(key: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        raise ConfigError(f"[media] {key}: {error}") from None
