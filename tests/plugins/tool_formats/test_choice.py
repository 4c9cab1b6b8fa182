"""``auto`` over the built-in table."""

from __future__ import annotations

from importlib.resources import files

import pytest

from mlxkernel.formats import Format, choose
from mlxkernel_plugins.tool_formats import FORMATS


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_a_template_with_a_format_s_markers_chooses_it(format: Format) -> None:
    chosen = choose("unknown", f"A template with {' and '.join(format.markers)} in it", FORMATS)
    found = next(other for other in FORMATS if other.name == chosen)
    assert found.markers == format.markers


def test_the_bundled_model_s_template_is_known() -> None:
    template = (files("mlxkernel_plugins.tiny") / "model" / "chat_template.jinja").read_text(encoding="utf-8")
    assert choose("qwen3", template, FORMATS) == "hermes"


@pytest.mark.parametrize(
    ("model_type", "markers", "expected"),
    [
        ("qwen3_moe", "<tool_call> arguments", "hermes"),
        ("qwen3_moe", "<tool_call>\n<function= <parameter= arguments", "qwen3-coder"),
        ("llama", "<TOOLCALL> arguments", "nemotron"),
        ("granitemoehybrid", "<|start_of_role|> <tool_call> arguments", "granite4"),
        ("mistral", "[TOOL_CALLS] [ARGS]", "mistral"),
        ("mistral", "[TOOL_CALLS]", "mistral-array"),
        ("deepseek_v3", "<｜tool▁calls▁begin｜> <｜tool▁sep｜> ```json", "deepseek-v3"),
        ("deepseek_v3", "<｜tool▁calls▁begin｜> <｜tool▁sep｜>", "deepseek-v3.1"),
        ("gpt_oss", None, "harmony"),
        ("llama", "no functions here", None),
    ],
)
def test_families_and_templates(model_type: str, markers: str | None, expected: str | None) -> None:
    assert choose(model_type, markers, FORMATS) == expected


