"""Formats whose arguments stand each between tags of its own.

The rules of the table (see `table`) hold here.
"""

from __future__ import annotations

from mlxkernel.formats import Format, Tagged

_HERMES = ("<tool_call>\n", "\n</tool_call>")

TAGGED: tuple[Format, ...] = (
    Format(
        name="qwen3-coder",
        shape=Tagged(
            section=_HERMES,
            together=False,
            call=("<function=", "</function>"),
            between="\n",
            name_end=">\n",
            key=("<parameter=", ">\n"),
            value_end="\n</parameter>\n",
        ),
        model_types=("qwen3_next", "qwen3_5", "qwen3_5_moe", "nemotron_h", "step3p5"),
        markers=("<tool_call>", "<function=", "<parameter="),
        source="Qwen3-Coder and Qwen3.5 chat templates; also Nemotron 3 and Step 3.5",
    ),
    Format(
        name="deepseek-v3.2",
        shape=Tagged(
            section=("<｜DSML｜function_calls>\n", "</｜DSML｜function_calls>"),
            call=('<｜DSML｜invoke name="', "</｜DSML｜invoke>\n"),
            name_end='">\n',
            key=('<｜DSML｜parameter name="', '"'),
            typed=('" string="true">', '" string="false">'),
            value_end="</｜DSML｜parameter>\n",
            also=(("<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>"),),
        ),
        model_types=("deepseek_v32",),
        markers=("｜DSML｜", "function_calls"),
        source="DeepSeek-V3.2 encoding documentation",
    ),
    Format(
        name="deepseek-v4",
        shape=Tagged(
            section=("<｜DSML｜tool_calls>\n", "</｜DSML｜tool_calls>"),
            call=('<｜DSML｜invoke name="', "</｜DSML｜invoke>\n"),
            name_end='">\n',
            key=('<｜DSML｜parameter name="', '"'),
            typed=('" string="true">', '" string="false">'),
            value_end="</｜DSML｜parameter>\n",
            also=(("<｜DSML｜function_calls>", "</｜DSML｜function_calls>"),),
        ),
        model_types=("deepseek_v4",),
        markers=("｜DSML｜", "tool_calls>"),
        source="DeepSeek-V4 encoding documentation",
    ),
    Format(
        name="glm-4.5",
        shape=Tagged(
            call=("<tool_call>", "</tool_call>"),
            between="\n",
            name_end="\n",
            key=("<arg_key>", "</arg_key>\n<arg_value>"),
            value_end="</arg_value>\n",
        ),
        model_types=("glm4_moe", "glm4v_moe"),
        markers=("<tool_call>", "<arg_key>"),
        source="Z.ai, GLM-4.5 and GLM-4.6 chat templates",
    ),
    Format(
        name="glm-4.7",
        shape=Tagged(
            call=("<tool_call>", "</tool_call>"),
            key=("<arg_key>", "</arg_key><arg_value>"),
            value_end="</arg_value>",
        ),
        model_types=("glm4_moe_lite", "glm_moe_dsa"),
        markers=("<tool_call>", "<arg_key>", "</arg_key><arg_value>"),
        source="Z.ai, GLM-4.7 and GLM-5 chat templates",
    ),
    Format(
        name="minimax-m2",
        shape=Tagged(
            section=("<minimax:tool_call>\n", "</minimax:tool_call>"),
            call=('<invoke name="', "</invoke>\n"),
            name_end='">\n',
            key=('<parameter name="', '">'),
            value_end="</parameter>\n",
        ),
        model_types=("minimax", "minimax_m2"),
        markers=("<minimax:tool_call>", "<invoke name="),
        source="MiniMax-M2 tool calling guide and chat template",
    ),
    Format(
        name="hunyuan3",
        shape=Tagged(
            section=("<tool_calls>\n", "</tool_calls>"),
            call=("<tool_call>", "</tool_call>\n"),
            name_end="<tool_sep>\n",
            key=("<arg_key>", "</arg_key>\n<arg_value>"),
            value_end="</arg_value>\n",
        ),
        model_types=("hy_v3",),
        markers=("<tool_calls>", "<tool_sep>", "<arg_key>"),
        source="Tencent, Hy3 chat template",
    ),
    Format(
        name="seed-oss",
        shape=Tagged(
            section=("<seed:tool_call>\n", "\n</seed:tool_call>"),
            together=False,
            between="\n",
            call=("<function=", "</function>"),
            name_end=">\n",
            key=("<parameter=", ">"),
            value_end="</parameter>\n",
        ),
        model_types=("seed_oss",),
        markers=("<seed:tool_call>",),
        source="ByteDance, Seed-OSS chat template",
    ),
    Format(
        name="step3",
        shape=Tagged(
            section=("<｜tool_calls_begin｜>\n", "<｜tool_calls_end｜>"),
            call=(
                '<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="',
                "</steptml:invoke><｜tool_call_end｜>\n",
            ),
            name_end='">\n',
            key=('<steptml:parameter name="', '">'),
            value_end="</steptml:parameter>\n",
        ),
        model_types=("step3", "step3_text", "step3_vl"),
        markers=("steptml:invoke",),
        source="StepFun, Step3 chat template",
    ),
)
"""One row per format."""
