"""Each template, rendered as Hugging Face tokenizers render it."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from mlxkernel_plugins.templates import NAMES, mlxkernel_register_chat_templates

SOURCES = {template.name: template.source for template in mlxkernel_register_chat_templates()}

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "Bye"},
]

EXPECTED = {
    "chatml": (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    ),
    "llama3": (
        "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    ),
    "gemma": (
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n"
        "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n"
    ),
    "mistral": "<s>[INST] Be brief.\n\nHi [/INST] Hello.</s>[INST] Bye [/INST]",
    "plain": "System: Be brief.\nUser: Hi\nAssistant: Hello.\nUser: Bye\nAssistant:",
}


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    bare = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>"))
    return PreTrainedTokenizerFast(tokenizer_object=bare, bos_token="<s>", eos_token="</s>")


@pytest.mark.parametrize("name", NAMES)
def test_a_conversation(tokenizer: PreTrainedTokenizerFast, name: str) -> None:
    text = tokenizer.apply_chat_template(
        TALK, chat_template=SOURCES[name], tokenize=False, add_generation_prompt=True
    )
    assert text == EXPECTED[name]


def test_a_role_that_a_template_cannot_write_is_refused_in_words(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(Exception, match="knows the roles system, user and assistant, not 'tool'"):
        tokenizer.apply_chat_template(
            [{"role": "tool", "content": "x"}], chat_template=SOURCES["mistral"], tokenize=False
        )