SNIPPETS: dict[str, tuple[str, str]] = {
    "hermes": ("qwen3", "in <tool_call></tool_call> tags: {'name': ..., 'arguments': ...}"),
    "qwen3-coder": ("qwen3_5_moe", "'<tool_call>\\n<function=' + name + '>\\n' ... '<parameter=' + key"),
    "llama3-json": ("llama", "'<|python_tag|>' + name ... '{\"name\": name, \"parameters\": {}}' tool_calls"),
    "pythonic": ("llama4", "as [func_name1(params_name1=params_value1), func_name2(params)]"),
    "mistral": ("mistral3", "'[TOOL_CALLS]' + name + '[ARGS]' + arguments"),
    "mistral-array": ("mistral", "'[TOOL_CALLS] [' + tool_calls | tojson"),
    "deepseek-v3": (
        "deepseek_v3",
        "'<｜tool▁calls▁begin｜>' type + '<｜tool▁sep｜>' + name + '\\n```json\\n' + arguments",
    ),
    "deepseek-v3.1": ("deepseek_v3", "'<｜tool▁calls▁begin｜>' name + '<｜tool▁sep｜>' + arguments"),
    "deepseek-v3.2": (
        "deepseek_v32",
        "set dsml_token = '｜DSML｜' ... <{{ dsml_token }}function_calls> message.tool_calls",
    ),
    "deepseek-v4": (
        "deepseek_v4",
        "set dsml = '｜DSML｜' ... '</' + dsml + 'tool_calls>' message.tool_calls",
    ),
    "kimi-k2": (
        "kimi_k2",
        "<|tool_calls_section_begin|> ... call.id + '<|tool_call_argument_begin|>' + arguments",
    ),
    "glm-4.5": (
        "glm4_moe",
        "'<tool_call>' + name\n<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v }}</arg_value>",
    ),
    "glm-4.7": ("glm4_moe_lite", "<tool_call>{name}<arg_key>{k}</arg_key><arg_value>{v}</arg_value>"),
    "minimax-m2": ("minimax_m2", "toolcall_begin = '<minimax:tool_call>' ... <invoke name=\"tool-name-1\">"),
    "harmony": ("gpt_oss", "'<|start|>assistant to=functions.' + name + '<|channel|>commentary json'"),
    "functiongemma": ("gemma3_text", "'<start_function_call>call:' + name ... '<escape>' + value"),
    "gemma4": ("gemma4", "'<|tool_call>call:' + name + '{' ... '<|\"|>' + value + '<|\"|>'"),
    "granite3": ("granite", "'<|start_of_role|>assistant<|end_of_role|><|tool_call|>' + calls"),
    "granite4": (
        "granitemoehybrid",
        "'<|start_of_role|>' ... '<tool_call>\\n{\"name\": ..., \"arguments\": ...}'",
    ),
    "phi4-mini": ("phi3", "'<|' + role + '|>' + content + '<|tool|>' + tools + '<|/tool|>'"),
    "phi4-mini-functools": (
        "phi3",
        'in a JSON list as functools[{"name": name, "arguments": arguments}, ...]',
    ),
    "jamba": ("jamba", "'<tool_calls>[' ... {\"name\": ..., \"arguments\": ...} ... ']</tool_calls>'"),
    "internlm": ("internlm2", "'<|action_start|><|plugin|>\\n' + call + '<|action_end|>'"),
    "xlam": ("llama", "make calls in a single JSON array: [{'name': ..., 'arguments': {}}]"),
    "hunyuan": ("hunyuan_v1_moe", "<tool_calls>[{'name': ..., 'arguments': {}}]</tool_calls> 助手："),
    "hunyuan3": ("hy_v3", "'<tool_calls>\\n<tool_call>' + name + '<tool_sep>\\n<arg_key>' + key"),
    "longcat": ("longcat_flash", "'<longcat_tool_call>\\n' + call + '\\n</longcat_tool_call>'"),
    "lfm2": ("lfm2", "'List of tools: <|tool_list_start|>[' + tool | tojson"),
    "olmo3": ("olmo3", "'<function_calls>\\n' + call ... <functions></functions>"),
    "seed-oss": ("seed_oss", "toolcall_begin_token = '<seed:tool_call>' ... '<function=' ... '<parameter='"),
    "step3": ("step3", "'<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name=' + name"),
    "ernie-4.5": ("ernie4_5_moe", "<tool_call>\\n{'name', 'arguments'} ... '<response>\\n' + content"),
    "nemotron": ("nemotron-nas", "'<TOOLCALL>[' + calls + ']</TOOLCALL>'"),
    "command": ("cohere2", '1. Action: write <|START_ACTION|> ... each with "tool_name" and "parameters"'),
    "command-r": ("cohere", 'Write \'Action:\' ... "tool_name": title of the tool, "parameters": {}'),
    "minicpm": ("minicpm3", "'<|tool_call_start|>\\n```python\\n' + call + '```\\n<|tool_call_end|>'"),
    "functionary": (
        "llama",
        '<|python_tag|> parameters: <function=example_function_name>{"example_name": "value"}</function>',
    ),
    "functionary-v3.2": ("llama", "'>>>all\\n' + content ... '>>>' + name + '\\n' + arguments"),
    "apertus": ("apertus", "tool_calls_token = '<|tools_prefix|>' ... '[{\"' + name + '\": ' + arguments"),
}
"""How each maker's template shows its form: the family, and what tells it from the others."""


def test_every_format_is_chosen_by_what_its_maker_s_template_shows() -> None:
    assert SNIPPETS.keys() == {format.name for format in FORMATS}
    for name, (family, snippet) in SNIPPETS.items():
        assert choose(family, snippet, FORMATS) == name, name


@pytest.mark.parametrize(
    ("model_type", "snippet", "expected"),
    [
        ("kimi_k2", "'<|im_system|>tool_declare<|im_middle|>' + tools | tojson", "kimi-k2"),
        ("lfm2_moe", "'<|tool_call_start|>[' + tool_calls | join(', ') + ']<|tool_call_end|>'", "lfm2"),
        ("nemotron_h", "'<tool_call>\\n<function=' + name ... '<parameter='", "qwen3-coder"),
        ("step3p5", "'<tool_call>\\n<function=' + name ... '<parameter='", "qwen3-coder"),
        ("smollm3", "<tool_call>{'name': ..., 'arguments': ...}</tool_call>", "hermes"),
    ],
)
def test_a_family_decides_where_its_template_shows_little(
    model_type: str, snippet: str, expected: str
) -> None:
    assert choose(model_type, snippet, FORMATS) == expected
