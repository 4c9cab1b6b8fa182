"""``auto``: the template's markers first, then the family."""

from __future__ import annotations

import pytest

from mlxkernel.formats import Format, JsonCalls, choose

SHAPE = JsonCalls(call=("<c>", "</c>"))
PLAIN = Format(name="plain", shape=SHAPE, model_types=("a", "b"), markers=("<c>",))
TWIN = Format(name="twin", shape=SHAPE, model_types=("b", "c"), markers=("<c>",))
RICH = Format(name="rich", shape=SHAPE, model_types=("a",), markers=("<c>", "<more>"))
MUTE = Format(name="mute", shape=SHAPE, model_types=("d",))
ALL = (PLAIN, TWIN, RICH, MUTE)


@pytest.mark.parametrize(
    ("model_type", "template", "expected"),
    [
        ("a", None, "plain"),
        ("c", None, "twin"),
        ("x", None, None),
        ("a", "tools: <c>", "plain"),
        ("c", "tools: <c>", "twin"),
        ("x", "tools: <c>", "plain"),
        ("c", "tools: <c> <more>", "rich"),
        ("d", "a template with tools and other markers", "mute"),
        ("d", "a template without any", None),
        ("x", "tools", None),
    ],
)
def test_choose(model_type: str, template: str | None, expected: str | None) -> None:
    assert choose(model_type, template, ALL) == expected
