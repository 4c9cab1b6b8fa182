"""Formats whose calls are JSON: the call as one object, or a name with an object behind it.

The rules of the table (see `table`) hold here.
"""

from __future__ import annotations

from mlxkernel.formats import Addressed, Format, JsonCalls, NamedJson

_DEEPSEEK_CALL = "<｜tool▁call▁begin｜>"
_DEEPSEEK = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")
_HERMES = ("<tool_call>\n", "\n</tool_call>")
_TO = "to=functions."

JSON: tuple[Format, ...] = (
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
        name="llama3-json",
        shape=JsonCalls(arguments=("parameters", "arguments"), between="; ", also=(("<|python_tag|>", ""),)),
        model_types=("llama", "mllama"),
        markers=("<|python_tag|>", "parameters"),
        source="Meta, Llama 3.1 and 3.2 prompt formats and chat templates",
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
            begun=(_TO, "<|call|>"),
        ),
        model_types=("gpt_oss",),
        markers=("<|channel|>commentary", "functions."),
        source="OpenAI, harmony response format; gpt-oss chat template",
    ),
    Format(
        name="granite3",
        shape=JsonCalls(
            section=("<|tool_call|>", ""), listed=True, between=", ", also=(("<tool_call>", ""),)
        ),
        model_types=("granite", "granitemoe"),
        markers=("<|start_of_role|>", "<|tool_call|>"),
        source="IBM, Granite 3.0 to 3.3 chat templates",
    ),
    Format(
        name="granite4",
        shape=JsonCalls(call=_HERMES, between="\n"),
        model_types=("granitemoehybrid",),
        markers=("<|start_of_role|>", "<tool_call>", "arguments"),
        source="IBM, Granite 4.0 chat template",
    ),
    Format(
        name="phi4-mini",
        shape=JsonCalls(
            section=("<|tool_call|>", "<|/tool_call|>"),
            listed=True,
            between=", ",
            also=(("functools[", "]"),),
        ),
        model_types=("phi3",),
        markers=("<|tool|>", "<|/tool|>"),
        source="Microsoft, Phi-4-mini-instruct model card and chat template",
    ),
    Format(
        name="phi4-mini-functools",
        shape=JsonCalls(
            section=("functools[", "]"), between=", ", also=(("<|tool_call|>", "<|/tool_call|>"),)
        ),
        markers=("functools[",),
        source="Phi-4-mini with the chat template that vLLM publishes for it",
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
        name="longcat",
        shape=JsonCalls(call=("<longcat_tool_call>\n", "\n</longcat_tool_call>")),
        model_types=("longcat_flash", "longcat_flash_ngram"),
        markers=("<longcat_tool_call>",),
        source="Meituan, LongCat-Flash-Chat chat template",
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
            also=(("Action:```json", "```"), ("Action:\n```json", "```")),
        ),
        model_types=("cohere",),
        markers=("Action:", "tool_name"),
        source="Cohere, Command R and R+ prompt format, single-step tool use",
    ),
    Format(
        name="functionary",
        shape=NamedJson(call=("<function=", "</function>"), mark=">"),
        markers=("<function=example_function_name>{",),
        source="MeetKai, functionary v3.1 chat template",
    ),
    Format(
        name="functionary-v3.2",
        shape=Addressed(between=">>>"),
        markers=(">>>all",),
        source="MeetKai, functionary v3.2 chat template",
    ),
    Format(
        name="apertus",
        shape=JsonCalls(section=("<|tools_prefix|>", "<|tools_suffix|>"), listed=True, between=", ", name=()),
        model_types=("apertus",),
        markers=("<|tools_prefix|>",),
        source="Swiss AI Initiative, Apertus chat template",
    ),
)
"""One row per format."""
