"""Supervisor, worker process and frames together: real processes that run the clockwork."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlxkernel.errors import FaultKind
from mlxkernel.events import Event, Failed, Finished, Progress, Started, TextDelta
from mlxkernel.models import Health
from mlxkernel.request import Request
from mlxkernel.supervisor import Supervisor
from mlxkernel.testing import check_law
from mlxkernel.worker import frames

PATIENCE = 20.0
"""Seconds after which a run that does not end is given up; nothing is measured against it."""


async def collect(supervisor: Supervisor, request: Request) -> list[Event]:
    return await Reader(supervisor, request).task


def spoken(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def failure(events: list[Event]) -> Failed:
    last = events[-1]
    assert isinstance(last, Failed), events
    return last


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


class Reader:
    """Reads one run in the background, for tests that act while it is under way."""

    def __init__(self, supervisor: Supervisor, request: Request) -> None:
        self.events: list[Event] = []
        self.task = asyncio.ensure_future(asyncio.wait_for(self._read(supervisor, request), PATIENCE))

    async def _read(self, supervisor: Supervisor, request: Request) -> list[Event]:
        async for event in supervisor.submit(request):
            self.events.append(event)
        check_law(self.events)
        return self.events

    @property
    def started(self) -> bool:
        return any(isinstance(event, Started) for event in self.events)

    @property
    def spoke(self) -> bool:
        return any(isinstance(event, TextDelta) for event in self.events)


async def ready(kit: Any, supervisor: Supervisor) -> int:
    await kit.until(lambda: supervisor.health().state == "ready", "ready")
    assert supervisor.pid is not None
    return supervisor.pid


async def freeze(kit: Any, supervisor: Supervisor) -> int:
    """Stop the worker without ending it, and return when the supervisor has noticed."""
    pid, patient, deaths = supervisor.pid, supervisor._config, supervisor.health().restarts
    assert pid is not None
    supervisor._config = msgspec.structs.replace(patient, silence=0.3)
    os.kill(pid, signal.SIGSTOP)
    await kit.until(lambda: supervisor.health().restarts > deaths, "the death of the stuck worker")
    supervisor._config = patient
    return pid


# --- load, run, cancel ----------------------------------------------------------------------------------


async def test_a_load_is_shown_with_its_stages_and_a_request_waits_for_it(
    kit: Any, supervise: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    supervisor = supervise(f"gate={gate}")
    with pytest.raises(LookupError, match="model 'm' is not loaded"):
        _ = supervisor.info
    reader = Reader(supervisor, kit.ask("count 3"))
    await kit.until(lambda: supervisor.health() == Health(state="loading", progress=0.25, stage="weights"))
    await kit.until(lambda: Progress("loading", 250, 1000) in reader.events, "a sign of life")
    gate.touch()
    events = await reader.task
    assert spoken(events) == "1 2 3 "
    assert supervisor.info.architecture == "clockwork"
    assert supervisor.health() == Health(state="ready")


async def test_many_requests_share_the_worker(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    runs = [collect(supervisor, kit.ask(f"count {n}", f"r{n}")) for n in range(1, 9)]
    answers = await asyncio.gather(*runs)
    assert [spoken(events).count(" ") for events in answers] == list(range(1, 9))


async def test_a_cancelled_request_frees_its_row(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    reader = Reader(supervisor, kit.ask("forever"))
    await kit.until(lambda: reader.spoke and supervisor.stats().running == 1, "the run")
    supervisor.cancel("r1")
    await kit.until(lambda: supervisor.stats().running == 0, "the free row")
    await asyncio.gather(reader.task, return_exceptions=True)
    assert not isinstance(reader.events[-1], (Finished, Failed))
    supervisor.cancel("r1")
    supervisor.cancel("nobody")
    assert spoken(await collect(supervisor, kit.ask("count 1", "r2"))) == "1 "


async def test_what_a_dialect_remembers_need_not_travel(kit: Any, supervise: Any) -> None:
    request = msgspec.structs.replace(kit.ask("count 1"), extra=object())
    assert spoken(await collect(supervise(), request)) == "1 "


async def test_a_reader_that_leaves_frees_its_row(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    events = supervisor.submit(kit.ask("forever"))
    async for event in events:
        if isinstance(event, TextDelta):
            break
    await kit.until(lambda: supervisor.stats().running == 1)
    await events.aclose()  # type: ignore[attr-defined]
    await kit.until(lambda: supervisor.stats().running == 0, "the free row")


async def test_a_request_cancelled_while_it_is_prepared_never_reaches_the_engine(
    kit: Any, supervise: Any, tmp_path: Path
) -> None:
    supervisor = supervise()
    gate = tmp_path / "gate"
    await ready(kit, supervisor)
    first = Reader(supervisor, kit.ask(f"prepare-gate {gate}", "held"))
    behind = Reader(supervisor, kit.ask("forever", "behind"))
    await kit.until(lambda: set(supervisor._flights) == {"held", "behind"})
    supervisor.cancel("behind")
    supervisor.cancel("held")
    gate.touch()
    assert spoken(await collect(supervisor, kit.ask("count 1", "after"))) == "1 "
    assert supervisor.stats().running == 0
    await asyncio.gather(first.task, behind.task, return_exceptions=True)
    assert not first.started and not behind.started


async def test_a_request_that_the_engine_refuses(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    fault = failure(await collect(supervisor, kit.ask("refuse"))).fault
    assert (fault.kind, fault.param) == (FaultKind.INVALID, "prompt")
    assert fault.message == "the clockwork refuses this"


@pytest.mark.parametrize("command", ["unprepared", "unadmitted"])
async def test_a_request_that_breaks_the_engine_before_its_first_step(
    kit: Any, supervise: Any, command: str
) -> None:
    supervisor = supervise()
    other = Reader(supervisor, kit.ask("forever", "other"))
    await kit.until(lambda: other.spoke)
    pid = supervisor.pid
    fault = failure(await collect(supervisor, kit.ask(command))).fault
    assert fault.kind is FaultKind.INTERNAL
    assert fault.message == "The request could not be prepared; the server's log has the details"
    said = len(other.events)
    await kit.until(lambda: len(other.events) > said, "the other run")
    supervisor.cancel("other")
    assert spoken(await collect(supervisor, kit.ask("count 2", "next"))) == "1 2 "
    assert supervisor.pid == pid


async def test_a_step_that_raises_fails_what_it_lost_and_no_other(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    other = Reader(supervisor, kit.ask("forever", "other"))
    await kit.until(lambda: other.spoke)
    pid = supervisor.pid
    fault = failure(await collect(supervisor, kit.ask("raise"))).fault
    assert fault.code == "engine_failed"
    assert fault.message == (
        "The engine failed while it answered (RuntimeError); the server's log has the details"
    )
    said = len(other.events)
    await kit.until(lambda: len(other.events) > said, "the other run")
    supervisor.cancel("other")
    assert supervisor.pid == pid


async def test_an_engine_that_cannot_be_rebuilt_ends_its_process(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    other = Reader(supervisor, kit.ask("forever", "other"))
    await kit.until(lambda: other.spoke)
    await collect(supervisor, kit.ask("raise for good"))
    fault = failure(await other.task).fault
    assert fault.message == (
        "The worker of model 'm' ended while it answered (the worker ended with exit code 70); "
        "the model is being loaded again"
    )
    assert spoken(await collect(supervisor, kit.ask("count 1", "next"))) == "1 "


# --- crashes --------------------------------------------------------------------------------------------


async def test_killed_under_several_streams(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    streams = [Reader(supervisor, kit.ask("forever", f"stream{n}")) for n in range(8)]
    waiting = Reader(supervisor, kit.ask("started", "waiting"))
    await kit.until(lambda: waiting.started and all(reader.spoke for reader in streams), "the streams")
    first = supervisor.pid
    os.kill(first, signal.SIGKILL)
    for reader in streams:
        fault = failure(await reader.task).fault
        assert fault.code == "worker_crashed"
        assert fault.message == (
            "The worker of model 'm' ended while it answered (the worker was ended by SIGKILL); "
            "the model is being loaded again"
        )
    await kit.until(lambda: supervisor.health().state == "ready", "the restart")
    assert supervisor.pid != first
    assert supervisor.health().restarts == 1
    await kit.until(lambda: supervisor.stats().running == 1, "the request that had said nothing")
    supervisor.cancel("waiting")
    await asyncio.gather(waiting.task, return_exceptions=True)
    assert [type(event) for event in waiting.events].count(Started) == 1
    assert spoken(await collect(supervisor, kit.ask("count 2", "next"))) == "1 2 "


async def test_a_request_that_had_said_nothing_is_answered_after_the_crash(
    kit: Any, supervise: Any, tmp_path: Path
) -> None:
    cure = tmp_path / "cure"
    supervisor = supervise()
    reader = Reader(supervisor, kit.ask(f"die-unless {cure}"))
    await kit.until(lambda: supervisor.health().restarts == 1, "the crash")
    cure.touch()
    events = await reader.task
    assert isinstance(events[-1], Finished)


async def test_a_request_that_kills_two_workers_is_not_tried_on_a_third(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    fault = failure(await collect(supervisor, kit.ask("die"))).fault
    assert fault.code == "worker_crashed"
    assert spoken(await collect(supervisor, kit.ask("count 1", "next"))) == "1 "
    assert supervisor.health().restarts == 2


async def test_who_waits_for_a_restart_gets_signs_of_life(kit: Any, supervise: Any) -> None:
    patient = msgspec.structs.replace(kit.QUICK, backoff=1000.0, backoff_limit=1000.0)
    supervisor = supervise("", patient)
    os.kill(await ready(kit, supervisor), signal.SIGKILL)
    await kit.until(lambda: supervisor.health().state == "crashed", "the crash")
    reader = Reader(supervisor, kit.ask("count 1"))
    await kit.until(lambda: reader.events, "a sign of life")
    assert reader.events[0] == Progress("queued", 0, 1000)
    assert supervisor.health().reason == "the worker was ended by SIGKILL"
    await supervisor.close()
    assert failure(await reader.task).fault.code == "shutting_down"


async def test_killed_while_idle(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    pid = await ready(kit, supervisor)
    os.kill(pid, signal.SIGKILL)
    await kit.until(lambda: supervisor.health().restarts == 1 and supervisor.health().state == "ready")
    assert supervisor.health().reason is None
    assert spoken(await collect(supervisor, kit.ask("count 1"))) == "1 "


async def test_killed_during_the_load(kit: Any, supervise: Any, tmp_path: Path) -> None:
    gate, log = tmp_path / "gate", tmp_path / "log"
    supervisor = supervise(f"log={log},gate={gate}")
    reader = Reader(supervisor, kit.ask("count 2"))
    await kit.until(lambda: supervisor.health().stage == "weights", "the load")
    os.kill(supervisor.pid, signal.SIGKILL)
    gate.touch()
    assert spoken(await reader.task) == "1 2 "
    assert len(log.read_text().split()) == 2


async def test_a_model_that_crashes_on_load_is_given_up(kit: Any, supervise: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = supervise(f"log={log},die")
    fault = failure(await collect(supervisor, kit.ask("count 1"))).fault
    assert (fault.kind, fault.code) == (FaultKind.OVERLOADED, "model_unavailable")
    assert fault.message == "The model 'm' cannot be loaded; the server's log and /health say why"
    assert len(log.read_text().split()) == 3
    await kit.until(lambda: supervisor.pid is None)
    health = supervisor.health()
    assert health.state == "dead"
    assert health.reason == (
        "the worker was ended by SIGKILL while it loaded the model, after 3 crashes in a row"
    )
    assert failure(await collect(supervisor, kit.ask("count 1", "late"))).fault == fault


async def test_a_load_that_always_hangs_is_given_up(kit: Any, supervise: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    config = msgspec.structs.replace(kit.QUICK, load_attempts=2)
    supervisor = supervise(f"log={log},gate={tmp_path / 'never'}", config)
    reader = Reader(supervisor, kit.ask("count 1"))
    for attempt in (1, 2):
        await kit.until(lambda n=attempt: log.exists() and len(log.read_text().split()) == n, "the load")
        await freeze(kit, supervisor)
    assert failure(await reader.task).fault.code == "model_unavailable"
    assert supervisor.health().reason == (
        "the worker was stuck and had to be killed while it loaded the model, after 2 crashes in a row"
    )


@pytest.mark.parametrize(
    ("switch", "reason"),
    [("refuse", "the clockwork is not wound up; wind it up"), ("break", "KeyError: 'cog'")],
)
async def test_a_load_that_cannot_succeed_is_not_repeated(
    kit: Any, supervise: Any, tmp_path: Path, switch: str, reason: str
) -> None:
    log = tmp_path / "log"
    supervisor = supervise(f"log={log},{switch}")
    assert failure(await collect(supervisor, kit.ask("count 1"))).fault.code == "model_unavailable"
    assert supervisor.health() == Health(state="dead", reason=reason)
    assert len(log.read_text().split()) == 1


async def test_a_source_that_nobody_knows(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    supervisor._load = msgspec.structs.replace(
        supervisor._load, spec=msgspec.structs.replace(supervisor.spec, source="gramophone:1")
    )
    await collect(supervisor, kit.ask("count 1"))
    assert supervisor.health().reason == (
        "[models.m] source: no model source knows 'gramophone:1' (installed sources: clockwork); "
        "write bundled:tiny, the path of a model's folder, or a hub id such as mlx-community/Qwen3-4B-4bit"
    )


# --- stuck workers --------------------------------------------------------------------------------------


async def test_a_silent_worker_is_killed_and_replaced(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    reader = Reader(supervisor, kit.ask("forever"))
    await kit.until(lambda: reader.spoke)
    pid = await freeze(kit, supervisor)
    assert failure(await reader.task).fault.message == (
        "The worker of model 'm' ended while it answered (the worker was stuck and had to be killed); "
        "the model is being loaded again"
    )
    assert spoken(await collect(supervisor, kit.ask("count 1", "next"))) == "1 "
    assert not alive(pid)


async def test_a_step_that_never_ends_is_ended(kit: Any, supervise: Any) -> None:
    supervisor = supervise("", msgspec.structs.replace(kit.QUICK, step_limit=0.5))
    reader = Reader(supervisor, kit.ask("forever", "other"))
    await kit.until(lambda: reader.spoke)
    hanging = Reader(supervisor, kit.ask("hang"))
    assert "was stuck and had to be killed" in failure(await reader.task).fault.message
    assert "was stuck and had to be killed" in failure(await hanging.task).fault.message
    assert supervisor.health().restarts == 2


# --- two processes that do not fit together -------------------------------------------------------------


async def test_other_plugins_in_the_worker_are_an_error(kit: Any, clockwork_installed: None) -> None:
    stamp = frames.PluginStamp("clockwork", "mlxkernel-clockwork", "0.9")
    ghost = frames.PluginStamp("ghost", "mlxkernel-ghost", "1.0")
    spec = msgspec.convert({"name": "m", "source": "clockwork:"}, frames.ModelSpec)
    supervisor = Supervisor(spec, kit.QUICK, kit.clockwork_tables(), (stamp, ghost))
    try:
        await collect(supervisor, kit.ask("count 1"))
        assert supervisor.health() == Health(
            state="dead",
            reason="kernel and worker loaded different plugins: clockwork, ghost; see the log above",
        )
    finally:
        await supervisor.close()


async def test_another_version_of_the_frames_is_an_error_and_not_repeated(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    supervisor._load = msgspec.structs.replace(supervisor._load, version=frames.VERSION + 1)
    await collect(supervisor, kit.ask("count 1"))
    assert supervisor.health().reason == (
        f"the worker speaks version {frames.VERSION} of the frames, the kernel {frames.VERSION + 1}"
    )
    assert supervisor.health().restarts == 0


# --- ends -----------------------------------------------------------------------------------------------


async def test_close_ends_the_process_and_its_requests(kit: Any, supervise: Any) -> None:
    supervisor = supervise()
    reader = Reader(supervisor, kit.ask("forever"))
    await kit.until(lambda: reader.spoke)
    pid = supervisor.pid
    await supervisor.close()
    assert not alive(pid)
    assert failure(await reader.task).fault.code == "shutting_down"
    assert supervisor.health() == Health(state="stopped")
    assert failure(await collect(supervisor, kit.ask("count 1", "late"))).fault.code == "shutting_down"
    assert supervisor.pid is None


async def test_close_during_the_load_and_during_the_start(kit: Any, supervise: Any, tmp_path: Path) -> None:
    config = msgspec.structs.replace(kit.QUICK, stop_grace=0.1)
    loading = supervise(f"gate={tmp_path / 'never'}", config)
    await kit.until(lambda: loading.health().stage == "weights")
    pid = loading.pid
    await loading.close()
    assert not alive(pid)
    starting = supervise("", config)
    for _ in range(3):
        await asyncio.sleep(0)
    await starting.close()
    assert starting.pid is None


async def test_close_of_a_worker_that_hangs(kit: Any, supervise: Any) -> None:
    supervisor = supervise("", msgspec.structs.replace(kit.QUICK, stop_grace=0.1))
    reader = Reader(supervisor, kit.ask("hang"))
    pid = await ready(kit, supervisor)
    await supervisor.close()
    assert not alive(pid)
    assert failure(await reader.task).fault.code == "shutting_down"
