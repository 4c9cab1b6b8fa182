"""The plan of a training run: its phases, one after the other, and the learning rate at every step."""

from __future__ import annotations

from dataclasses import dataclass

from .mixture import Stage


@dataclass(frozen=True)
class Phase:
    """So many steps on one stage's text, in rows of one length.

    The learning rate goes up, stays and falls once in each `cycle`, over all the phases of its number.
    """

    stage: Stage
    rows: int
    length: int
    steps: int
    cycle: int = 1


PLAN: tuple[Phase, ...] = (
    Phase("copying", rows=24, length=176, steps=450),
    Phase("chat", rows=16, length=288, steps=1050),
    Phase("follow-ups", rows=8, length=512, steps=1900),
    Phase("agents", rows=6, length=768, steps=950, cycle=2),
    Phase("practice", rows=5, length=1024, steps=150, cycle=2),
    Phase("drills", rows=5, length=1024, steps=450, cycle=2),
    Phase("rehearsal", rows=5, length=1024, steps=750, cycle=2),
    Phase("performance", rows=5, length=1024, steps=600, cycle=2),
)
"""What the weights beside this recipe were trained with."""

_WARM_UP = 100
_DECAY = 0.3
"""The share of a cycle's steps over which the learning rate falls at its end."""


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


def rate(plan: tuple[Phase, ...], step: int) -> float:
    """Return the learning rate's factor at `step`: up, level and down to a fiftieth, once in each cycle."""
    cycle = phase_at(plan, step).cycle
    before = total(tuple(phase for phase in plan if phase.cycle < cycle))
    steps = total(tuple(phase for phase in plan if phase.cycle == cycle))
    warm = min(1.0, (step - before + 1) / _WARM_UP)
    left = (steps - (step - before)) / (steps * _DECAY)
    return warm * max(0.02, min(1.0, left))
