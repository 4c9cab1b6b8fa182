"""The table of reasoning formats. Each row follows the chat template that its makers publish."""

from __future__ import annotations

from mlxkernel.formats.reasoning import TaggedReasoning

FORMATS: tuple[TaggedReasoning, ...] = (
    # Qwen3 and QwQ, DeepSeek R1 and V3.1, GLM 4.5, MiniMax M2, Nemotron, ERNIE 4.5 Thinking, Olmo 3 Think,
    # Phi-4 reasoning, Step 3: one pair of tags. Their templates differ in whether the prompt opens it.
    TaggedReasoning(
        name="think",
        opens=("<think>",),
        closes=("</think>",),
        model_types=(
            "qwen3",
            "qwen3_moe",
            "qwen3_next",
            "qwen3_5",
            "qwen3_5_moe",
            "deepseek_v3",
            "deepseek_v32",
            "glm4_moe",
            "glm4_moe_lite",
            "minimax",
            "minimax_m2",
            "nemotron_h",
            "ernie4_5_moe",
            "olmo3",
            "step3p5",
            "kimi_k2",
            "kimi_linear",
        ),
    ),
    # Hunyuan A13B wraps the answer as well.
    TaggedReasoning(
        name="hunyuan",
        opens=("<think>",),
        closes=("</think>",),
        answer=("<answer>", "</answer>"),
        model_types=("hunyuan", "hunyuan_v1_dense"),
    ),
    TaggedReasoning(
        name="seed-oss", opens=("<seed:think>",), closes=("</seed:think>",), model_types=("seed_oss",)
    ),
    # Magistral and Ministral 3 Reasoning.
    TaggedReasoning(
        name="mistral", opens=("[THINK]",), closes=("[/THINK]",), model_types=("mistral3", "ministral3")
    ),
    TaggedReasoning(
        name="longcat",
        opens=("<longcat_think>",),
        closes=("</longcat_think>",),
        model_types=("longcat_flash", "longcat_flash_ngram"),
    ),
    # Granite 3.2 and 3.3 write two sentences where others write tags.
    TaggedReasoning(
        name="granite",
        opens=("Here is my thought process:", "Here's my thought process:"),
        closes=("Here is my response:", "Here's my response:"),
        model_types=("granite",),
    ),
    # Gemma 4 thinks in a channel, which may come again between its tool calls.
    TaggedReasoning(
        name="gemma4",
        opens=("<|channel>thought",),
        closes=("<channel|>",),
        repeats=True,
        model_types=("gemma4", "gemma4_text"),
    ),
    # gpt-oss: the analysis channel of the harmony response format. What is said to the user is in `final`,
    # or before a call on `commentary`; the call itself is left to the tool format.
    TaggedReasoning(
        name="harmony",
        opens=("<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>analysis<|message|>"),
        closes=("<|end|>", "<|return|>"),
        answer=(
            "<|start|>assistant<|channel|>final<|message|>",
            "<|channel|>final<|message|>",
            "<|start|>assistant<|channel|>commentary<|message|>",
            "<|channel|>commentary<|message|>",
            "<|end|>",
            "<|return|>",
        ),
        repeats=True,
        model_types=("gpt_oss",),
    ),
    TaggedReasoning(
        name="apertus",
        opens=("<|inner_prefix|>",),
        closes=("<|inner_suffix|>",),
        repeats=True,
        model_types=("apertus",),
    ),
    # Command A Reasoning marks the answer, too.
    TaggedReasoning(
        name="cohere",
        opens=("<|START_THINKING|>",),
        closes=("<|END_THINKING|>",),
        answer=("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
        model_types=("cohere2",),
    ),
    TaggedReasoning(name="exaone", opens=("<thought>",), closes=("</thought>",), model_types=("exaone",)),
    # Kimi-VL Thinking.
    TaggedReasoning(name="kimi-vl", opens=("◁think▷",), closes=("◁/think▷",), model_types=("kimi_vl",)),
)
