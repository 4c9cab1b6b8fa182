"""What models write beside their template's own form is understood too."""

from __future__ import annotations

import json

import pytest

from mlxkernel.events import ChoiceFinished, FinishReason, TextDelta
from mlxkernel.formats import Arguments, Format, Opened, Said
from mlxkernel.request import AutoTool, NoTool, Prompts, Request, Tool, ToolChoice
from mlxkernel_plugins.tool_formats import FORMATS
from mlxkernel_plugins.tool_formats.samples import TOOLS

BY_NAME = {format.name: format for format in FORMATS}
OSLO = [("get_weather", {"city": "Oslo"})]


def understood(
    format: Format, text: str, tools: tuple[Tool, ...] = TOOLS
) -> tuple[str, list[tuple[str, object]]]:
    said, calls = "", list[list[str]]()
    for piece in format.read(text, tools):
        match piece:
            case Said(words):
                said += words
            case Opened(name, _):
                calls.append([name, ""])
            case Arguments(words):
                calls[-1][1] += words
            case _:
                pass
    return said, [(name, json.loads(arguments or "{}")) for name, arguments in calls]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", '<tool_call>{"arguments": {"city": "Oslo"}, "name": "get_weather"}</tool_call>'),
        (
            "hermes",
            '<tool_call>\n{"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}\n</tool_call>',
        ),
        ("hermes", '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}'),
        (
            "hermes",
            '<tool_call>{"type": "function", "name": "get_weather", "parameters": {"city": "Oslo"}}',
        ),
        ("qwen3-coder", "<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>"),
        (
            "qwen3-coder",
            "<tool_call><function=get_weather><parameter=city>Oslo</parameter></function></tool_call>",
        ),
        ("llama3-json", '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Oslo"}}'),
        ("llama3-json", '{"type": "function", "name": "get_weather", "parameters": {"city": "Oslo"}}'),
        ("pythonic", "<|python_start|>[get_weather(city='Oslo')]<|python_end|>"),
        ("pythonic", "[get_weather( city = 'Oslo', ), ]"),
        ("mistral", '[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{"city": "Oslo"}'),
        (
            "mistral-array",
            '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo"}, "id": "a1b2c3d4e"}]',
        ),
        (
            "deepseek-v3.2",
            '<｜DSML｜tool_calls><｜DSML｜invoke name="get_weather">'
            '<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>'
            "</｜DSML｜invoke></｜DSML｜tool_calls>",
        ),
        (
            "kimi-k2",
            '<|tool_call_begin|>get_weather<|tool_call_argument_begin|>{"city": "Oslo"}<|tool_call_end|>',
        ),
        ("glm-4.5", "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>"),
        (
            "glm-4.7",
            "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>",
        ),
        ("harmony", '<|channel|>commentary to=functions.get_weather<|message|>{"city": "Oslo"}'),
        (
            "harmony",
            "<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>"
            '{"city": "Oslo"}<|call|>',
        ),
        ("harmony", '<|channel|>analysis to=functions.get_weather code<|message|>{"city": "Oslo"}<|call|>'),
        ("granite3", '<tool_call>[{"name": "get_weather", "arguments": {"city": "Oslo"}}]'),
        ("phi4-mini", 'functools[{"name": "get_weather", "arguments": {"city": "Oslo"}}]'),
        ("xlam", '```json\n[{"name": "get_weather", "arguments": {"city": "Oslo"}}]\n```'),
        ("xlam", '{"name": "get_weather", "arguments": {"city": "Oslo"}}'),
        (
            "command",
            '<|START_ACTION|>[{"tool_name": "get_weather", "parameters": {"city": "Oslo"}}]<|END_ACTION|>',
        ),
    ],
)
def test_a_variant_means_the_same(name: str, text: str) -> None:
    assert understood(BY_NAME[name], text) == ("", OSLO)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("llama3-json", 'See {"name": "Bob", "age": 5} and {"a": [1, {"name": "get"}'),
        ("pythonic", "A list [1, 2], [x], [f(a=1)] and [get_weather]."),
        ("xlam", 'As JSON: [{"id": 1, "name": "x"}, []] {} [['),
    ],
)
def test_bare_formats_take_no_unknown_name_for_a_call(name: str, text: str) -> None:
    format = BY_NAME[name]
    assert understood(format, text) == (text, [])


