"""Open WebUI's own server, driven through its API as its page drives it. It takes a minute to start."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from checklist import check, main

PATIENCE = 600.0
"""Seconds in which it must have started."""


class WebUI:
    """The running server, and the account that is made in it: the first one may do everything."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._token = ""

    def ask(self, path: str, body: object = None) -> bytes:
        """GET, or POST of a body."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(
            urllib.request.Request(self._address + path, data, headers), timeout=600
        ) as reply:
            return bytes(reply.read())

    def sign_up(self) -> None:
        """Make the first account."""
        account = {"name": "Ada", "email": "ada@example.org", "password": "A-long-password-1"}
        self._token = json.loads(self.ask("/api/v1/auths/signup", account))["token"]

    def say(self, model: str, *said: str, path: str = "/api/chat/completions", **fields: object) -> bytes:
        """Ask for the turn after these, which are the user's and the model's in turn."""
        roles = ("user", "assistant")
        messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(said)]
        return self.ask(path, {"model": model, "messages": messages, **fields})


def _settings(url: str, folder: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "DATA_DIR": folder,
        "WEBUI_SECRET_KEY": "any",
        "OPENAI_API_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": "any",
        "ENABLE_OLLAMA_API": "true",
        "OLLAMA_BASE_URL": url,
        "OFFLINE_MODE": "true",
        "HF_HUB_OFFLINE": "1",
        "RAG_EMBEDDING_ENGINE": "openai",  # else it loads a model of its own
    }


@contextlib.contextmanager
def _started(url: str) -> Iterator[WebUI]:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        command = [str(Path(sys.executable).with_name("open-webui")), "serve"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(command, env=_settings(url, folder), cwd=folder, stdout=sys.stderr)
        try:
            webui = WebUI(f"http://127.0.0.1:{port}")
            _wait(webui, process)
            webui.sign_up()
            yield webui
        finally:
            process.terminate()
            process.wait(60)


def _wait(webui: WebUI, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            webui.ask("/health")
            return
        except OSError:
            assert process.poll() is None, f"it ended with {process.returncode}"
            assert time.monotonic() < limit, "it did not start"
            time.sleep(1)


_open = contextlib.ExitStack()


@functools.lru_cache(maxsize=1)
def webui(url: str) -> WebUI:
    """One server for all checks."""
    return _open.enter_context(_started(url))


def answer(reply: bytes) -> str:
    """What the model said in a whole answer."""
    return str(json.loads(reply)["choices"][0]["message"]["content"])


def streamed(reply: bytes) -> str:
    """What the model said in a stream."""
    lines = [line[6:] for line in reply.decode().splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]", lines[-1]
    chunks: list[dict[str, Any]] = [json.loads(line) for line in lines[:-1]]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


@check("the models of both connections are listed, OpenAI's and Ollama's")
def models(url: str) -> None:
    listed = json.loads(webui(url).ask("/api/models"))["data"]
    owners = {model["id"]: model["owned_by"] for model in listed}
    assert (owners.get("tiny"), owners.get("tiny:latest")) == ("openai", "ollama"), owners


def connection(name: str, model: str) -> None:
    """The checks that both connections pass."""

    @check(f"{name}: a conversation over two turns")
    def conversation(url: str) -> None:
        first = answer(webui(url).say(model, "My name is Alice.", stream=False, temperature=0))
        second = webui(url).say(
            model, "My name is Alice.", first, "What is my name?", stream=False, temperature=0
        )
        assert "Alice" in answer(second), second

    @check(f"{name}: a stream says what the whole answer says")
    def stream(url: str) -> None:
        whole = answer(webui(url).say(model, "Hello!", stream=False, temperature=0))
        assert streamed(webui(url).say(model, "Hello!", stream=True, temperature=0)) == whole != ""

    @check(f"{name}: the title that it asks for after an answer")
    def title(url: str) -> None:
        assert answer(webui(url).say(model, "Hello!", "Hello!", path="/api/v1/tasks/title/completions"))


connection("OpenAI connection", "tiny")
connection("Ollama connection", "tiny:latest")

with _open:
    main()
