"""Origins: which web pages may use the server from a browser (the Fetch standard's CORS protocol).

A page of an allowed origin may send requests and read answers. A page of any other origin gets no
CORS headers, so its browser hands it nothing, and a request with which a page could act without
asking first (a form's content type) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from mlxkernel.config import ServerConfig
from mlxkernel.errors import Fault, FaultKind, RequestFailed

DESKTOP = frozenset(
    {
        "tauri://localhost",
        "http://tauri.localhost",
        "https://tauri.localhost",
        "ionic://localhost",
        "capacitor://localhost",
        "app://localhost",
        "app://obsidian.md",
        "file://",
        "null",
    }
)
"""What the windows of desktop apps send (Tauri 1 and 2, Capacitor, Electron, Obsidian); ``null`` is a page
from a file."""

_EXPOSED = "X-Request-Id, Request-Id, Retry-After"
_DAY = "86400"

_ASKS_FIRST = "application/json"
"""A content type that a browser sends across origins only after a preflight."""


class Origins:
    """The allow-list of ``[server] allow_origins`` and ``allow_desktop``."""

    def __init__(self, server: ServerConfig) -> None:
        self._any = "*" in server.allow_origins
        self._listed = frozenset(origin.rstrip("/").lower() for origin in server.allow_origins)
        self._desktop = server.allow_desktop

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may use the server."""
        name = origin.lower() if origin == "file://" else origin.rstrip("/").lower()
        return self._any or name in self._listed or (self._desktop and _is_desktop(name))

    def check(self, method: str, headers: Mapping[str, str]) -> None:
        """Refuse (403) what a page of a foreign origin can make happen without asking first.

        Names of headers are in lower case.
        """
        if method in ("GET", "HEAD", "OPTIONS"):
            return
        origin = headers.get("origin")
        if origin is None or self.allows(origin) or _is_own(origin, headers.get("host", "")):
            return
        content_type = headers.get("content-type", "").split(";")[0].strip().lower()
        if content_type != _ASKS_FIRST:
            raise RequestFailed(
                Fault(
                    kind=FaultKind.FORBIDDEN,
                    message=f"Pages of the origin '{origin}' may not use this server; "
                    "the operator can add it to [server] allow_origins",
                    code="origin_not_allowed",
                )
            )

    def preflight(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers that answer a browser's question; none of CORS for an origin that is not allowed."""
        answer = self.headers(headers)
        if "Access-Control-Allow-Origin" in answer:
            answer["Access-Control-Allow-Methods"] = headers["access-control-request-method"]
            answer["Access-Control-Max-Age"] = _DAY
            wished = headers.get("access-control-request-headers")
            if wished:
                answer["Access-Control-Allow-Headers"] = wished
            if headers.get("access-control-request-private-network") == "true":
                answer["Access-Control-Allow-Private-Network"] = "true"
        return answer

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What every answer to a request with these headers carries."""
        origin = headers.get("origin")
        if origin is None:
            return {}
        if not self.allows(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks, before it sends what a page wants to send."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _is_desktop(origin: str) -> bool:
    return origin in DESKTOP or origin.startswith(("vscode-webview://", "chrome-extension://"))


def _is_own(origin: str, host: str) -> bool:
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
