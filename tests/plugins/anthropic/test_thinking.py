"""Thinking: how much, and shown or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.request import ReasoningWish, Request
from mlxkernel_plugins.anthropic.messages import Remembered

Read = Callable[..., Request]
Refused = Callable[..., Fault]


@pytest.mark.parametrize(
    ("thinking", "effort", "wish"),
    [
        (None, None, ReasoningWish()),
        (None, "high", ReasoningWish()),
        ({"type": "disabled"}, "high", ReasoningWish(False)),
        ({"type": "enabled", "budget_tokens": 60}, None, ReasoningWish(True, None, 60)),
        ({"type": "enabled", "budget_tokens": 60}, "low", ReasoningWish(True, "low", 60)),
        ({"type": "adaptive"}, None, ReasoningWish(optional=True)),
        ({"type": "adaptive"}, "xhigh", ReasoningWish(effort="xhigh", optional=True)),
        ({"type": "adaptive"}, "max", ReasoningWish(effort="max", optional=True)),
    ],
)
def test_wishes(read: Read, thinking: Any, effort: str | None, wish: ReasoningWish) -> None:
    assert read(thinking=thinking, output_config={"effort": effort}).reasoning == wish


def test_a_budget_must_leave_room_for_the_answer(read: Read, refused: Refused, read_count: Read) -> None:
    thinking = {"type": "enabled", "budget_tokens": 100}
    assert read(thinking=thinking, max_tokens=101).reasoning.budget_tokens == 100
    assert refused(thinking=thinking, max_tokens=100).message == (
        "'thinking.budget_tokens' (100) must be less than 'max_tokens' (100), which counts thoughts too"
    )
    assert refused(thinking={"type": "enabled"}).message == "'thinking.budget_tokens' is missing"
    assert refused(thinking={**thinking, "budget_tokens": 0}).message == (
        "'thinking.budget_tokens' must be an integer >= 1"
    )
    assert read_count(thinking=thinking).reasoning == ReasoningWish(True, None, 100)


@pytest.mark.parametrize("kind", [{"type": "enabled", "budget_tokens": 5}, {"type": "adaptive"}])
def test_thoughts_may_be_left_out(read: Read, kind: dict[str, Any]) -> None:
    for display, hides in ((None, False), ("summarized", False), ("omitted", True)):
        assert read(thinking={**kind, "display": display}).extra == Remembered(hides)
    assert read(thinking={"type": "disabled"}).extra == Remembered(False)
