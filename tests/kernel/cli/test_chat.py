"""``chat`` as a process: what is typed goes in by stdin, what is answered comes out by stdout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlxkernel.testing import FakeEngine, RunningServer, Script, fake_plugin, run_server, until

MODELS = {"models": {name: {"source": "x", "engine": "fake", "preload": True} for name in ("m", "n")}}


@pytest.fixture
def engines() -> list[FakeEngine]:
    return []


@pytest.fixture
def server(engines: list[FakeEngine]) -> Iterator[RunningServer]:
    with run_server(MODELS, {"fake": fake_plugin(Script(), engines)}) as running:
        yield running


def _asked(engines: list[FakeEngine]) -> FakeEngine:
    """The one engine that was asked anything."""
    (engine,) = (engine for engine in engines if engine.requests)
    return engine


def _last(engines: list[FakeEngine]) -> list[tuple[str, str]]:
    """Role and text of the messages of the newest request."""
    messages = _asked(engines).requests[-1].input.messages
    return [(m.role.value, "".join(part.text for part in m.parts)) for m in messages]


def test_a_conversation(run_chat, server: RunningServer, engines: list[FakeEngine]) -> None:
    done = run_chat("--server", server.url, typed="Hi\nAnd you?\n")
    assert done.stdout == "Hello, world!\nHello, world!\n"
    assert done.returncode == 0
    assert _last(engines) == [("user", "Hi"), ("assistant", "Hello, world!"), ("user", "And you?")]


@pytest.fixture
def run_chat(tmp_path: Path):
    """Runs ``mlxkernel chat`` on what is typed."""

    def run(*arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mlxkernel", "chat", *arguments],
            input=typed,
            cwd=tmp_path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_several_lines_are_one_question(run_chat, server: RunningServer, engines: list[FakeEngine]) -> None:
    run_chat("--server", server.url, typed='one \\\ntwo\n/clear\n"""three\n/four\nfive"""\n')
    assert _last(engines) == [("user", "three\n/four\nfive")]
    assert _asked(engines).requests[0].input.messages[0].parts[0].text == "one \ntwo"


def test_options_and_commands_reach_the_server(
    run_chat, server: RunningServer, engines: list[FakeEngine]
) -> None:
    typed = "/temp 0.5\n/model n\nHi\n/exit\nnever said\n"
    done = run_chat("--server", server.url, "--system", "Be brief.", typed=typed)
    assert done.stdout == "Hello, world!\n"
    engine = _asked(engines)
    (request,) = engine.requests
    assert engine.spec.name == "n"
    assert request.sampling.temperature == 0.5
    assert _last(engines) == [("system", "Be brief."), ("user", "Hi")]


def test_a_fault_is_said_and_the_chat_goes_on(run_chat) -> None:
    engines: list[FakeEngine] = []
    with run_server(MODELS, {"fake": fake_plugin(Script(fail_after=2), engines)}) as server:
        done = run_chat("--server", server.url, typed="Hi\n/temp\n")
    assert done.stdout == "Hello, "
    assert "the server: The fake failed on purpose" in done.stderr
    assert "temperature: left to the model" in done.stderr
    assert done.returncode == 0


def test_ctrl_c_stops_the_answer_and_not_the_program() -> None:
    engines: list[FakeEngine] = []
    endless = Script(words=("la ",) * 100_000, delay=0.01)
    with run_server(MODELS, {"fake": fake_plugin(endless, engines)}) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlxkernel", "chat", "--server", server.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"Sing\n")
        process.stdin.flush()
        assert process.stdout.read(3) == b"la "
        process.send_signal(signal.SIGINT)
        until(lambda: not _asked(engines).live, "the end of the song")
        _, said = process.communicate(b"/model\n/exit\n", timeout=60)
    assert process.returncode == 0
    assert "[stopped]" in said.decode()
    assert "* m" in said.decode()


def test_a_server_that_is_not_there(run_chat) -> None:
    done = run_chat("--server", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr == (
        "mlxkernel: no server answers on http://127.0.0.1:1 (ConnectError); is it running?\n"
    )


def test_a_model_that_the_server_has_not(run_chat, server: RunningServer) -> None:
    done = run_chat("--server", server.url, "-m", "z")
    assert done.returncode == 1
    assert done.stderr == f"mlxkernel: {server.url} has no model 'z'; known: m, n\n"


def test_a_key_is_asked_for_and_sent(run_chat, tmp_path: Path) -> None:
    keys = tmp_path / "keys.toml"
    made = subprocess.run(
        [sys.executable, "-m", "mlxkernel", "keys", "create", "ada", "--file", str(keys)],
        capture_output=True,
        text=True,
        check=True,
    )
    tables = {**MODELS, "plugins": {"auth-keys": {"file": str(keys)}}}
    with run_server(tables, {"fake": fake_plugin()}) as server:
        refused = run_chat("--server", server.url, typed="Hi\n")
        let_in = run_chat("--server", server.url, typed="Hi\n", MLXKERNEL_KEY=made.stdout.strip())
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"mlxkernel: {server.url}: ")
    assert "key" in refused.stderr
    assert let_in.stdout == "Hello, world!\n"


def test_with_a_model_of_its_own(run_chat) -> None:
    done = run_chat("-m", "bundled:tiny", "--temp", "0", typed="Hello, my name is Ada.\nWhat is my name?\n")
    assert done.returncode == 0
    assert "Ada" in done.stdout.splitlines()[-1]
    assert done.stderr == ""


def test_a_model_of_its_own_that_is_not_there(run_chat) -> None:
    done = run_chat("-m", "./nope")
    assert done.returncode == 1
    assert done.stderr == (
        "mlxkernel: model 'nope' cannot be loaded: there is no folder './nope'; "
        "give the path of a model's folder, or a hub id\n"
    )
