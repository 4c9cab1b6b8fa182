"""The plan of a training run: its phases, one after the other, and the learning rate at every step."""

from __future__ import annotations

from dataclasses import dataclass

from .mixture import Stage


@dataclass(frozen=True)
class Phase:
    """So many steps on one stage's text, in rows of one length."""

    stage: Stage
    rows: int
    length: int
    steps: int


PLAN: tuple[Phase, ...] = (
    Phase("copying", rows=24, length=176, steps=450),
    Phase("chat", rows=16, length=288, steps=1050),
    Phase("follow-ups", rows=8, length=512, steps=1900),
)
"""What the weights beside this recipe were trained with."""

_WARM_UP = 100
_DECAY = 0.3
"""The share of the steps over which the learning rate falls at the end."""


def total(plan: tuple[Phase, ...]) -> int:
    """Return the number of steps of the whole plan."""
    return sum(phase.steps for phase in plan)


def phase_at(plan: tuple[Phase, ...], step: int) -> Phase:
    """Return the phase that step number `step` belongs to; steps past the end belong to the last."""
    for phase in plan:
        if step < phase.steps:
            return phase
        step -= phase.steps
    return plan[-1]


def rate(step: int, steps: int) -> float:
    """Return the learning rate's factor at `step` of `steps`: up in a line, level, and down in a line to a
    fiftieth.
    """
    warm = min(1.0, (step + 1) / _WARM_UP)
    left = (steps - step) / (steps * _DECAY)
    return warm * max(0.02, min(1.0, left))
