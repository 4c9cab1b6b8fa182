"""Pieces of prefill are bounded in time, at the model's own pace."""

from __future__ import annotations

from tests.plugins.mlx_text.harness import Driver, completion

from mlxkernel.events import Progress
from mlxkernel_mlx.pace import FIRST, LEAST, Pace


def test_what_fits_into_the_time() -> None:
    pace = Pace(0.1)
    assert (pace.share(512), pace.share(24)) == (FIRST, 24)
    pace.record(FIRST, 0.1)
    assert pace.share(512) == FIRST
    pace.record(640, 0.1)
    assert pace.share(512) == 352
    pace.record(5, 100.0)
    assert pace.share(512) == 352, "a piece of few tokens says nothing"
    for _ in range(40):
        pace.record(100, 1000.0)
    assert (pace.share(512), pace.share(8)) == (LEAST, 8)


def test_a_long_prompt_begins_with_a_small_piece_beside_running_rows(driver: Driver) -> None:
    driver.engine._pace = Pace(0.1)
    driver.admit(completion("running", (5, 6, 7), max_tokens=60))
    for _ in range(3):
        driver.step()
    driver.admit(completion("long", tuple(range(3, 303)), max_tokens=2))
    driver.run()
    pieces = [event.done for event in driver.events["long"] if isinstance(event, Progress)]
    assert pieces[0] == FIRST and pieces == sorted(pieces)
    assert driver.answer("long").usage.completion_tokens == 2
    assert driver.answer("running").usage.completion_tokens == 60


def test_the_pace_is_learnt_only_beside_running_rows(driver: Driver) -> None:
    driver.engine._pace = Pace(0.1)
    driver.ask(completion("alone", tuple(range(3, 303)), max_tokens=2))
    assert driver.engine._pace.share(512) == FIRST
