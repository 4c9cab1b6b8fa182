"""Strict tools that need not be called: a format with markers leaves text free and binds calls."""

from __future__ import annotations

import pytest

from mlxkernel.formats import Format
from mlxkernel.messages import ToolCall
from mlxkernel.request import Tool
from mlxkernel.testing.grammars import Walker, accepts
from mlxkernel_plugins.tool_formats import FORMATS

TOOL = Tool(
    "look",
    parameters={"type": "object", "properties": {"unit": {"enum": ["Qa", "Qb"]}}, "required": ["unit"]},
)
BARE = {format.name for format in FORMATS if format.shape.bare}


@pytest.mark.parametrize("format", [f for f in FORMATS if f.name not in BARE], ids=lambda format: format.name)
@pytest.mark.parametrize("special", [False, True], ids=["text markers", "special markers"])
def test_text_is_free_and_calls_are_bound(format: Format, special: bool) -> None:
    call = format.render([ToolCall("call00001", "look", '{"unit": "Qa"}')])
    markers = [word.strip() for word in (format.shape.section[0], format.shape.call[0]) if word.strip()]
    walker = Walker(markers if special else [], [call])
    grammar = format.grammar([TOOL], special=walker.special, forced=False)
    for text in ("", "Hi <there.\n", call, f"I look.\n{call}"):
        assert accepts(walker, grammar, text) == ""
    assert accepts(walker, grammar, call.replace("Qa", "Qc"))


def test_a_format_without_markers_says_so() -> None:
    assert {"llama3-json", "pythonic", "xlam", "functionary-v3.2"} == BARE
    for format in FORMATS:
        if format.name in BARE:
            said = f"tool format '{format.name}': its calls begin with no marker"
            with pytest.raises(ValueError, match=said):
                format.grammar([TOOL], special={}, forced=False)
