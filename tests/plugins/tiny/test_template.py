"""The chat template of tiny and the text that it was trained on are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxkernel_plugins.tiny import recipe
from mlxkernel_plugins.tiny.recipe.conversation import Conversation, Message
from mlxkernel_plugins.tiny.recipe.mixture import conversation
from mlxkernel_plugins.tiny.recipe.rendering import answer_text, text

MODEL = Path(recipe.__file__).parent.parent / "model"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """The tokenizer as transformers loads it, with the template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


def as_openai(message: Message) -> dict[str, Any]:
    """Return the message as a client sends it, with its thoughts as `reasoning_content`."""
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        calls = [
            {"type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.calls
        ]
        sent["tool_calls"] = calls
    if message.thought:
        sent["reasoning_content"] = message.thought
    return sent


def prompt_of(tokenizer: Any, written: Conversation) -> str:
    """Return the template's prompt for the last answer of a conversation."""
    thinking = {"unsaid": {}, "off": {"enable_thinking": False}, "on": {"enable_thinking": True}}[
        written.thinking
    ]
    messages = [as_openai(message) for message in written.messages[:-1]]
    if written.thinking != "on":
        for message in messages:
            message.pop("reasoning_content", None)
    prompt: str = tokenizer.apply_chat_template(
        messages, tools=list(written.tools) or None, add_generation_prompt=True, tokenize=False, **thinking
    )
    return prompt


def test_the_template_writes_what_training_reads(tokenizer: Any) -> None:
    for index in range(300):
        written = conversation("template", index, "rehearsal")
        if written.plain:
            continue
        prompt = prompt_of(tokenizer, written)
        last = written.messages[-1]
        thought = f"{last.thought}\n</think>\n\n" if written.thinking == "on" else ""
        assert text(written) == f"{prompt}{thought}{answer_text(last)}<|im_end|>\n"


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ({}, "assistant\n"),
        ({"enable_thinking": False}, "<think>\n\n</think>\n\n"),
        ({"enable_thinking": True}, "<think>\n"),
    ],
)
def test_thinking_is_off_on_or_unsaid(tokenizer: Any, asked: dict[str, bool], end: str) -> None:
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], add_generation_prompt=True, tokenize=False, **asked
    )
    assert (
        prompt
        == f"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n{end.removeprefix('assistant' + chr(10))}"
    )


def test_content_may_be_parts_and_arguments_may_be_a_string(tokenizer: Any) -> None:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "clock", "arguments": '{"city": "Nice"}'},
    }
    prompt = tokenizer.apply_chat_template(
        [
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            {
                "role": "user",
                "content": [{"type": "text", "text": "What time "}, {"type": "text", "text": "is it?"}],
            },
            {"role": "assistant", "content": None, "tool_calls": [call, call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
            {"role": "tool", "tool_call_id": "call_2", "content": "12:01"},
        ],
        add_generation_prompt=True,
        tokenize=False,
    )
    called = '<tool_call>\n{"name": "clock", "arguments": {"city": "Nice"}}\n</tool_call>'
    assert prompt == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat time is it?<|im_end|>\n"
        f"<|im_start|>assistant\n{called}\n{called}<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\n12:00\n</tool_response>\n<tool_response>\n12:01\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_thoughts_before_the_last_question_are_left_out(tokenizer: Any) -> None:
    prompt = tokenizer.apply_chat_template(
        [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "<think>\nA greeting.\n</think>\n\nHello!"},
            {"role": "user", "content": "Bye"},
            {"role": "assistant", "content": "Goodbye!", "reasoning_content": "They leave."},
        ],
        tokenize=False,
    )
    assert "A greeting." not in prompt
    assert "<|im_start|>assistant\nHello!<|im_end|>" in prompt
    assert "<think>\nThey leave.\n</think>\n\nGoodbye!<|im_end|>" in prompt
