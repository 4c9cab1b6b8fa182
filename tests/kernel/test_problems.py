"""Problems in plain words, as a dialect without words of its own tells them."""

from __future__ import annotations

from typing import get_args

import pytest

from mlxkernel import problems
from mlxkernel.problems import Problem, plain

SAMPLES: list[tuple[Problem, str]] = [
    (
        problems.WrongContentType("text/plain"),
        "the content type is 'text/plain'; send the header 'Content-Type: application/json'",
    ),
    (
        problems.WrongContentType(""),
        "the content type is none; send the header 'Content-Type: application/json'",
    ),
    (problems.WrongCharset("latin-1"), "the charset is 'latin-1'; send the body as UTF-8"),
    (problems.NotJson(problems.EMPTY), "the body is not JSON: it is empty"),
    (
        problems.NotAnObject("expected `object`, got `array`"),
        "the body must be a JSON object: expected `object`, got `array`",
    ),
    (problems.MissingField("a.b"), "'a.b': it is missing"),
    (problems.UnknownField("a.tmp", "top"), "'a.tmp': there is no such field; did you mean 'top'?"),
    (problems.UnknownField("a.x"), "'a.x': there is no such field"),
    (problems.WrongType("a", "a string", "an integer"), "'a': expected a string, got an integer"),
    (problems.WrongType("a", "a string"), "'a': expected a string"),
    (problems.OutOfRange("a", "a number", "<= 2.0"), "'a': expected a number <= 2.0"),
    (problems.UnknownChoice("a", "'robot'"), "'a': 'robot'"),
    (problems.WrongValue("a", "number out of range"), "'a': number out of range"),
    (problems.TooDeep("a", 3), "'a': it is nested more than 3 levels deep"),
    (problems.WideInteger("a"), "'a': an integer in it does not fit into 64 bits"),
    (
        problems.WrongToolName("a.name", "no spaces"),
        "'a.name': 'no spaces' is not 1 to 128 letters, digits, '_', '-' and '.'",
    ),
    (problems.RepeatedTool("a.name", "f"), "'a.name': there is a function 'f' before it"),
    (
        problems.WrongToolSchema("a.parameters"),
        "'a.parameters': arguments are an object, and the schema is of another 'type'",
    ),
]


@pytest.mark.parametrize(("problem", "message"), SAMPLES)
def test_every_problem_has_plain_words(problem: Problem, message: str) -> None:
    fault = plain(problem).fault
    media = isinstance(problem, (problems.WrongContentType, problems.WrongCharset))
    assert (fault.message, fault.kind.status) == (message, 415 if media else 400)
    assert fault.param == (problem.path or None)


def test_no_problem_is_left_out() -> None:
    assert {type(problem) for problem, _ in SAMPLES} == set(get_args(Problem))
