"""Faults in the words of the client: fields by the names that it knows."""

from __future__ import annotations

import pytest

from mlxkernel.errors import Fault, FaultKind, renamed

NAMES = {"prompt": "input", "max_tokens": "max_output_tokens", "messages": "input"}


def fault(message: str, param: str | None) -> Fault:
    return Fault(kind=FaultKind.INVALID, message=message, param=param, code="c")


@pytest.mark.parametrize(
    ("message", "param", "told", "where"),
    [
        ("'prompt[3]' is empty", "prompt[3]", "'input[3]' is empty", "input[3]"),
        (
            "the prompt has 5 tokens and 'max_tokens' asks for 9 more",
            "max_tokens",
            "the prompt has 5 tokens and 'max_output_tokens' asks for 9 more",
            "max_output_tokens",
        ),
        ("'messages' is empty, not 'prompt'", "messages", "'input' is empty, not 'input'", "input"),
        ("'messages[0].content' is odd", "messages[0].content", None, "messages[0].content"),
        ("'seed' is odd", "seed", None, "seed"),
        ("out of memory", None, None, None),
    ],
)
def test_fields_are_called_as_the_client_calls_them(
    message: str, param: str | None, told: str | None, where: str | None
) -> None:
    assert renamed(fault(message, param), NAMES) == fault(told or message, where)


def test_without_names_nothing_changes() -> None:
    given = fault("'prompt' is empty", "prompt")
    assert renamed(given, {}) is given
