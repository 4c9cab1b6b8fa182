"""Lines of the system text that change with every turn."""

from __future__ import annotations

import msgspec
import pytest

from mlxkernel_plugins.anthropic import Config
from mlxkernel_plugins.anthropic.system_lines import SystemLines

BILLING = "x-anthropic-billing-header: cc_version=2.1.100.7b4; cc_entrypoint=cli; cch=eb6c6;"


def test_by_default_what_is_meant_for_the_service_is_left_out() -> None:
    steady = SystemLines(Config().system_lines).steady
    assert steady(f"{BILLING}\nYou are an agent.\n") == "You are an agent.\n"
    assert steady(BILLING) == ""
    for kept in (
        "",
        "You are.\n\nBe brief.\n",
        "Today is 2026-11-21 09:31.",
        f"The line '{BILLING}'",
        "x-anthropic",
    ):
        assert steady(kept) == kept


def test_rules_replace_a_line_or_leave_it_out_and_the_first_decides() -> None:
    lines = SystemLines(
        {
            r"Now: (\S+) .*": r"Today: \1",
            r"Turn \d+": "",
            r"Turn .*": "never reached by a number",
        }
    )
    assert lines.steady("a\nNow: 2026-11-21 09:31\nTurn 12\nTurn b\nTurn 1 of 2") == (
        "a\nToday: 2026-11-21\nnever reached by a number\nnever reached by a number"
    )


def test_no_rules_change_nothing() -> None:
    assert SystemLines({}).steady(BILLING) == BILLING


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"(": ""}, r"system_lines: '\(' = '' cannot be used: missing \)"),
        ({"a": r"\1"}, r"system_lines: 'a' = '\\\\1' cannot be used: invalid group reference 1"),
        ({".*": ""}, r"system_lines: '\.\*' matches the empty line, and so would every other"),
    ],
)
def test_a_rule_that_cannot_be_used_stops_the_start(rules: dict[str, str], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"system_lines": rules}, Config)
