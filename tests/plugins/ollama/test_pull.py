"""Pulling models: what may be pulled, the lines of progress, and a hub that does not give."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import ollama
import pytest

from mlxkernel.testing import RunningServer, run_server
from mlxkernel.testing.fake import fake_plugin

FILES = {"config.json": b'{"model_type": "qwen3"}', "model.safetensors": b"weights" * 100_000}
ROUTES = ("/api/models/org/model", "/org/model/resolve/")


class Hub(BaseHTTPRequestHandler):
    """The few routes of the hub that a download of one repository needs."""

    def do_GET(self) -> None:
        if not self.path.startswith(ROUTES):
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif self.path.startswith("/api/") and "/tree/" in self.path:
            listed = [
                {"type": "file", "path": name, "size": len(data), "oid": digest(data)}
                for name, data in FILES.items()
            ]
            self._send(200, json.dumps(listed).encode())
        elif self.path.startswith("/api/"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            about = {"id": "org/model", "modelId": "org/model", "sha": "0" * 40, "siblings": siblings}
            self._send(200, json.dumps({**about, "private": False, "tags": []}).encode())
        else:
            data = FILES[self.path.rsplit("/", 1)[-1]]
            self._send(200, data, {"ETag": f'"{digest(data)}"', "X-Repo-Commit": "0" * 40})

    do_HEAD = do_GET

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def digest(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a hub on this machine to fill it from."""
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
    }.items():
        monkeypatch.setenv(name, value)
    yield tmp_path / "hub"
    hub.shutdown()
    hub.server_close()
    thread.join()


def serving(**options: Any) -> Any:
    """A server with a model of the hub, and these options of the plugin."""
    models = {
        "m": {"source": "org/model", "engine": "fake"},
        "gone": {"source": "org/nothing", "engine": "fake"},
    }
    tables = {"models": models, "auth": {"use": "open"}, "plugins": {"ollama": options}}
    return run_server(tables, {"fake": fake_plugin()})


def pulled(cache: Path) -> bool:
    return [
        path.stat().st_size for path in cache.glob("models--org--model/snapshots/*/model.safetensors")
    ] == [len(FILES["model.safetensors"])]


def test_a_configured_model_is_pulled_with_its_progress(cache: Path) -> None:
    server: RunningServer
    with serving() as server, ollama.Client(host=server.url) as client:
        first, *steps, last = client.pull("m:latest", stream=True)
        assert (first.status, last.status) == ("pulling manifest", "success")
        shares = [step.completed for step in steps]
        assert shares and shares[-1] == steps[-1].total == 1000
        assert shares == sorted(set(shares))
        assert pulled(cache)
        # What is there is not fetched again.
        assert client.pull("m").status == "success"


def test_a_hub_that_does_not_have_it(cache: Path) -> None:
    server: RunningServer
    with serving() as server, ollama.Client(host=server.url) as client:
        message = "The model was not fetched: the hub did not give 'org/nothing': "
        with pytest.raises(ollama.ResponseError) as caught:
            client.pull("gone")
        assert (caught.value.status_code, caught.value.error[: len(message)]) == (400, message)
        with pytest.raises(ollama.ResponseError) as caught:
            list(client.pull("gone", stream=True))
        assert caught.value.error.startswith(message)


def test_what_is_not_configured_is_not_pulled(cache: Path) -> None:
    server: RunningServer
    with serving() as server, ollama.Client(host=server.url) as client:
        for stream in (True, False):
            with pytest.raises(ollama.ResponseError) as caught:
                list(client.pull("org/model", stream=stream))
            assert caught.value.status_code == 403
            assert caught.value.error == (
                "The model 'org/model' is not configured on this server, so it cannot be pulled; the "
                "operator can add it to mlx.toml, or allow every pull ([plugins.ollama] pull_unlisted)"
            )
        assert not pulled(cache)


def test_what_is_not_configured_is_pulled_where_the_operator_allows_it(cache: Path) -> None:
    server: RunningServer
    with serving(pull_unlisted=True) as server, ollama.Client(host=server.url) as client:
        assert client.pull("org/model:latest").status == "success"
        assert pulled(cache)
        # It is no model of this server for that.
        with pytest.raises(ollama.ResponseError) as caught:
            client.generate("org/model", "hi")
        assert caught.value.status_code == 404
