"""Every top-level field is honoured, without effect or refused: in the tables, in the docs and in deed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.fields import Refusal
from mlxkernel.request import JsonSchema, ReasoningWish, Render, Request, Sampling
from mlxkernel_plugins.anthropic.bodies import CountBody, MessagesBody
from mlxkernel_plugins.anthropic.fields import REFUSALS, TABLE, THREADS, WITHOUT_EFFECT

Read = Callable[..., Request]
Refused = Callable[..., Fault]

COUNT_FIELDS = CountBody.__struct_fields__
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "anthropic.md"


def test_every_field_has_exactly_one_treatment() -> None:
    assert TABLE.faults() == []
    assert set(COUNT_FIELDS) < set(MessagesBody.__struct_fields__)


def test_the_reference_page_holds_the_tables_and_no_other_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    fields = page[page.index("## Fields") : page.index("## Messages")]
    assert [line for line in fields.splitlines() if line.startswith("| `")] == list(TABLE.rows())


SAMPLES: dict[str, Any] = {
    "metadata": {"user_id": "u"},
    "cache_control": {"type": "ephemeral", "ttl": "1h"},
}


@pytest.mark.parametrize("field", WITHOUT_EFFECT)
def test_a_field_without_effect_has_none(read: Read, field: str) -> None:
    assert read(**{field: SAMPLES[field]}) == read()


WANTED: dict[str, Any] = {
    "service_tier": "priority",
    "speed": "fast",
    "container": "container_1",
    "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "m"}],
    "compaction": {},
    "diagnostics": {"previous_message_id": "msg_1"},
    "inference_geo": "eu",
    "billing_policy": {},
    "fallbacks": [{"model": "other"}],
    "fallback_credit_token": "t",
    "thread": {"type": "create"},
}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.field)
def test_refused_by_name(
    read: Read, refused: Refused, read_count: Read, refused_count: Refused, refusal: Refusal
) -> None:
    routes = [(read, refused)]
    if refusal.field in COUNT_FIELDS:
        routes.append((read_count, refused_count))
    for accept, refuse in routes:
        fault = refuse(**{refusal.field: WANTED[refusal.field]})
        assert fault.param == refusal.field
        assert fault.message == f"'{refusal.field}' is not supported: {refusal.why}"
        for value in (None, *refusal.neutral):
            assert accept(**{refusal.field: value}) == accept()


def test_a_thread_is_refused_with_the_code_that_clients_know(refused: Refused) -> None:
    fault = refused(thread={"type": "continue", "previous_message_id": "msg_1"})
    assert (fault.param, fault.code) == ("thread", THREADS)


def test_a_task_budget_is_refused(refused: Refused) -> None:
    fault = refused(output_config={"task_budget": {"type": "tokens", "total": 5}})
    assert fault.message == "'output_config.task_budget' is not supported: bound the answer by 'max_tokens'"


def test_edits_that_change_nothing_are_taken_and_no_others(read: Read, refused: Refused) -> None:
    for keep in ("all", {"type": "all"}):
        edit = {"type": "clear_thinking_20251015", "keep": keep}
        assert read(context_management={"edits": [edit]}) == read()
    assert read(context_management={}) == read()
    for edit in (
        {"type": "clear_thinking_20251015"},
        {"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 1}},
    ):
        fault = refused(context_management={"edits": [edit]})
        assert fault.param == "context_management.edits[0].keep"
        assert fault.message == (
            "'context_management.edits[0].keep' is not supported: the conversation is not edited; send "
            "'all', or leave old thoughts out on the client's side"
        )
    fault = refused(context_management={"edits": [{"type": "clear_tool_uses_20250919"}]})
    assert fault.message == (
        "'context_management.edits[0].type' is not supported: 'clear_tool_uses_20250919': the conversation "
        "is not edited; leave out old results on the client's side"
    )


def test_sampling_and_limits_are_honoured(read: Read) -> None:
    given = read(temperature=0, top_p=0.5, top_k=3, max_tokens=9, stop_sequences=["a", " "], stream=True)
    assert given.sampling == Sampling(temperature=0, top_p=0.5, top_k=3)
    assert (given.max_tokens, given.clip, given.stop, given.stream) == (9, True, ("a", " "), True)
    assert read(top_k=-1).sampling.top_k == read(top_k=0).sampling.top_k == 0


def test_the_defaults_leave_everything_to_the_model(read: Read) -> None:
    given = read(
        temperature=None,
        top_p=None,
        top_k=None,
        stop_sequences=None,
        tools=None,
        tool_choice=None,
        stream=None,
    )
    assert given == read()
    assert (given.sampling, given.reasoning, given.stop) == (Sampling(), ReasoningWish(), ())
    assert (given.n, given.stream, given.response_format, given.id) == (1, False, None, "req_42")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": 0}, "'max_tokens' must be an integer >= 1"),
        ({"max_tokens": None}, "'max_tokens' must be an integer, not null"),
        ({"temperature": 2.1}, "'temperature' must be a number <= 2.0"),
        ({"top_p": 0}, "'top_p' must be a number > 0.0"),
        ({"top_k": -2}, "'top_k' must be an integer >= -1"),
        ({"stop_sequences": [""]}, "'stop_sequences[0]' must be a string of length >= 1"),
        ({"stop_sequences": ["a"] * 17}, "'stop_sequences' must be an array of length <= 16"),
        ({"messages": []}, "'messages' must be an array of length >= 1"),
        ({"metadata": {"user": "u"}}, "'metadata.user' is not a field of this API; did you mean 'user_id'?"),
    ],
)
def test_ranges(refused: Refused, fields: dict[str, Any], message: str) -> None:
    assert refused(**fields).message == message


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_the_format_of_the_answer(read: Read, refused: Refused) -> None:
    wanted = {"type": "json_schema", "schema": SCHEMA}
    new, old = read(output_config={"format": wanted}), read(output_format=wanted)
    assert new.response_format == JsonSchema(SCHEMA, field="output_config.format.schema")
    assert old.response_format == JsonSchema(SCHEMA, field="output_format.schema")
    assert read(output_config={"format": None}).response_format is None
    fault = refused(output_config={"format": wanted}, output_format=wanted)
    assert fault.message == ("'output_format' is the predecessor of 'output_config.format': send one of them")
    deep: Any = {}
    for _ in range(130):
        deep = {"a": deep}
    fault = refused(output_config={"format": {"type": "json_schema", "schema": deep}})
    assert fault.message == "'output_config.format.schema' is nested more than 128 levels deep"
    fault = refused(output_format={"type": "json_schema", "schema": {"maximum": 2**64}})
    assert fault.param == "output_format.schema"


def test_counting_reads_the_same_and_generates_nothing(read: Read, read_count: Read) -> None:
    fields: dict[str, Any] = {
        "system": "Be brief.",
        "tools": [{"name": "f", "input_schema": {}}],
        "tool_choice": {"type": "any"},
        "thinking": {"type": "enabled", "budget_tokens": 50},
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    }
    counted, asked = read_count(**fields), read(**fields)
    assert counted.task == Render()
    for name in ("input", "tools", "tool_choice", "reasoning", "response_format"):
        assert getattr(counted, name) == getattr(asked, name)


def test_what_concerns_only_an_answer_is_no_field_of_the_count(refused_count: Refused) -> None:
    assert refused_count(max_tokens=5).message == "'max_tokens' is not a field of this API"
