"""Bodies: what is wrong is found with its place; the wording of msgspec's sentences is held here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from mlxkernel import bodies
from mlxkernel.api import HttpRequest
from mlxkernel.errors import Fault, RequestFailed
from mlxkernel.messages import Json
from mlxkernel.problems import (
    MissingField,
    NotAnObject,
    NotJson,
    OutOfRange,
    Problem,
    TooDeep,
    UnknownChoice,
    UnknownField,
    WideInteger,
    WrongCharset,
    WrongContentType,
    WrongType,
    WrongValue,
    why,
)


class Turn(Struct, frozen=True, forbid_unknown_fields=True):
    role: Literal["user", "assistant"]
    content: str | list[str]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    top_k: Annotated[int, Meta(ge=0)] | None = None


class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    model: Annotated[str, Meta(min_length=1)]
    turns: list[Turn] = []
    options: Options | None = None
    bias: dict[str, float] = {}
    temperature: Annotated[float, Meta(le=2)] = 1
    anything: Json = None


DECODER = msgspec.json.Decoder(Body)


def found(run: Callable[..., Any], *given: Any, **named: Any) -> Problem:
    """The problem that the words are asked for."""
    asked: list[Problem] = []

    def words(problem: Problem) -> RequestFailed:
        asked.append(problem)
        return RequestFailed(Fault(kind="", message="", param=problem.path))  # type: ignore[arg-type]

    with pytest.raises(RequestFailed):
        run(*given, words=words, **named)
    return asked[0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", NotJson("it is empty")),
        (b"{", NotJson("input data was truncated")),
        (b"{]", NotJson("JSON is malformed: object keys must be strings (byte 1)")),
        (b'{"model":"\xff"}', NotJson("it is not UTF-8")),
        (b'{"anything":' + b"[" * 100_000, NotJson("it is nested too deeply")),
        (b"[]", NotAnObject("expected `object`, got `array`")),
        (b"{}", MissingField("model")),
        ({"turns": [{"role": "user"}]}, MissingField("turns[0].content")),
        ({"temprature": 1}, UnknownField("temprature", "temperature")),
        ({"zzz": 1}, UnknownField("zzz")),
        ({"options": {"topk": 1}}, UnknownField("options.topk", "top_k")),
        ({"turns": [{"rule": 1}]}, UnknownField("turns[0].rule")),
        ({"model": 5}, WrongType("model", "a string", "an integer")),
        ({"turns": [{"role": 1}]}, WrongType("turns[0].role", "a string", "an integer")),
        (
            {"turns": [{"role": "user", "content": None}]},
            WrongType("turns[0].content", "a string or an array", "null"),
        ),
        ({"bias": {"7": "a"}}, WrongType("bias", "a number", "a string")),
        ({"model": ""}, OutOfRange("model", "a string", "of length >= 1")),
        ({"temperature": 3}, OutOfRange("temperature", "a number", "<= 2.0")),
        ({"options": {"top_k": -1}}, OutOfRange("options.top_k", "an integer", ">= 0")),
        ({"turns": [{"role": "robot"}]}, UnknownChoice("turns[0].role", "'robot'")),
        (b'{"temperature":1e999}', WrongValue("temperature", "number out of range")),
    ],
)
def test_what_is_wrong_is_found_with_its_place(body: Any, problem: Problem) -> None:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    assert found(bodies.decode, data, DECODER) == problem


def test_a_path_without_its_numbers_names_the_place_in_every_message() -> None:
    assert UnknownChoice("messages[3].content[12].type", "'x'").place == "messages[].content[].type"


def test_a_part_stands_where_it_was_found() -> None:
    turn = msgspec.json.Decoder(Turn)
    raw = msgspec.Raw(b'{"role":"user"}')
    assert found(bodies.decode, raw, turn, path="turns[4]") == MissingField("turns[4].content")
    assert found(bodies.convert, {"roll": "user"}, Turn, path="turns[4]") == UnknownField(
        "turns[4].roll", "role"
    )
    assert found(bodies.convert, 5, Turn, path="turns[4]") == WrongType("turns[4]", "an object", "an integer")
    assert bodies.convert({"role": "user", "content": "a"}, Turn, path="turns[4]") == Turn("user", "a")


def test_long_words_of_a_client_are_not_repeated() -> None:
    for body in ({"x" * 5000: 1}, {"turns": [{"role": "y" * 5000}]}):
        problem = found(bodies.decode, msgspec.json.encode(body), DECODER)
        assert len(problem.path + why(problem)) < 250


def http(content_type: str | None, body: bytes = b'{"model":"m"}') -> HttpRequest:
    headers = {} if content_type is None else {"content-type": content_type}
    return HttpRequest(method="POST", path="/", headers=headers, body=body)


@pytest.mark.parametrize("given", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_is_taken(given: str) -> None:
    assert bodies.parse(http(given), DECODER) == Body(model="m")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (None, WrongContentType("")),
        ("text/plain", WrongContentType("text/plain")),
        ('application/json; charset="latin-1"', WrongCharset("latin-1")),
    ],
)
def test_other_content_types_are_not(given: str | None, problem: Problem) -> None:
    assert found(bodies.parse, http(given), DECODER) == problem


def nested(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels - 1):
        value = {"a": [value][0]}
    return value


def test_values_that_cannot_be_carried() -> None:
    bodies.check_value(nested(128), "a")
    assert found(bodies.check_value, nested(129), "a") == TooDeep("a", 128)
    assert found(bodies.check_value, [[[1]]], "a", max_depth=3) == TooDeep("a", 3)
    bodies.check_value([2**64 - 1, -(2**63), True, 1e300], "a")
    for wide in (2**64, -(2**63) - 1):
        assert found(bodies.check_value, {"b": [wide]}, "a") == WideInteger("a")


def test_json_inside_a_string_is_checked_as_well() -> None:
    for text in ('{"a": 1}', "", "{", "no JSON", '"\ud800"'):
        bodies.check_text(text, "a")
    assert found(bodies.check_text, "[" * 200 + "]" * 200, "a") == TooDeep("a", 128)
    assert found(bodies.check_text, "[" * 100_000, "a") == TooDeep("a", 128)
    assert found(bodies.check_text, '{"a": 18446744073709551616}', "a") == WideInteger("a")
