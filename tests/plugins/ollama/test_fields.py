"""Every field and option is honoured, without effect or refused: in the tables, in the docs and in deed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.request import Request
from mlxkernel_plugins.ollama import API_VERSION, pull
from mlxkernel_plugins.ollama.bodies import (
    ChatBody,
    EmbedBody,
    EmbeddingsBody,
    GenerateBody,
    Options,
    PullBody,
)
from mlxkernel_plugins.ollama.fields import (
    GENERATE_REFUSALS,
    GENERATION_REFUSALS,
    HONOURED,
    OPTION_REFUSALS,
    OPTIONS_HONOURED,
    OPTIONS_WITHOUT_EFFECT,
    WITHOUT_EFFECT,
    Refusal,
    wire_name,
)

Read = Callable[..., Request]
Refused = Callable[..., Fault]

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ollama.md"
BODIES = {"chat": ChatBody, "generate": GenerateBody, "embed": EmbedBody, "embeddings": EmbeddingsBody}
REFUSALS = (*GENERATION_REFUSALS, *GENERATE_REFUSALS)


def test_every_field_has_exactly_one_treatment() -> None:
    tables = [*HONOURED, *WITHOUT_EFFECT, *(refusal.field for refusal in REFUSALS)]
    assert len(tables) == len(set(tables))
    assert set(tables) == {field for body in BODIES.values() for field in body.__struct_fields__}


def test_every_option_has_exactly_one_treatment() -> None:
    tables = [*OPTIONS_HONOURED, *OPTIONS_WITHOUT_EFFECT, *(refusal.field for refusal in OPTION_REFUSALS)]
    assert len(tables) == len(set(tables))
    assert set(tables) == set(Options.__struct_fields__)


def test_every_field_of_a_pull_has_exactly_one_treatment() -> None:
    assert {*pull.HONOURED, *pull.WITHOUT_EFFECT} == set(PullBody.__struct_fields__)
    assert not set(pull.HONOURED) & set(pull.WITHOUT_EFFECT)


# --- the reference page -----------------------------------------------------------------------------


def rows(table: Mapping[str, str]) -> list[str]:
    return [f"| `{field}` | {note} |" for field, note in table.items()]


def routed(table: Mapping[str, str]) -> list[str]:
    lines = []
    for field, note in table.items():
        routes = [name for name, body in BODIES.items() if field in body.__struct_fields__]
        named = wire_name(next(body for body in BODIES.values() if field in body.__struct_fields__), field)
        lines.append(f"| `{named}` | {', '.join(routes)} | {note} |")
    return lines


def notes(refusals: Iterable[Refusal]) -> dict[str, str]:
    return {refusal.field: f"{refusal.why}. Accepted: {_neutral(refusal)}" for refusal in refusals}


def _neutral(refusal: Refusal) -> str:
    shown = {True: "true", False: "false"}
    values = (
        shown[value] if isinstance(value, bool) else repr(value).replace("'", '"')
        for value in refusal.neutral
    )
    return ", ".join(["null", *(f"`{value}`" for value in values)])


SECTIONS = {
    "### Honoured": routed(HONOURED),
    "### Accepted without effect": routed(WITHOUT_EFFECT),
    "### Refused": routed(notes(REFUSALS)),
    "### Options honoured": rows(OPTIONS_HONOURED),
    "### Options accepted without effect": rows(OPTIONS_WITHOUT_EFFECT),
    "### Options refused": rows(notes(OPTION_REFUSALS)),
    "## Pull": rows(
        {**pull.HONOURED, **{f: f"without effect: {why}" for f, why in pull.WITHOUT_EFFECT.items()}}
    ),
}


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_reference_page_holds_the_tables_and_no_other_row(heading: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    section = page.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == SECTIONS[heading]


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
