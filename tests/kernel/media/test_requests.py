"""Requests that wait for their pictures: signs of life, clients that leave, servers that end."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from mlxkernel.testing import RunningServer, fake_plugin, run_server, until


class Waiting:
    """A picture's server that takes connections and says nothing until it is told to."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self.thread = threading.Thread(target=self._accept)
        self.thread.start()

    @property
    def origin(self) -> str:
        host, port = self.listener.getsockname()
        return f"{host}:{port}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.recv(65536)
                self.connections.append(connection)

    def answer(self, content: bytes) -> None:
        """Answer the first request."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(content)}\r\n\r\n"
        self.connections[0].sendall(head.encode() + content)

    def left(self) -> bool:
        """Whether the first request's sender has hung up; waits for it."""
        return self.connections[0].recv(1) == b""

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for connection in self.connections:
            connection.close()


@pytest.fixture
def web() -> Iterator[Waiting]:
    waiting = Waiting()
    yield waiting
    waiting.close()


@contextlib.contextmanager
def serving(web: Waiting, **server: Any) -> Iterator[RunningServer]:
    tables = {
        "models": {"m": {"source": "x", "engine": "fake", "preload": True}},
        "media": {"fetch": True, "allowed_hosts": [web.origin], "fetch_timeout": 60.0},
        "server": server,
    }
    with run_server(tables, {"fake": fake_plugin(None, None, ("text", "image"))}) as running:
        yield running


def ask(url: str, picture: str, stream: bool = False) -> http.client.HTTPConnection:
    """A connection on which a question about a picture was sent."""
    parts = [{"type": "image_url", "image_url": {"url": picture}}]
    body = {"model": "m", "messages": [{"role": "user", "content": parts}], "stream": stream}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    return connection


def test_a_stream_that_waits_for_a_picture_gets_signs_of_life(web: Waiting, media) -> None:
    with serving(web, keep_alive=0.1) as server:
        connection = ask(server.url, f"http://{web.origin}/", stream=True)
        reply = connection.getresponse()
        assert reply.status == 200
        assert reply.readline() == b": keep-alive\n"
        web.answer(media.picture())
        rest = reply.read()
        assert b"world" in rest
        assert rest.endswith(b"data: [DONE]\n\n")
        connection.close()


def test_a_refusal_after_signs_of_life_is_an_event(web: Waiting) -> None:
    with serving(web, keep_alive=0.1) as server:
        connection = ask(server.url, f"http://{web.origin}/", stream=True)
        reply = connection.getresponse()
        assert reply.readline() == b": keep-alive\n"
        web.answer(b"no picture")
        rest = reply.read()
        assert b'"code":"invalid_image"' in rest
        assert rest.count(b"data: ") == 2
        connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_the_fetch(web: Waiting, stream: bool) -> None:
    with serving(web) as server:
        connection = ask(server.url, f"http://{web.origin}/", stream)
        until(lambda: web.connections, "the fetch")
        connection.close()
        assert web.left()
        until(lambda: server.kernel.pipeline.active == 0, "the end of the run")


def test_a_server_that_stops_ends_the_fetch(web: Waiting) -> None:
    with serving(web, drain_grace=0.0) as server:
        connection = ask(server.url, f"http://{web.origin}/")
        until(lambda: web.connections, "the fetch")
        server.stop()
        reply = connection.getresponse()
        assert reply.status == 503
        assert json.load(reply)["error"]["code"] == "shutting_down"
        assert web.left()
        connection.close()
