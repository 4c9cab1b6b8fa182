"""``request-id``: the header in which Anthropic's clients look for a request's id."""

from __future__ import annotations

from typing import Any

_OURS = b"x-request-id"
_THEIRS = b"request-id"


def with_request_ids(app: Any, prefix: str) -> Any:
    """The application, whose answers below `prefix` carry the log's id of the request under this name too.

    A stream's headers and those of refusals that come before any route are in no dialect's hands, hence
    the ASGI application around the server's own.
    """

    async def stamped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not (scope["path"] + "/").startswith(prefix + "/"):
            await app(scope, receive, send)
            return

        async def stamp(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                ids = [(_THEIRS, value) for name, value in headers if name.lower() == _OURS]
                message = {**message, "headers": [*headers, *ids[:1]]}
            await send(message)

        await app(scope, receive, stamp)

    return stamped
