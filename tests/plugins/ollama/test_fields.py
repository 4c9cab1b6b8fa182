"""Every field and option is honoured, without effect or refused: in the tables, in the docs and in deed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.fields import Refusal, wire_name
from mlxkernel.request import Request
from mlxkernel_plugins.ollama import API_VERSION, pull
from mlxkernel_plugins.ollama.bodies import GenerateBody, Options, PullBody
from mlxkernel_plugins.ollama.fields import (
    GENERATE_REFUSALS,
    GENERATION_REFUSALS,
    OPTION_REFUSALS,
    OPTIONS_TABLE,
    OPTIONS_WITHOUT_EFFECT,
    TABLE,
    WITHOUT_EFFECT,
)

Read = Callable[..., Request]
Refused = Callable[..., Fault]

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ollama.md"
REFUSALS = (*GENERATION_REFUSALS, *GENERATE_REFUSALS)


def test_every_field_and_every_option_has_exactly_one_treatment() -> None:
    assert TABLE.faults() == []
    assert OPTIONS_TABLE.faults() == []


def test_every_field_of_a_pull_has_exactly_one_treatment() -> None:
    assert {*pull.HONOURED, *pull.WITHOUT_EFFECT} == set(PullBody.__struct_fields__)
    assert not set(pull.HONOURED) & set(pull.WITHOUT_EFFECT)


# --- the reference page -----------------------------------------------------------------------------


def shown(*headings: str) -> list[str]:
    page = PAGE.read_text(encoding="utf-8")
    sections = (page.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0] for heading in headings)
    return [line for section in sections for line in section.splitlines() if line.startswith("| `")]


def test_the_reference_page_holds_the_tables_and_no_other_row() -> None:
    assert shown("### Honoured", "### Accepted without effect", "### Refused") == list(TABLE.rows())
    options = shown("### Options honoured", "### Options accepted without effect", "### Options refused")
    assert options == list(OPTIONS_TABLE.rows())
    notes = {**pull.HONOURED, **{f: f"without effect: {why}" for f, why in pull.WITHOUT_EFFECT.items()}}
    assert shown("## Pull") == [f"| `{field}` | {note} |" for field, note in notes.items()]


def test_the_reference_page_names_the_version() -> None:
    assert f"`/api/version` says {API_VERSION}," in PAGE.read_text(encoding="utf-8")


# --- in deed ----------------------------------------------------------------------------------------

SAMPLES: dict[str, Any] = {"keep_alive": "5m", "truncate": False, "shift": True}


@pytest.mark.parametrize("field", WITHOUT_EFFECT)
def test_a_field_without_effect_has_none(read_chat: Read, read_generate: Read, field: str) -> None:
    for read in (read_chat, read_generate):
        assert read(**{field: SAMPLES[field]}) == read()


@pytest.mark.parametrize("option", OPTIONS_WITHOUT_EFFECT)
def test_an_option_without_effect_has_none(read_chat: Read, option: str) -> None:
    kind = str(Options.__annotations__[option])
    value: Any = True if kind.startswith("bool") else 3
    assert read_chat(options={option: value}) == read_chat()


WANTED: dict[str, Any] = {
    "suffix": "end",
    "template": "{{ .Prompt }}",
    "context": [1],
    "width": 64,
    "height": 64,
    "steps": 2,
    "debug_render_only": True,
    "mirostat": 1,
    "tfs_z": 0.9,
    "penalize_newline": False,
}


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.field)
def test_refused_in_generate(read_generate: Read, refused_generate: Refused, refusal: Refusal) -> None:
    name = wire_name(GenerateBody, refusal.field)
    fault = refused_generate(**{name: WANTED[refusal.field]})
    assert (fault.param, fault.message) == (name, f"'{name}' is not supported: {refusal.why}")
    for value in (None, *refusal.neutral):
        assert read_generate(**{name: value}) == read_generate()


@pytest.mark.parametrize("refusal", OPTION_REFUSALS, ids=lambda refusal: refusal.field)
@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/api/chat", {"messages": [{"role": "user", "content": "a"}]}),
        ("/api/generate", {"prompt": "a"}),
        ("/api/embed", {"input": "a"}),
        ("/api/embeddings", {"prompt": "a"}),
    ],
)
def test_refused_options(
    read: Read, refused: Refused, path: str, rest: dict[str, Any], refusal: Refusal
) -> None:
    body = {"model": "m", **rest}
    fault = refused(path, {**body, "options": {refusal.field: WANTED[refusal.field]}})
    assert fault.param == f"options.{refusal.field}"
    assert fault.message == f"'options.{refusal.field}' is not supported: {refusal.why}"
    for value in (None, *refusal.neutral):
        assert read(path, {**body, "options": {refusal.field: value}}) == read(path, body)
