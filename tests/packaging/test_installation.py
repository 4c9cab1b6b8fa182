"""The wheel in a fresh venv, away from the tree: it serves, and it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlxkernel

QUESTION = {"model": "tiny", "messages": [{"role": "user", "content": "Hello!"}], "temperature": 0}


@pytest.fixture(scope="module")
def server(installation: Any) -> Iterator[str]:
    """The address of a server that the installed script runs on the bundled model."""
    process = subprocess.Popen(
        [installation.command, "serve", "-m", "bundled:tiny"],
        cwd=installation.folder,
        env=installation.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        process.stdout.close()
    assert code == 0


def test_it_is_the_wheel_that_runs(installation: Any) -> None:
    program = "import mlxkernel, mlxkernel_plugins; print(mlxkernel.__file__, mlxkernel_plugins.__file__)"
    done = installation.run(installation.python, "-c", program)
    assert all(Path(place).is_relative_to(installation.folder / "venv") for place in done.stdout.split())


def test_the_command_is_there(installation: Any) -> None:
    done = installation.run(installation.command, "version")
    assert done.stdout.startswith(f"mlxkernel {mlxkernel.__version__} (mlx 0.32.")


def test_the_doctor_finds_nothing(installation: Any) -> None:
    done = installation.run(installation.command, "doctor", "--json")
    assert [finding for finding in json.loads(done.stdout) if "mend" in finding] == []
    assert done.returncode == 0


def test_it_serves_the_bundled_model(server: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{server}/health") as reply:
            state = json.load(reply)["models"]["tiny"]["state"]
        if state == "ready":
            break
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    asked = urllib.request.Request(
        f"{server}/v1/chat/completions",
        data=json.dumps(QUESTION).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked) as reply:
        answer = json.load(reply)
    (choice,) = answer["choices"]
    assert answer["model"] == "tiny"
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] > 0
