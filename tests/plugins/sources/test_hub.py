"""The hub source: real hub code against a hub on this machine, and against a local cache without one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlxkernel_plugins.sources.folder import FolderSource
from mlxkernel_plugins.sources.hub import HubSource

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b'{"model_type": "qwen3"}',
    "model.safetensors": b"weights" * 100_000,
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"not for us",
}


class Hub(BaseHTTPRequestHandler):
    """The few routes of the hub that a download of one repository needs."""

    def do_GET(self) -> None:
        """Metadata or a file."""
        if self.path.startswith("/api/models/org/model/"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            tree = [
                {"type": "file", "path": name, "size": len(data), "oid": _oid(data)}
                for name, data in FILES.items()
            ]
            body: object = (
                tree
                if "/tree/" in self.path
                else {
                    "id": "org/model",
                    "modelId": "org/model",
                    "sha": COMMIT,
                    "siblings": siblings,
                    "private": False,
                    "tags": [],
                }
            )
            self._send(json.dumps(body).encode(), {"Content-Type": "application/json"})
        else:
            self._file(body=True)

    def do_HEAD(self) -> None:
        """A file's metadata."""
        self._file(body=False)

    def _file(self, body: bool) -> None:
        name = self.path.rsplit("/", 1)[-1]
        if "/org/model/" not in self.path or name not in FILES:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = FILES[name]
        headers = {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": COMMIT}
        self._send(data, headers, body)

    def _send(self, data: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _oid(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


RESOLVE = """
import json, sys
from mlxkernel.errors import MlxKernelError
from mlxkernel_plugins.sources.hub import HubSource
seen = []
try:
    folder = HubSource().resolve(sys.argv[1], lambda stage, share: seen.append((stage, share)))
    print(json.dumps({"files": sorted(p.name for p in folder.iterdir()), "seen": seen}))
except MlxKernelError as error:
    print(json.dumps({"error": str(error)}))
"""


def _resolve(reference: str, home: Path, **environment: str) -> dict[str, object]:
    """Resolve in a process of its own: the hub's library reads its environment at import."""
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, reference],
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_download_takes_what_mlx_reads_and_reports_its_progress(hub: str, tmp_path: Path) -> None:
    found = _resolve("org/model", tmp_path, HF_ENDPOINT=hub, HF_HUB_OFFLINE="0")
    assert found["files"] == ["config.json", "model.safetensors", "tokenizer.json"]
    shares = [share for stage, share in found["seen"] if stage == "download"]
    assert shares and shares[-1] == 1.0 and shares == sorted(shares)


def test_what_was_downloaded_serves_offline(hub: str, tmp_path: Path) -> None:
    _resolve("org/model", tmp_path, HF_ENDPOINT=hub, HF_HUB_OFFLINE="0")
    found = _resolve("org/model", tmp_path, HF_HUB_OFFLINE="1")
    assert "model.safetensors" in found["files"]


def test_a_model_that_is_not_there_is_said_with_the_mend(hub: str, tmp_path: Path) -> None:
    found = _resolve("org/nothing", tmp_path, HF_ENDPOINT=hub, HF_HUB_OFFLINE="0")
    assert str(found["error"]).startswith("the hub did not give 'org/nothing':")
    found = _resolve("org/model", tmp_path, HF_HUB_OFFLINE="1")
    assert found["error"] == (
        "'org/model' is not in the local hub cache and the hub cannot be reached; "
        "connect this machine, or give the path of a folder that holds the model"
    )


@pytest.mark.parametrize(
    ("reference", "claimed"),
    [
        ("mlx-community/Qwen3-4B-4bit", True),
        ("org/model@v1.0", True),
        ("bundled:tiny", False),
        ("/models/x", False),
        ("../x", False),
        ("a/b/c", False),
        ("name", False),
    ],
)
def test_what_looks_like_a_hub_id(reference: str, claimed: bool) -> None:
    assert HubSource().claims(reference) is claimed


def test_a_folder_wins_over_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert FolderSource().claims("org/model")
    assert FolderSource().resolve("org/model", lambda stage, share: None) == tmp_path / "org" / "model"
    assert not FolderSource().claims("org/other")
