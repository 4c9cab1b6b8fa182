"""Arguments: what does not fit a tool's schema is logged, and nothing of the answer changes."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest

from mlxkernel.arguments import ArgumentCheck, mismatch
from mlxkernel.events import Event, TextDelta, ToolCallDelta, ToolCallEnded, ToolCallStarted
from mlxkernel.messages import Json
from mlxkernel.request import Prompts, Request, Tool

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"$ref": "#/$defs/days"}},
    "required": ["city"],
    "$defs": {"days": {"type": "integer", "maximum": 7}},
}


def check(*arguments: str, name: str = "weather", schema: Any = SCHEMA) -> None:
    """Feed one call in these parts; every event must come out as it went in."""
    request = Request(id="r1", model="m", input=Prompts(("x",)), tools=(Tool("weather", "", schema),))
    events: list[Event] = [
        TextDelta(0, "I look."),
        ToolCallStarted(0, 0, "call_1", name),
        *(ToolCallDelta(0, 0, part) for part in arguments),
        ToolCallEnded(0, 0),
    ]
    stage = ArgumentCheck(request)
    assert [out for event in events for out in stage.feed(event)] == events


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (['{"city": "Secret", "days": 9}'], "do not fit its schema at #/properties/days/maximum"),
        (['{"ci', 'ty": 5551234}'], "do not fit its schema at #/properties/city/type"),
        (['{"days": 3}'], "do not fit its schema at #/required"),
        (['{"city": "Secret'], "are no JSON"),
    ],
)
def test_a_mismatch_is_a_warning_without_the_values(
    caplog: pytest.LogCaptureFixture, arguments: list[str], said: str
) -> None:
    with caplog.at_level(logging.INFO):
        check(*arguments)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"request r1: the arguments of tool 'weather' {said}"


def test_a_name_that_is_no_tool_s_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    check("{}", name="wether")
    assert [record.getMessage() for record in caplog.records] == [
        "request r1: 'wether' was called, but there is no such tool"
    ]


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        (SCHEMA, '{"city": "Paris", "days": 7}'),
        ({}, '{"anything": 1}'),
        ({"type": "strin"}, "{}"),
        ({"$ref": "https://example.com/schema.json"}, "{}"),
        ({"$ref": "#/$defs/none"}, "{}"),
        ({"$ref": "#"}, "{}"),
        ({"properties": 5}, '{"a": 1}'),
        ({"patternProperties": {"(a+)+$": False}}, '{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!": 1}'),
        ({"properties": {"a": {"pattern": "(a+)+$"}}}, '{"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}'),
        ({"properties": {"a": {"pattern": "(["}}}, '{"a": "x"}'),
    ],
)
def test_what_fits_and_what_cannot_be_checked_is_no_warning(
    caplog: pytest.LogCaptureFixture, schema: Any, arguments: str
) -> None:
    with caplog.at_level(logging.INFO):
        check(arguments, schema=schema)
    assert not caplog.records


def test_references_that_double_come_to_an_end() -> None:
    """Forty steps that each ask twice for the next would take 2**40 of them."""
    doubling: dict[str, Json] = {
        f"n{step}": {"allOf": [{"$ref": f"#/$defs/n{step + 1}"}] * 2} for step in range(40)
    }
    assert mismatch({}, {"$ref": "#/$defs/n0", "$defs": {**doubling, "n40": {"type": "object"}}}) is None


def test_nothing_is_imported_for_it_before_a_tool_is_called() -> None:
    code = "import sys, mlxkernel.kernel, mlxkernel.parsing; sys.exit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
