"""Health: one word for all models, asked of the engines, open to everybody."""

from __future__ import annotations

from typing import Any

import pytest

from mlxkernel import __version__
from mlxkernel.health import overall
from mlxkernel.supervisor import WorkerState


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], "ok"),
        (["ready", "ready"], "ok"),
        (["stopped"], "ok"),
        (["ready", "loading"], "loading"),
        (["starting"], "loading"),
        (["ready", "crashed"], "degraded"),
        (["stopped", "dead"], "degraded"),
        (["loading", "stuck"], "degraded"),
        (["dead"], "dead"),
        (["crashed", "stuck", "dead"], "dead"),
    ],
)
def test_one_word_for_all(states: list[str], word: str) -> None:
    assert overall(states) == word


def test_every_state_of_a_worker_is_known() -> None:
    words = {state: overall([state.value, "ready"]) for state in WorkerState}
    assert words == {
        WorkerState.STOPPED: "ok",
        WorkerState.STARTING: "loading",
        WorkerState.LOADING: "loading",
        WorkerState.READY: "ok",
        WorkerState.STUCK: "degraded",
        WorkerState.CRASHED: "degraded",
        WorkerState.DEAD: "degraded",
    }


async def test_the_report(kit: Any) -> None:
    models = {name: {"source": "x", "engine": "string", "preload": name != "c"} for name in ("a", "b", "c")}
    async with kit.serving(models=models, auth={"use": "password"}) as serving:
        reply = await serving.client.get("/health")
        assert reply.status_code == 200
        assert reply.json() == {
            "status": "ok",
            "version": __version__,
            "models": {"a": {"state": "ready"}, "b": {"state": "ready"}, "c": {"state": "stopped"}},
        }
        serving.toy.engines["a"].state = "dead"
        reply = await serving.client.get("/health")
        assert (reply.status_code, reply.json()["status"]) == (200, "degraded")
        assert (await serving.client.head("/health")).status_code == 200
        posted = await serving.client.post("/health", headers={"Authorization": "Bearer sesame"})
        assert posted.status_code == 405


async def test_when_no_model_answers_the_status_says_so(kit: Any) -> None:
    async with kit.serving() as serving:
        serving.toy.engine.state = "stuck"
        reply = await serving.client.get("/health")
        assert (reply.status_code, reply.json()["status"]) == (503, "dead")
