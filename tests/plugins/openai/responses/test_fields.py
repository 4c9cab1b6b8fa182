"""Every field of a request for a response is honoured, without effect or refused: in tables and in deed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.plugins.openai.responses.harness import Desk

from mlxkernel.fields import Refusal
from mlxkernel.request import Request
from mlxkernel_plugins.openai.responses.fields import REFUSALS, TABLE, WITHOUT_EFFECT

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "openai.md"


def test_every_field_has_exactly_one_treatment() -> None:
    assert TABLE.faults() == []


def test_the_reference_page_holds_the_tables_and_no_other_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index("### Fields of a response") : page.index("### Items")]
    assert [line for line in section.splitlines() if line.startswith("| `")] == list(TABLE.rows())


SAMPLES: dict[str, Any] = {
    "max_tool_calls": 3,
    "user": "u",
    "safety_identifier": "s",
    "service_tier": "flex",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "client_metadata": {"a": "b"},
}


def bare(request: Request) -> Request:
    return replace(request, extra=None)


@pytest.mark.parametrize("field", WITHOUT_EFFECT)
def test_a_field_without_effect_has_none(field: str) -> None:
    desk = Desk()
    assert bare(desk.read(**{field: SAMPLES[field]})) == bare(desk.read())


WANTED: dict[str, Any] = {
    "truncation": "auto",
    "background": True,
    "conversation": "conv_1",
    "prompt": {"id": "p"},
    "context_management": [{"type": "compaction"}],
    "moderation": {"model": "m"},
    "prompt_cache_options": {"ttl": "30m"},
}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.field)
def test_refused(refusal: Refusal) -> None:
    desk = Desk()
    fault = desk.refused(**{refusal.field: WANTED[refusal.field]})
    assert fault.param == refusal.field
    assert fault.message == f"'{refusal.field}' is not supported: {refusal.why}"
    for value in (None, *refusal.neutral):
        assert bare(desk.read(**{refusal.field: value})) == bare(desk.read())


def test_an_unknown_field_is_refused_with_the_nearest_name() -> None:
    fault = Desk().refused(max_output_token=5)
    assert fault.message == (
        "Unrecognized request argument supplied: max_output_token; did you mean 'max_output_tokens'?"
    )
