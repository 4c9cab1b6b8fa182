"""Fields: refusals by name, and tables that say what becomes of every field."""

from __future__ import annotations

import pytest
from msgspec import Struct, field

from mlxkernel.errors import RequestFailed
from mlxkernel.fields import FieldTable, Refusal, refuse, wire_name


class Ask(Struct, frozen=True):
    model: str
    audio: str | None = None
    debug: bool | None = field(default=None, name="_debug")


class Count(Struct, frozen=True):
    model: str


AUDIO = Refusal("audio", "answers are text; leave it out", ("", "none"))
DEBUG = Refusal("debug", "nothing is shown", (False,), code="hidden")


@pytest.mark.parametrize("body", [Ask("m"), Ask("m", audio=""), Ask("m", "none", False), Count("m")])
def test_what_means_not_used_is_taken(body: Struct) -> None:
    refuse(body, (AUDIO, DEBUG))


def test_a_refusal_names_the_field_as_clients_write_it() -> None:
    with pytest.raises(RequestFailed) as refused:
        refuse(Ask("m", audio="mp3"), (AUDIO, DEBUG))
    fault = refused.value.fault
    assert fault.message == "'audio' is not supported: answers are text; leave it out"
    assert (fault.param, fault.code, fault.kind.status) == ("audio", "unsupported_parameter", 400)
    with pytest.raises(RequestFailed) as refused:
        refuse(Ask("m", debug=True), (AUDIO, DEBUG), "options")
    assert (refused.value.fault.param, refused.value.fault.code) == ("options._debug", "hidden")


def test_a_table_is_told_row_by_row() -> None:
    table = FieldTable({"ask": Ask, "count": Count}, {"model": "a name"}, {}, (AUDIO, DEBUG))
    assert table.faults() == []
    assert list(table.rows()) == [
        "| `model` | ask, count | a name |",
        '| `audio` | ask | answers are text; leave it out. Accepted: null, `""`, `"none"` |',
        "| `_debug` | ask | nothing is shown. Accepted: null, `false` |",
    ]
    alone = FieldTable({"count": Count}, {"model": "a name"})
    assert list(alone.rows()) == ["| `model` | a name |"]


def test_a_table_that_does_not_fit_its_bodies() -> None:
    table = FieldTable({"ask": Ask}, {"audio": "a", "gone": "b"}, {"model": "c"}, (AUDIO,))
    assert table.faults() == [
        "'debug' is in no table",
        "'audio' is in two tables",
        "there is no field 'gone'",
    ]


def test_a_field_s_name_on_the_wire() -> None:
    assert (wire_name(Ask, "debug"), wire_name(Ask, "audio")) == ("_debug", "audio")
