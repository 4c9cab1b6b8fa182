"""The plan of a training run: first to see, then to talk, and the learning rate at every step of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import mixture

Stage = Literal["sight"] | mixture.Stage


@dataclass(frozen=True)
class Phase:
    """So many steps of one stage, and the highest learning rates of Muon and AdamW in it.

    In "sight" a step is `size` pictures, in the others conversations of about `size` tokens together.
    """

    stage: Stage
    steps: int
    size: int
    muon: float
    adam: float
    decay: float
    """The share of the steps over which the learning rate falls at the end."""


PLAN: tuple[Phase, ...] = (
    Phase("sight", steps=1200, size=64, muon=0.008, adam=0.004, decay=0.4),
    Phase("talk", steps=700, size=4000, muon=0.003, adam=0.002, decay=0.0),
    Phase("detail", steps=2420, size=2000, muon=0.003, adam=0.002, decay=0.3),
)
"""What the weights beside this recipe were trained with."""

_WARM_UP = 60
_LEAST = 0.02


def total(plan: tuple[Phase, ...]) -> int:
    """Return the number of steps of the whole plan."""
    return sum(phase.steps for phase in plan)


def phase_at(plan: tuple[Phase, ...], step: int) -> tuple[Phase, int]:
    """Return the phase that step number `step` belongs to, and the step's number in it."""
    for phase in plan:
        if step < phase.steps:
            return phase, step
        step -= phase.steps
    raise ValueError(f"the plan ends {step} steps before")


def rate(phase: Phase, step: int) -> float:
    """Return the learning rate's factor at a step of a phase: up in a line, level, and down in a line."""
    warm = min(1.0, (step + 1) / _WARM_UP)
    fall = phase.steps * phase.decay
    return warm * (max(_LEAST, min(1.0, (phase.steps - step) / fall)) if fall else 1.0)
