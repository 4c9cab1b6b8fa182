"""HTTP as dialects see it: requests, replies, who asked, and what remains of a request."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping

from msgspec import Struct


class Principal(Struct, frozen=True, omit_defaults=True):
    """Who asks: a name for logs, limits and cache isolation (never the key itself) and its scopes."""

    name: str = "anonymous"
    scopes: tuple[str, ...] = ("inference",)


class HttpRequest(Struct, frozen=True, kw_only=True):
    """An HTTP request as a dialect sees it. Header names are in lower case; `path_args` are decoded."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str] = {}
    path_args: Mapping[str, str] = {}
    body: bytes = b""
    request_id: str = ""
    principal: Principal = Principal()
    client: str = ""


class Reply(Struct, frozen=True, kw_only=True):
    """A complete HTTP answer. With `chunks` the body comes piece by piece, and `body` is not looked at.

    `chunks` is closed when the client leaves; it runs in the request's task and has no time limit.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    chunks: AsyncGenerator[bytes, None] | None = None


class RequestRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What remains of a request when it has ended, without a word of its content. Times in seconds."""

    request_id: str
    dialect: str
    path: str
    model: str | None = None
    principal: str = "anonymous"
    status: int = 200
    outcome: str = "finished"
    stream: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    first_event: float = math.nan
    duration: float = 0.0
