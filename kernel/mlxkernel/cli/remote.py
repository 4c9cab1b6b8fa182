"""A server as the terminal chat sees it: its health, its models, its streamed answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import httpx
import msgspec
from msgspec import Struct

from mlxkernel.errors import MlxKernelError, StartError
from mlxkernel.models import Health

KEY_VARIABLE = "MLXKERNEL_KEY"
"""The environment variable that holds the key for a server that asks for one."""

LOOK = 2.0
"""Seconds that a server has to say that it is there."""


class Report(Struct, frozen=True):
    """The body of GET /health, as far as the terminal needs it."""

    status: str
    version: str
    models: dict[str, Health] = {}


class Piece(Struct, frozen=True):
    """A piece of a streamed answer, or of what the model thinks before it."""

    text: str
    thought: bool = False


class End(Struct, frozen=True):
    """The end of an answer: why, and its tokens where the server counted them."""

    reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int = 0


Turn: TypeAlias = "dict[str, Any]"
"""A message of the conversation: `role`, and `content` as text or as parts."""


class AnswerFailed(MlxKernelError):
    """The server could not answer; the message is the server's."""


class Remote:
    """A mlxkernel server at a base URL without ``/v1``. `key` is sent as a bearer token."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        token = key or os.environ.get(KEY_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A stream may be silent while a model loads; the server sends signs of life, the client has time.
        self._client = httpx.Client(
            base_url=self.url, headers=headers, timeout=httpx.Timeout(None, connect=LOOK), trust_env=False
        )

    def health(self) -> Report:
        """What GET /health says. Raises `httpx.HTTPError` or `StartError`."""
        reply = self._client.get("/health", timeout=LOOK)
        try:
            return msgspec.json.decode(reply.content, type=Report)
        except msgspec.MsgspecError:
            raise StartError(f"what answers on {self.url} is no mlxkernel server") from None

    def models(self) -> list[str]:
        """The names that a request may use. Raises `AnswerFailed`."""
        reply = self._client.get("/v1/models", timeout=LOOK)
        if reply.status_code != httpx.codes.OK:
            raise AnswerFailed(_message(reply.content, reply.status_code))
        return [entry["id"] for entry in msgspec.json.decode(reply.content)["data"]]

    def answer(
        self,
        model: str,
        turns: Sequence[Turn],
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> Iterator[Piece | End]:
        """Stream an answer; closing the iterator makes the server stop. Raises `AnswerFailed`."""
        body: dict[str, Any] = {
            "model": model,
            "messages": list(turns),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if temperature is not None:
            body["temperature"] = temperature
        if max_tokens is not None:
            body["max_tokens"] = max_tokens
        try:
            with self._client.stream("POST", "/v1/chat/completions", json=body) as reply:
                if reply.status_code != httpx.codes.OK:
                    raise AnswerFailed(_message(reply.read(), reply.status_code))
                yield from _pieces(reply.iter_lines())
        except httpx.HTTPError as error:
            raise AnswerFailed(f"the connection to {self.url} broke ({type(error).__name__})") from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def find_server(url: str, key: str | None = None) -> Remote | None:
    """The server at this address, None when no mlxkernel answers there."""
    remote = Remote(url, key)
    try:
        remote.health()
    except (httpx.HTTPError, httpx.InvalidURL, StartError):
        remote.close()
        return None
    return remote


def connect(url: str, key: str | None = None) -> Remote:
    """The server at this address. Raises `StartError` when there is none."""
    remote = Remote(url, key)
    try:
        remote.health()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remote.close()
        raise StartError(
            f"no server answers on {remote.url} ({type(error).__name__}); is it running?"
        ) from None
    return remote


def _pieces(lines: Iterator[str]) -> Iterator[Piece | End]:
    """The events of a chat completion stream (server-sent events, one JSON object each)."""
    reason: str | None = None
    usage: dict[str, Any] = {}
    for line in lines:
        if not line.startswith("data: ") or line == "data: [DONE]":
            continue
        event = msgspec.json.decode(line[6:])
        if "error" in event:
            raise AnswerFailed(event["error"]["message"])
        usage = event.get("usage") or usage
        for choice in event["choices"]:
            if thought := choice["delta"].get("reasoning_content"):
                yield Piece(thought, thought=True)
            if text := choice["delta"].get("content"):
                yield Piece(text)
            reason = choice.get("finish_reason") or reason
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    yield End(reason, usage.get("prompt_tokens"), usage.get("completion_tokens"), cached)


def _message(body: bytes, status: int) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (msgspec.MsgspecError, LookupError, TypeError):
        return f"the server answered with status {status}"
