"""Strict tools that need not be called: text is free and calls are bound."""

from __future__ import annotations

import json

import pytest

from mlxkernel.formats import Format, NamedJson
from mlxkernel.messages import ToolCall
from mlxkernel.request import Tool
from mlxkernel.testing.grammars import Walker, accepts
from mlxkernel.testing.tool_formats import parse, result
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


@pytest.mark.parametrize("name", sorted(BARE))
@pytest.mark.parametrize("parallel", [True, False])
def test_without_markers_an_answer_is_a_text_or_calls(name: str, parallel: bool) -> None:
    format = next(format for format in FORMATS if format.name == name)
    call = format.render([ToolCall("", "look", '{"unit": "Qa"}')])
    two = format.render([ToolCall("", "look", '{"unit": "Qa"}')] * 2)
    walker = Walker((), [call])
    grammar = format.grammar([TOOL], special={}, parallel=parallel, forced=False)
    for text in ("", "Hi <there.\n", "I look (up) at {a} list [1, 2].", call, *([two] if parallel else [])):
        assert accepts(walker, grammar, text) == "", text
    before = "all\nHi.>>>" if name == "functionary-v3.2" else "Hi. "
    other = call.replace("Qa", "Qc")
    for text in (other, f" {other}", before + other, *([] if parallel else [two])):
        assert accepts(walker, grammar, text), text


@pytest.mark.parametrize("name", sorted(BARE))
def test_no_text_of_a_bare_guard_is_read_as_a_call(name: str) -> None:
    format = next(format for format in FORMATS if format.name == name)
    call = format.render([ToolCall("", "look", '{"unit": "Qa"}')])
    walker = Walker((), [call])
    grammar = format.grammar([TOOL], special={}, forced=False)
    for text in walker.walks(grammar, count=60):
        for _, arguments in result(parse(format, [TOOL], list(text))).calls:
            assert json.loads(arguments) in ({"unit": "Qa"}, {"unit": "Qb"}), text


def test_an_escaped_name_begins_no_call_without_markers() -> None:
    text = '{"n\\u0061me": "look", "parameters": {"unit": "Qc"}} {"name": "l\\u006fok", "parameters": {}}'
    for name in ("llama3-json", "xlam"):
        format = next(format for format in FORMATS if format.name == name)
        found = result(parse(format, [TOOL], [text]))
        assert (found.said, found.calls) == (text, ())


def test_a_format_in_which_nothing_tells_a_call_says_so() -> None:
    assert {"llama3-json", "pythonic", "xlam", "functionary-v3.2"} == BARE
    format = Format(name="mine", shape=NamedJson(mark=">"))
    with pytest.raises(ValueError, match="tool format 'mine': its calls begin with no marker"):
        format.grammar([TOOL], special={}, forced=False)
