"""Health: what GET /health says, asked of the engines and never of the clock on the wall."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from msgspec import Struct

from mlxkernel.api import Health, Reply
from mlxkernel.kernel import Kernel

_BROKEN = ("crashed", "dead", "stuck")
_LOADING = ("starting", "loading")


class HealthReport(Struct, frozen=True, omit_defaults=True):
    """The body of GET /health.

    `status` is ``ok``, ``loading``, ``degraded`` (some models answer, some cannot), ``dead`` (none can)
    or ``draining``. Status 200 while requests are taken or will soon be, else 503.
    """

    status: str
    version: str
    models: dict[str, Health]
    requests: int = 0


def overall(states: Collection[str]) -> str:
    """One word for the states of all models; a model that nobody asked for yet is no fault."""
    broken = sum(state in _BROKEN for state in states)
    if broken and broken == len(states):
        return "dead"
    if broken:
        return "degraded"
    if any(state in _LOADING for state in states):
        return "loading"
    return "ok"


def health_reply(kernel: Kernel) -> Reply:
    """The answer to GET /health, from the states that the supervisors know; waits for nothing."""
    models: Mapping[str, Health] = kernel.health()
    status = "draining" if kernel.pipeline.draining else overall([health.state for health in models.values()])
    report = HealthReport(status, kernel.version, dict(models), kernel.pipeline.active)
    code = 503 if status in ("dead", "draining") else 200
    return Reply(status=code, body=msgspec.json.encode(report))
