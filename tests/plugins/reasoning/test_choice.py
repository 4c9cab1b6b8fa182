"""``auto`` over the built-in table."""

from __future__ import annotations

from importlib.resources import files

import pytest

from mlxkernel.formats import choose_reasoning
from mlxkernel_plugins.reasoning import FORMATS


@pytest.mark.parametrize(
    ("model_type", "template", "expected"),
    [
        ("qwen3", "{{ '<think>' }}", "think"),
        ("llama", "{{ '<think>' }}", "think"),
        ("hunyuan_v1_dense", "{{ '<think>' }}", "hunyuan"),
        ("mistral3", "[THINK]", "mistral"),
        ("qwen2", "<seed:think> and <think>", "seed-oss"),
        ("qwen3", "<seed:think> and <think>", "think"),
        ("gpt_oss", "<|channel|>analysis<|message|>", "harmony"),
        ("gpt_oss", None, "harmony"),
        ("granitemoe", "no markers", "granite"),
        ("granite", "no markers", None),
        ("granite", "starting with 'Here is my thought process:' after which", "granite"),
        (
            "granite",
            "<think></think> and then <response></response>",
            "think-response",
        ),
        ("ernie4_5_moe", "{{ '<think>\\n' + content }}", "think-response"),
        ("deepseek_v4", "{{ thinking_start }} <think>", "deepseek-v4"),
        ("hy_v3", "{%- set think_begin_token = '<think>' %}", "hunyuan3"),
        ("cohere2", "{{ '<|START_THINKING|><|END_THINKING|>' }}", "cohere"),
        ("cohere2", "an older template without thinking", None),
        ("cohere2_moe", "<|CHATBOT_TOKEN|><|START_THINKING|>", "cohere4"),
        ("gemma4", "{{- '<|channel>thought\\n<channel|>' -}}", "gemma4"),
        ("seed_oss", "{%- set think_begin_token = '<seed:think>' -%}", "seed-oss"),
        ("minicpm3", "{{- '<|thought_start|>\\n' + message.thought }}", "minicpm"),
        ("apertus", "{%- set inner_token = '<|inner_prefix|>' -%}", "apertus"),
        ("longcat_flash", "{{ '<longcat_think>\\n' }}", "longcat"),
        ("step3p5", "{{- '<|im_start|>assistant\\n<think>\\n' }}", "think"),
        ("llama", "no markers", None),
        ("llama", None, None),
        ("llama", "</think>", None),
    ],
)
def test_families_and_templates(model_type: str, template: str | None, expected: str | None) -> None:
    assert choose_reasoning(model_type, template, FORMATS) == expected


def test_the_bundled_model_s_template_is_known() -> None:
    template = (files("mlxkernel_plugins.tiny") / "model" / "chat_template.jinja").read_text(encoding="utf-8")
    assert choose_reasoning("qwen3", template, FORMATS) == "think"


def test_no_two_formats_share_a_name_and_every_family_has_one() -> None:
    names = [format.name for format in FORMATS]
    assert len(set(names)) == len(names)
    types = [name for format in FORMATS for name in format.model_types]
    assert len(set(types)) == len(types)
