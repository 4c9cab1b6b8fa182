"""What clients see when processes die: real signals to real processes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from mlxkernel.testing import ServeProcess, serve_process, until

LONG = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "Tell me a story."}],
    "stream": True,
    "ignore_eos": True,
    "max_tokens": 3500,
}


def _post(server: ServeProcess, body: dict[str, object]) -> urllib.request.Request:
    return urllib.request.Request(
        f"{server.url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )


class Reader(threading.Thread):
    """Reads one stream to its end, whatever that is."""

    def __init__(self, server: ServeProcess, body: dict[str, object]) -> None:
        super().__init__(daemon=True)
        self._request = _post(server, body)
        self.data = b""
        self.broken: Exception | None = None
        self.began = threading.Event()
        self.start()

    def run(self) -> None:
        try:
            with urllib.request.urlopen(self._request, timeout=120) as reply:
                while chunk := reply.read1(65536):
                    self.data += chunk
                    if b'"content":"' in self.data:
                        self.began.set()
        except (OSError, http.client.HTTPException) as error:
            self.broken = error

    def events(self) -> list[str]:
        """The payloads of the stream's data lines, once it has ended."""
        self.join(120)
        assert not self.is_alive(), "the stream did not end"
        assert self.broken is None, self.broken
        return [line[6:] for line in self.data.decode().splitlines() if line.startswith("data: ")]


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_killed_worker_ends_eight_streams_and_comes_back() -> None:
    with serve_process("-m", "bundled:tiny") as server:
        server.wait_ready()
        readers = [Reader(server, LONG) for _ in range(8)]
        assert all(reader.began.wait(60) for reader in readers)
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        for reader in readers:
            events = reader.events()
            errors = [json.loads(event)["error"] for event in events if '"error"' in event]
            assert len(errors) == 1
            assert errors[0]["code"] == "worker_crashed"
            assert "SIGKILL" in errors[0]["message"]
            assert '"finish_reason":"' not in "".join(events)
        with urllib.request.urlopen(_post(server, {**LONG, "stream": False, "max_tokens": 5})) as reply:
            assert json.load(reply)["usage"]["completion_tokens"] == 5
        assert server.health()["models"]["tiny"]["restarts"] == 1
        assert server.workers() != [worker]


def test_a_killed_kernel_leaves_no_worker() -> None:
    with serve_process("-m", "bundled:tiny") as server:
        server.wait_ready()
        reader = Reader(server, LONG)
        assert reader.began.wait(60)
        (worker,) = server.workers()
        server.process.kill()
        server.process.wait()
        until(lambda: _gone(worker), "the worker's end", patience=2.0)


def test_sigterm_drains() -> None:
    with serve_process("-m", "bundled:tiny") as server:
        server.wait_ready()
        reader = Reader(server, {**LONG, "max_tokens": 300})
        assert reader.began.wait(60)
        (worker,) = server.workers()
        assert server.stop(signal.SIGTERM) == 0
        events = reader.events()
        assert events[-1] == "[DONE]"
        assert '"finish_reason":"length"' in "".join(events)
        assert _gone(worker)


def test_sigterm_ends_what_outlives_the_grace() -> None:
    with serve_process("-m", "bundled:tiny", "--set", "server.drain_grace=0.2") as server:
        server.wait_ready()
        reader = Reader(server, LONG)
        assert reader.began.wait(60)
        assert server.stop(signal.SIGTERM) == 0
        errors = [json.loads(event)["error"] for event in reader.events() if '"error"' in event]
        assert [error["code"] for error in errors] == ["shutting_down"]


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "mlxkernel", "serve", "-m", "bundled:tiny", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line == (
        f"mlxkernel: 127.0.0.1:{port} is already in use; stop the other program, "
        "or choose another with --port"
    )


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_row(stream: bool) -> None:
    with serve_process("-m", "bundled:tiny") as server:
        server.wait_ready()
        body = json.dumps({**LONG, "stream": stream}).encode()
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as leaver:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            leaver.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            until(lambda: server.health().get("requests") == 1, "the request to run")
        until(lambda: server.health().get("requests", 0) == 0, "the row to be freed", patience=10)
