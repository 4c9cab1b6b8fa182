"""The worker process alone: what it says to a kernel, and when it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mlxkernel.config import decode_config
from mlxkernel.events import Event, Finished, Started, TextDelta
from mlxkernel.host import PluginHost, Scope
from mlxkernel.models import ModelSpec
from mlxkernel.request import Prompts, Request
from mlxkernel.testing import check_law
from mlxkernel.worker import frames

PATIENCE = 20.0


class Conversation:
    """A worker, and the kernel's end of its socket in the test's hands."""

    def __init__(self, tables: dict[str, Any]) -> None:
        host = PluginHost(decode_config(tables, "mlx.toml"), Scope.KERNEL)
        host.load()
        self.load = frames.Load(
            spec=ModelSpec(name="m", source="clockwork:"),
            config=tables,
            plugins=tuple(plugin.stamp for plugin in host.loaded),
            heartbeat=0.02,
        )
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "mlxkernel", "worker", "--fd", str(theirs.fileno())]
        fds = [theirs.fileno()]
        self.process = subprocess.Popen(command, pass_fds=fds, stderr=subprocess.PIPE, text=True)
        theirs.close()
        ours.settimeout(PATIENCE)
        self.socket = ours
        self.reader = ours.makefile("rb")

    def send(self, *sent: frames.ToWorker) -> None:
        for frame in sent:
            self.socket.sendall(frames.encode(frame))

    def receive(self) -> frames.FromWorker | None:
        header = self.reader.read(4)
        return frames.from_worker.decode(self.reader.read(frames.length(header))) if header else None

    def until(self, kind: type) -> Any:
        """The next frame of this kind."""
        deadline = time.monotonic() + PATIENCE
        while not isinstance(frame := self.receive(), kind):
            assert frame is not None, f"the worker ended before it said {kind.__name__}"
            assert time.monotonic() < deadline, f"the worker did not say {kind.__name__}"
        return frame

    def run(self) -> list[Event]:
        """The events of the steps up to the first end of a run."""
        events: list[Event] = []
        while not events or not isinstance(events[-1], Finished):
            events += [output.event for output in self.until(frames.Step).outputs]
        return events

    def end(self) -> tuple[int, str]:
        """The exit code and what it wrote."""
        _, written = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, written

    def close(self) -> None:
        self.reader.close()
        self.socket.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def worker(kit: Any, clockwork_installed: None) -> Iterator[Conversation]:
    conversation = Conversation(kit.clockwork_tables())
    yield conversation
    conversation.close()


def ask(command: str, request_id: str = "r") -> frames.Submit:
    return frames.Submit(Request(id=request_id, model="m", input=Prompts((command,))))


def test_from_hello_to_stopped(worker: Conversation) -> None:
    worker.send(worker.load)
    hello = worker.receive()
    assert hello == frames.Hello(pid=worker.process.pid, plugins=worker.load.plugins)
    assert worker.until(frames.Loading) == frames.Loading("download", 0.5)
    assert worker.until(frames.Ready).info.architecture == "clockwork"
    worker.send(ask("count 2"))
    events = worker.run()
    assert events[:3] == [Started(3), TextDelta(0, "1 "), TextDelta(0, "2 ")]
    check_law(events)
    worker.send(frames.Stop())
    assert worker.until(frames.Stopped) == frames.Stopped()
    assert worker.end() == (0, "")


def test_requests_that_come_before_the_model_is_ready_wait(worker: Conversation, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker.send(replace(worker.load, spec=ModelSpec(name="m", source=f"clockwork:gate={gate}")))
    worker.send(ask("count 1", "a"), ask("count 1", "b"), frames.Cancel("a"))
    assert worker.until(frames.Loading).fraction == 0.5
    gate.touch()
    worker.until(frames.Ready)
    ids = {output.request_id for _ in range(3) for output in worker.until(frames.Step).outputs}
    assert ids == {"b"}


def test_the_heartbeat_tells_of_the_step_under_way(worker: Conversation) -> None:
    worker.send(worker.load)
    worker.until(frames.Ready)
    assert worker.until(frames.Heartbeat).step_age < PATIENCE
    worker.send(ask("hang"))
    ages = [0.0]
    while len(ages) < 4 or not ages[-1] > 0:
        ages.append(worker.until(frames.Heartbeat).step_age)
    later = worker.until(frames.Heartbeat)
    assert later.step_age > ages[-1]
    assert later.stats.running == 1


def test_it_leaves_with_its_kernel_whatever_it_does(worker: Conversation) -> None:
    worker.send(worker.load)
    worker.until(frames.Ready)
    worker.send(ask("hang"), frames.Stop())
    worker.reader.close()
    worker.socket.close()
    assert worker.end() == (0, "")


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\x50half"], ids=["nothing", "length", "half"])
def test_a_kernel_that_leaves_before_it_has_spoken(worker: Conversation, sent: bytes) -> None:
    worker.socket.sendall(sent)
    worker.socket.shutdown(socket.SHUT_WR)
    assert worker.end() == (0, "")


def test_a_kernel_of_another_version(worker: Conversation) -> None:
    worker.send(replace(worker.load, version=frames.VERSION + 1))
    assert worker.receive() == frames.Hello(pid=worker.process.pid, plugins=())
    assert worker.end() == (1, "")


def test_signals_that_are_meant_for_the_kernel_do_not_end_it(worker: Conversation) -> None:
    worker.send(worker.load)
    worker.until(frames.Ready)
    worker.process.send_signal(signal.SIGTERM)
    worker.process.send_signal(signal.SIGINT)
    worker.send(ask("count 1"))
    assert worker.until(frames.Step)


def test_plugins_that_do_not_load_are_a_reason(worker: Conversation) -> None:
    tables = {**worker.load.config, "plugins": {"clockwork": {"colour": 1}}}
    worker.send(replace(worker.load, config=tables))
    failed = worker.until(frames.LoadFailed)
    assert failed.message == (
        "[plugins.clockwork]: plugin 'clockwork' of mlxkernel-clockwork 1.0 takes no configuration"
    )
    assert worker.end()[0] == 1