def test_with_markers_an_unknown_name_is_a_call() -> None:
    text = '<tool_call>\n{"name": "no_such_tool", "arguments": {"a": 1}}\n</tool_call>'
    assert understood(BY_NAME["hermes"], text) == ("", [("no_such_tool", {"a": 1})])


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.5", 0.5), ("3", 3), ("not a number", "not a number")],
)
def test_tagged_values_get_the_types_of_the_schema(value: str, expected: object) -> None:
    text = f"<tool_call>set_light<arg_key>brightness</arg_key><arg_value>{value}</arg_value></tool_call>"
    assert understood(BY_NAME["glm-4.7"], text) == ("", [("set_light", {"brightness": expected})])


def test_tagged_values_as_python_prints_them() -> None:
    text = (
        "<function=set_light><parameter=on>True</parameter><parameter=color>None</parameter></function>"
        "<function=plan_trip><parameter=stops>[{'name': 'Rome', 'nights': 2}]</parameter></function>"
    )
    expected = [
        ("set_light", {"on": True, "color": None}),
        ("plan_trip", {"stops": [{"name": "Rome", "nights": 2}]}),
    ]
    assert understood(BY_NAME["qwen3-coder"], text) == ("", expected)


def test_pythonic_values_get_the_types_of_the_schema() -> None:
    text = (
        "[say(text=5), set_light(level='3', on='true', brightness=.5, color=red), "
        "get_weather(city='O\\'Hare\\x21')]"
    )
    assert understood(BY_NAME["pythonic"], text) == (
        "",
        [
            ("say", {"text": "5"}),
            ("set_light", {"level": 3, "on": True, "brightness": 0.5, "color": "red"}),
            ("get_weather", {"city": "O'Hare!"}),
        ],
    )


def test_ids_of_the_format_s_own_are_kept() -> None:
    def ids(name: str, text: str) -> list[str | None]:
        return [piece.id for piece in BY_NAME[name].read(text) if isinstance(piece, Opened)]

    kimi = "<|tool_call_begin|>functions.f:3<|tool_call_argument_begin|>{}<|tool_call_end|>"
    assert ids("kimi-k2", kimi) == ["functions.f:3"]
    assert ids("mistral", "[TOOL_CALLS]f[CALL_ID]a1b2c3d4e[ARGS]{}") == ["a1b2c3d4e"]
    assert ids("command", '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "f", "parameters": {}}]') == [
        "0"
    ]
    assert ids("hermes", '<tool_call>{"name": "f", "arguments": {}}</tool_call>') == [None]


@pytest.mark.parametrize("choice", [NoTool(), AutoTool()])
def test_a_header_of_text_is_dropped_where_there_is_nothing_to_call(choice: ToolChoice) -> None:
    tools = TOOLS if isinstance(choice, NoTool) else ()
    request = Request(id="r", model="m", input=Prompts(("",)), tools=tools, tool_choice=choice)
    for text, said in (
        ("all\nHello.\n>>>all is text\n", "Hello.\n>>>all is text\n"),
        ("allow me", "allow me"),
        ("al", "al"),
        ("", ""),
    ):
        for pieces in ([text], list(text)):
            parser = BY_NAME["functionary-v3.2"].parser(request)
            found = [event for piece in pieces for event in parser.feed(TextDelta(0, piece, 1))]
            found += parser.feed(ChoiceFinished(0, FinishReason.STOP))
            texts = [event for event in found if isinstance(event, TextDelta)]
            assert "".join(event.text for event in texts) == said
            assert sum(event.tokens for event in texts) == len(pieces)
