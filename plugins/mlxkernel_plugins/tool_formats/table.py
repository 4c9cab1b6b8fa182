"""The table of formats: one row per way of writing calls, each with the document that it follows.

Where a maker's chat template and model card differ, the template counts: it is what the model was
trained on. Texts are those of the markers alone.
"""

from __future__ import annotations

from mlxkernel.formats import Expression, Format, JsonCalls, NamedJson, Notation, Tagged

_DEEPSEEK_CALL = "<｜tool▁call▁begin｜>"
_DEEPSEEK = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")
_HERMES = ("<tool_call>\n", "\n</tool_call>")
_TO = "to=functions."

FORMATS: tuple[Format, ...] = (
    Format(
        name="hermes",
        shape=JsonCalls(call=_HERMES, between="\n"),
        model_types=(
            "qwen2",
            "qwen2_moe",
            "qwen3",
            "qwen3_moe",
            "qwen2_vl",
            "qwen2_5_vl",
            "qwen3_vl",
            "qwen3_vl_moe",
            "smollm3",
            "exaone4",
        ),
        markers=("<tool_call>", "arguments"),
        source="Nous Research, Hermes Function Calling; Qwen2.5 and Qwen3 chat templates",
    ),
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
        name="llama3-json",
        shape=JsonCalls(arguments=("parameters", "arguments"), between="; ", also=(("<|python_tag|>", ""),)),
        model_types=("llama", "mllama"),
        markers=("<|python_tag|>", "parameters"),
        source="Meta, Llama 3.1 and 3.2 prompt formats and chat templates",
    ),
    Format(
        name="pythonic",
        shape=Expression(listed=True, between=", ", also=(("<|python_start|>", "<|python_end|>"),)),
        model_types=("llama4", "llama4_text"),
        markers=("func_name1(params_name1=",),
        source="Meta, Llama 4 prompt format; Llama 3.2 1B and 3B zero-shot function calling",
    ),
    Format(
        name="mistral",
        shape=NamedJson(call=("[TOOL_CALLS]", ""), mark="[ARGS]", headers=("{name}", "{name}[CALL_ID]{id}")),
        model_types=("mistral3", "ministral3", "mistral4", "devstral"),
        markers=("[TOOL_CALLS]", "[ARGS]"),
        source="Mistral AI, mistral-common instruct tokenizer v11 and v13",
    ),
    Format(
        name="mistral-array",
        shape=JsonCalls(section=("[TOOL_CALLS]", ""), listed=True, between=", "),
        model_types=("mistral", "mixtral", "pixtral"),
        markers=("[TOOL_CALLS]",),
        source="Mistral AI, mistral-common instruct tokenizer v2, v3 and v7",
    ),
    Format(
        name="deepseek-v3",
        shape=NamedJson(
            section=_DEEPSEEK,
            call=(f"{_DEEPSEEK_CALL}function<｜tool▁sep｜>", "\n```<｜tool▁call▁end｜>"),
            between="\n",
            mark="\n```json\n",
        ),
        model_types=("deepseek_v3",),
        markers=("<｜tool▁calls▁begin｜>", "<｜tool▁sep｜>", "```json"),
        source="DeepSeek-V3-0324 and DeepSeek-R1-0528 chat templates",
    ),
    Format(
        name="deepseek-v3.1",
        shape=NamedJson(
            section=_DEEPSEEK, call=(_DEEPSEEK_CALL, "<｜tool▁call▁end｜>"), mark="<｜tool▁sep｜>"
        ),
        markers=("<｜tool▁calls▁begin｜>", "<｜tool▁sep｜>"),
        source="DeepSeek-V3.1 chat template and model card",
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
        markers=("｜DSML｜tool_calls",),
        source="DeepSeek-V4 encoding documentation",
    ),
    Format(
        name="kimi-k2",
        shape=NamedJson(
            section=("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
            call=("<|tool_call_begin|>", "<|tool_call_end|>"),
            headers=("functions.{name}:{index}",),
            mark="<|tool_call_argument_begin|>",
        ),
        model_types=("kimi_k2", "kimi_k25", "kimi_linear"),
        markers=("<|tool_calls_section_begin|>", "<|tool_call_argument_begin|>"),
        source="Moonshot AI, Kimi K2 tool call guidance and chat template",
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
        name="harmony",
        shape=NamedJson(
            call=(f"<|channel|>commentary {_TO}", "<|call|>"),
            between="<|start|>assistant",
            headers=("{name} <|constrain|>json",),
            mark="<|message|>",
            also=(
                (f"<|start|>assistant<|channel|>commentary {_TO}", "<|call|>"),
                (f"<|channel|>analysis {_TO}", "<|call|>"),
                (f"<|start|>assistant<|channel|>analysis {_TO}", "<|call|>"),
                (f"<|start|>assistant {_TO}", "<|call|>"),
            ),
        ),
        model_types=("gpt_oss",),
        markers=("<|channel|>commentary", "functions."),
        source="OpenAI, harmony response format; gpt-oss chat template",
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
        name="granite3",
        shape=JsonCalls(
            section=("<|tool_call|>", ""), listed=True, between=", ", also=(("<tool_call>", ""),)
        ),
        model_types=("granite", "granitemoe"),
        markers=("<|tool_call|>", "granite"),
        source="IBM, Granite 3.0 to 3.3 chat templates",
    ),
    Format(
        name="granite4",
        shape=JsonCalls(call=_HERMES, between="\n"),
        model_types=("granitemoehybrid",),
        markers=("<tool_call>", "arguments"),
        source="IBM, Granite 4.0 chat template",
    ),
    Format(
        name="phi4-mini",
        shape=JsonCalls(
            section=("<|tool_call|>", "<|/tool_call|>"), listed=True, between=", ", also=(("functools", ""),)
        ),
        model_types=("phi3",),
        markers=("<|tool|>", "<|/tool|>"),
        source="Microsoft, Phi-4-mini-instruct model card and chat template",
    ),
    Format(
        name="jamba",
        shape=JsonCalls(section=("<tool_calls>", "</tool_calls>"), listed=True, between=", "),
        model_types=("jamba",),
        markers=("<tool_calls>", "arguments"),
        source="AI21, Jamba 1.5 chat template",
    ),
    Format(
        name="internlm",
        shape=JsonCalls(
            call=("<|action_start|><|plugin|>\n", "<|action_end|>"),
            arguments=("parameters", "arguments"),
        ),
        model_types=("internlm2", "internlm3"),
        markers=("<|action_start|>", "<|plugin|>"),
        source="Shanghai AI Laboratory, InternLM2 chat format, function call",
    ),
    Format(
        name="xlam",
        shape=JsonCalls(listed=True, between=", ", also=(("```json", "```"),)),
        markers=("single JSON array", "arguments"),
        source="Salesforce, xLAM-2 model cards and chat templates",
    ),
    Format(
        name="hunyuan",
        shape=JsonCalls(section=("<tool_calls>", "</tool_calls>"), listed=True, between=", "),
        model_types=("hunyuan", "hunyuan_v1_moe", "hunyuan_v1_dense"),
        markers=("<tool_calls>", "arguments", "助手："),
        source="Tencent, Hunyuan-A13B-Instruct chat template",
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
        name="longcat",
        shape=JsonCalls(call=("<longcat_tool_call>\n", "\n</longcat_tool_call>")),
        model_types=("longcat_flash", "longcat_flash_ngram"),
        markers=("<longcat_tool_call>",),
        source="Meituan, LongCat-Flash-Chat chat template",
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
        name="seed-oss",
        shape=Tagged(
            section=("<seed:tool_call>\n", "\n</seed:tool_call>"),
            together=False,
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
    Format(
        name="ernie-4.5",
        shape=JsonCalls(call=("<tool_call>\n", "\n</tool_call>\n"), between=""),
        model_types=("ernie4_5", "ernie4_5_moe"),
        markers=("<tool_call>", "arguments", "<response>"),
        source="Baidu, ERNIE 4.5 Thinking chat template",
    ),
    Format(
        name="nemotron",
        shape=JsonCalls(section=("<TOOLCALL>", "</TOOLCALL>"), listed=True, between=", "),
        model_types=("nemotron-nas",),
        markers=("<TOOLCALL>",),
        source="NVIDIA, Nemotron Nano v2 and Llama Nemotron chat templates",
    ),
    Format(
        name="command",
        shape=JsonCalls(
            section=("<|START_ACTION|>[\n    ", "\n]<|END_ACTION|>"),
            between=",\n    ",
            id="tool_call_id",
            name=("tool_name",),
            arguments=("parameters",),
        ),
        model_types=("cohere2", "cohere2_moe", "cohere2_vision"),
        markers=("<|START_ACTION|>", "tool_name"),
        source="Cohere, Command R7B and Command A chat templates, tool use",
    ),
    Format(
        name="command-r",
        shape=JsonCalls(
            section=("Action: ```json\n", "\n```"),
            listed=True,
            between=", ",
            name=("tool_name",),
            arguments=("parameters",),
        ),
        model_types=("cohere",),
        markers=("Action:", "tool_name"),
        source="Cohere, Command R and R+ prompt format, single-step tool use",
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
    Format(
        name="functionary",
        shape=NamedJson(call=("<function=", "</function>"), mark=">"),
        markers=("<function=example_function_name>{",),
        source="MeetKai, functionary v3.1 chat template",
    ),
    Format(
        name="apertus",
        shape=JsonCalls(section=("<|tools_prefix|>", "<|tools_suffix|>"), listed=True, between=", ", name=()),
        model_types=("apertus",),
        markers=("<|tools_prefix|>",),
        source="Swiss AI Initiative, Apertus chat template",
    ),
)
"""All built-in formats. The order decides between formats that a model's family and template both fit."""
