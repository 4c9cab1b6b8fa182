"""The two authenticators: `open` asks nobody, `keys` asks for a key."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from mlxkernel.api import Principal
from mlxkernel.errors import ConfigError, Fault, FaultKind, RequestFailed
from mlxkernel_plugins.auth_keys.entries import find
from mlxkernel_plugins.auth_keys.keyring import Keyring

logger = logging.getLogger("mlxkernel.auth")


class Open:
    """Lets everyone in, with any key or none: clients that must send one send what they like."""

    name: str = "open"

    @property
    def protects(self) -> bool:
        """No."""
        return False

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        """Everyone is anonymous."""
        return Principal()


class Keys:
    """Lets in who sends a key of the keyring, as ``Authorization: Bearer`` or as ``x-api-key``."""

    name: str = "keys"

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    @property
    def protects(self) -> bool:
        """Whether there is a key, or a keyring that cannot be read; an empty one guards nothing yet."""
        try:
            return bool(self._keyring.entries())
        except ConfigError:
            return True

    def authenticate(self, headers: Mapping[str, str], client: str) -> Principal:
        """Who holds this key. Raises `RequestFailed`: 401, or 500 while the keyring cannot be read."""
        try:
            entries = self._keyring.entries()
        except ConfigError as error:
            logger.error("every request is refused: %s", error)
            raise RequestFailed(_UNREADABLE) from None
        given = False
        for key in _keys(headers):
            given = True
            if entry := find(key, entries):
                return Principal(name=entry.name, scopes=entry.scopes)
        raise RequestFailed(_WRONG if given else _MISSING)


def _keys(headers: Mapping[str, str]) -> Iterator[str]:
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        yield key.strip()
    if key := headers.get("x-api-key", "").strip():
        yield key


_MISSING = Fault(
    kind=FaultKind.UNAUTHENTICATED,
    message="No API key was sent. Send one as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.",
    code="invalid_api_key",
)
_WRONG = Fault(
    kind=FaultKind.UNAUTHENTICATED,
    message="The API key is not valid here; the server's operator makes keys: mlxkernel keys create NAME",
    code="invalid_api_key",
)
_UNREADABLE = Fault(
    kind=FaultKind.INTERNAL,
    message="The server cannot read its list of API keys, so it lets nobody in; its log says why.",
    code="keyring_unreadable",
)
