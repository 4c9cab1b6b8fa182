"""Downloads: a source's progress and its refusals, from a process that ends with whoever waits for it."""

from __future__ import annotations

import os
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.config import decode_config
from mlxkernel.download import fetch
from mlxkernel.errors import RequestFailed
from mlxkernel.events import Progress
from mlxkernel.host import PluginHost, Scope, discover

SOURCE = '''
import os, sys, time
from pathlib import Path

import mlxkernel
from mlxkernel.errors import MlxKernelError


class Slow:
    """``slow:`` and what to do: give, refuse, die, or wait, with the process id in the file `pid`."""

    name = "slow"

    def claims(self, reference):
        return reference.startswith(("slow:", "./"))

    def resolve(self, reference, progress):
        print("a library prints what it likes")
        Path(os.environ["SLOW_PID"]).write_text(str(os.getpid()))
        progress("download", 0.25)
        progress("download", 0.2501)
        match reference.partition(":")[2]:
            case "give":
                progress("download", 1.0)
                return Path(__file__).parent
            case "die":
                os._exit(3)
            case "wait":
                while True:
                    time.sleep(0.01)
                    progress("download", 0.5)
            case _:
                raise MlxKernelError(f"there is no '{reference}'")


@mlxkernel.hookimpl
def mlxkernel_register_model_sources():
    return [Slow()]
'''


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PluginHost:
    """A host whose only plugin is the source above, installed for its processes too."""
    (tmp_path / "mlxkernel_slow.py").write_text(SOURCE, encoding="utf-8")
    info = tmp_path / "mlxkernel_slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mlxkernel-slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mlxkernel.v1]\nslow = mlxkernel_slow\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *([inherited] if inherited else [])]))
    monkeypatch.setenv("SLOW_PID", str(tmp_path / "pid"))
    others = sorted({entry.name for entry in discover()} - {"slow"})
    host = PluginHost(decode_config({"kernel": {"disabled": others}}, "mlx.toml"), Scope.KERNEL)
    host.load()
    return host


async def fetched(source: str, host: PluginHost) -> list[Progress]:
    """All progress until every file is here."""
    async with aclosing(fetch(source, host)) as progress:
        return [step async for step in progress]


async def test_a_download_reports_its_progress_and_ends(host: PluginHost) -> None:
    assert await fetched("slow:give", host) == [
        Progress("download", 250, 1000),
        Progress("download", 1000, 1000),
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("slow:nothing", "The model was not fetched: there is no 'slow:nothing'"),
        ("slow:die", "The model was not fetched: its process ended; the server's log has the details"),
        # Where an operator keeps models is for the log alone.
        (
            "./private/model",
            "The model was not fetched: its folder is not there; the server's log has the details",
        ),
        ("other:x", "The model was not fetched: [models.other:x] source: no model source knows 'other:x' "),
    ],
)
async def test_a_source_that_does_not_give(host: PluginHost, source: str, message: str, caplog: Any) -> None:
    with pytest.raises(RequestFailed) as caught:
        await fetched(source, host)
    fault = caught.value.fault
    assert fault.message.startswith(message)
    assert (fault.param, fault.code, fault.kind.status) == ("model", "not_fetched", 400)
    assert f"'{source}' was not fetched" in caplog.text


async def test_who_leaves_ends_the_download(host: PluginHost, tmp_path: Path) -> None:
    async with aclosing(fetch("slow:wait", host)) as progress:
        async for step in progress:
            if step.done == 500:
                break
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert [step async for step in progress] == []
