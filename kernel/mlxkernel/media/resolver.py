"""Names to addresses, without holding up the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Protocol

from mlxkernel.media.addresses import Address

AT_ONCE = 16
"""Look-ups under way together; one that gets no answer holds its thread as long as the system waits."""


class Resolver(Protocol):
    """Looks names up."""

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        """The addresses in the order in which to try them, none if the name has none."""


class SystemResolver:
    """The system's own way (``getaddrinfo``).

    Each look-up has a daemon thread: a name server that is silent must not hold up the end of the
    program, which waits for the threads of an executor.
    """

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def resolve(self, host: str, port: int) -> Sequence[Address]:
        """Ask the system."""
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Sequence[Address]] = loop.create_future()

        def tell(addresses: Sequence[Address]) -> None:
            self._slots.release()
            if not found.done():
                found.set_result(addresses)

        def look() -> None:
            addresses = _look_up(host, port)
            # Once the loop is closed nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, addresses)

        threading.Thread(target=look, name="mlxkernel-dns", daemon=True).start()
        return await found


def _look_up(host: str, port: int) -> Sequence[Address]:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(ip_address(str(sockaddr[0])) for *_, sockaddr in answers))
