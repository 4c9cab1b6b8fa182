"""Formats whose calls are written as a function is called.

The rules of the table (see `table`) hold here.
"""

from __future__ import annotations

from mlxkernel.formats import Expression, Format, Notation

EXPRESSIONS: tuple[Format, ...] = (
    Format(
        name="pythonic",
        shape=Expression(listed=True, between=", ", also=(("<|python_start|>", "<|python_end|>"),)),
        model_types=("llama4", "llama4_text"),
        markers=("func_name1(params_name1=",),
        source="Meta, Llama 4 prompt format; Llama 3.2 1B and 3B zero-shot function calling",
    ),
    Format(
        name="functiongemma",
        shape=Expression(
            call=("<start_function_call>call:", "<end_function_call>"),
            brackets=("{", "}"),
            assign=":",
            notation=Notation(
                quotes=("<escape>",),
                escapes=False,
                true="true",
                false="false",
                null="null",
                comma=",",
                colon=":",
                bare_keys=True,
            ),
        ),
        markers=("<start_function_call>", "<escape>"),
        source="Google, FunctionGemma formatting and best practices",
    ),
    Format(
        name="gemma4",
        shape=Expression(
            call=("<|tool_call>call:", "<tool_call|>"),
            brackets=("{", "}"),
            assign=":",
            notation=Notation(
                quotes=('<|"|>',),
                escapes=False,
                true="true",
                false="false",
                null="null",
                comma=",",
                colon=":",
                bare_keys=True,
            ),
        ),
        model_types=("gemma4", "gemma4_text"),
        markers=("<|tool_call>", '<|"|>'),
        source="Google, Gemma 4 chat template",
    ),
    Format(
        name="lfm2",
        shape=Expression(section=("<|tool_call_start|>", "<|tool_call_end|>"), listed=True, between=", "),
        model_types=("lfm2", "lfm2_moe", "lfm2-vl", "lfm2_vl"),
        markers=("<|tool_list_start|>",),
        source="Liquid AI, LFM2 model cards, tool use",
    ),
    Format(
        name="olmo3",
        shape=Expression(
            section=("<function_calls>\n", "\n</function_calls>"),
            between="\n",
            notation=Notation(true="true", false="false", null="null"),
        ),
        model_types=("olmo3",),
        markers=("<function_calls>", "</functions>"),
        source="Ai2, Olmo 3 chat template",
    ),
    Format(
        name="minicpm",
        shape=Expression(
            section=("<|tool_call_start|>\n```python\n", "\n```\n<|tool_call_end|>"),
            between="\n",
            notation=Notation(true="true", false="false", null="null", comma=","),
        ),
        model_types=("minicpm", "minicpm3"),
        markers=("<|tool_call_start|>", "```python"),
        source="OpenBMB, MiniCPM3 and MiniCPM4 chat templates",
    ),
)
"""One row per format."""
