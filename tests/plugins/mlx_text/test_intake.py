"""What is checked before the engine sees a request, and how a conversation becomes tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.architectures import PLAIN, SLIDING
from tests.plugins.mlx_text.harness import (
    Driver,
    completion,
    open_engine,
    toolbox,
    write_model,
    write_tokenizer,
)
from tests.plugins.mlx_text.harness import byte_level_tokenizer as tokenizer_of_the_models
from tokenizers import processors

from mlxkernel.api import ModelDefaults, ModelFamily, ModelLimits
from mlxkernel.errors import ConfigError, RequestFailed
from mlxkernel.messages import Audio, Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import (
    Conversation,
    Prompts,
    ReasoningWish,
    Request,
    RequiredTool,
    Sampling,
    Tool,
)
from mlxkernel_mlx.conversation import turns
from mlxkernel_mlx.intake import TextJob

HELLO = Message(Role.USER, (Text("Hello"),))


def chat(*messages: Message, **changes: Any) -> Request:
    template_args = changes.pop("template_args", {})
    continue_last = changes.pop("continue_last", False)
    return Request(
        id="chat", model="m", input=Conversation(tuple(messages), template_args, continue_last), **changes
    )


def prompt_text(driver: Driver, request: Request) -> str:
    job = driver.engine.prepare(request)
    return tokenizer_of_the_models().decode(list(job.prompts[0].tokens), skip_special_tokens=False)


def refusal(driver: Driver, request: Request) -> tuple[str, str | None, str | None]:
    with pytest.raises(RequestFailed) as caught:
        driver.engine.prepare(request)
    fault = caught.value.fault
    assert fault.kind.status == 400
    return fault.message, fault.param, fault.code


@pytest.mark.parametrize(
    ("prompt", "message", "param"),
    [
        ("", "'prompt' is empty; a model needs at least one token to go on from", "prompt"),
        ((), "'prompt' is empty; a model needs at least one token to go on from", "prompt"),
        ((5, 380), "'prompt' holds the token id 380, but the model's tokens are 0 to 379", "prompt"),
        ((-1,), "'prompt' holds the token id -1, but the model's tokens are 0 to 379", "prompt"),
    ],
)
def test_prompts_without_sense(driver: Driver, prompt: Any, message: str, param: str) -> None:
    assert refusal(driver, completion("x", prompt)) == (message, param, None)


def test_each_prompt_of_a_list_is_checked_under_its_place(driver: Driver) -> None:
    assert refusal(driver, Request(id="x", model="m", input=Prompts(("a", ""))))[1] == "prompt[1]"
    assert refusal(driver, Request(id="x", model="m", input=Prompts(())))[0] == (
        "'prompt' is an empty list; give at least one prompt"
    )


@pytest.mark.parametrize(
    ("changes", "message", "param"),
    [
        ({"n": 0}, "'n' is 0; it must be 1 or more", "n"),
        ({"min_tokens": -1}, "'min_tokens' is -1; it must be 0 or more", "min_tokens"),
        ({"max_tokens": 0}, "'max_tokens' is 0; it must be 1 or more", "max_tokens"),
        ({"stop": ("a", "")}, "'stop' holds an empty string, which would end every answer at once", "stop"),
        (
            {"logprobs": 381},
            "'logprobs' asks for 381 alternatives; the vocabulary has 380",
            "logprobs",
        ),
        (
            {"stop_token_ids": (400,)},
            "'stop_token_ids' holds the token id 400, but the model's tokens are 0 to 379",
            "stop_token_ids",
        ),
        (
            {"sampling": Sampling(logit_bias={50_000_000: 5.0})},
            "'logit_bias' names token 50000000, but the model's tokens are 0 to 379",
            "logit_bias",
        ),
        (
            {"sampling": Sampling(processors=("x",))},
            "there is no logits processor 'x' (known: none is installed)",
            "processors",
        ),
    ],
)
def test_numbers_without_sense(driver: Driver, changes: dict[str, Any], message: str, param: str) -> None:
    assert refusal(driver, completion("x", "Hello", **changes))[:2] == (message, param)


def test_a_forced_call_needs_a_tool(driver: Driver) -> None:
    message, param, _ = refusal(driver, chat(HELLO, tool_choice=RequiredTool()))
    assert (message, param) == ("'tool_choice' forces a call, but there is no such tool", "tool_choice")


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (chat(HELLO, tools=(Tool("add"),)), "tools"),
        (chat(HELLO, reasoning=ReasoningWish(effort="high")), "reasoning_effort"),
        (chat(Message(Role.USER, (Text("What?"), Image(b"png")))), "messages[0].content[1]"),
        (chat(HELLO, Message(Role.USER, (Audio(b"wav", "wav"),))), "messages[1].content[0]"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(driver: Driver, request_: Request, param: str) -> None:
    message, named, code = refusal(driver, request_)
    assert (named, code) == (param, "unsupported_parameter")
    assert message.startswith(f"'{param}' is not supported: ")


def test_an_optional_wish_for_thoughts_is_no_reason_to_refuse(driver: Driver) -> None:
    wish = ReasoningWish(effort="high", optional=True)
    assert prompt_text(driver, chat(HELLO, reasoning=wish)) == prompt_text(driver, chat(HELLO))


# --- context --------------------------------------------------------------------------------------


def test_a_prompt_as_long_as_the_context_is_refused_with_both_figures(load: Callable[..., Driver]) -> None:
    driver = load(limits=ModelLimits(context=16))
    assert driver.info.context == 16
    for length in (16, 40):
        assert refusal(driver, completion("x", tuple(range(length)))) == (
            f"the prompt has {length} tokens and the context of model 'm' is 16, which leaves no room for an "
            "answer; shorten the prompt",
            "prompt",
            "context_length_exceeded",
        )
    assert refusal(driver, completion("x", tuple(range(10)), max_tokens=7)) == (
        "the prompt has 10 tokens and 'max_tokens' asks for 7 more, but the context of model 'm' is 16; "
        "at most 6 remain for the answer",
        "max_tokens",
        "context_length_exceeded",
    )


def test_without_a_limit_the_answer_has_what_remains(load: Callable[..., Driver]) -> None:
    def room(driver: Driver, **changes: Any) -> int:
        job: TextJob = driver.engine.prepare(completion("x", tuple(range(10)), **changes))
        return job.prompts[0].max_tokens

    driver = load(limits=ModelLimits(context=16))
    assert room(driver, max_tokens=None) == 6
    assert room(driver, max_tokens=6) == 6
    assert room(driver, max_tokens=5, clip=True) == 5
    assert room(driver, max_tokens=7, clip=True) == 6
    assert driver.ask(completion("full", tuple(range(10)), max_tokens=None)).usage.completion_tokens == 6
    assert room(load(), max_tokens=None) == 1014
    driver = load(limits=ModelLimits(max_tokens=50), defaults=ModelDefaults(max_tokens=20))
    assert room(driver, max_tokens=None) == 20
    assert room(driver, max_tokens=30) == 30
    assert refusal(driver, completion("x", (1,), max_tokens=51))[:2] == (
        "'max_tokens' is 51, and model 'm' answers with at most 50 tokens here",
        "max_tokens",
    )


# --- conversations --------------------------------------------------------------------------------


def test_a_conversation_becomes_the_templates_text(driver: Driver) -> None:
    request = chat(
        Message(Role.SYSTEM, (Text("Be "), Text("kind."))),
        HELLO,
        Message(Role.ASSISTANT, (Text("Hi"),)),
        Message(Role.USER, (Text("Bye"),)),
    )
    assert prompt_text(driver, request) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
        "<|im_start|>assistant\nHi<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )


def test_an_unfinished_assistant_turn_is_continued(driver: Driver) -> None:
    request = chat(HELLO, Message(Role.ASSISTANT, (Text("Hi the"),)), continue_last=True)
    assert prompt_text(driver, request).endswith("<|im_start|>assistant\nHi the")


def test_an_empty_conversation_is_refused(driver: Driver) -> None:
    assert refusal(driver, chat())[:2] == ("'messages' is empty; there is nothing to answer", "messages")


def model_with_template(folder: Path, template: str | None, **changes: Any) -> Driver:
    box = changes.pop("box", None)
    write_model(folder, PLAIN)
    write_tokenizer(folder, tokenizer_of_the_models(), template)
    return open_engine(folder, box, **changes)


def test_template_arguments_reach_the_template_and_its_own_defaults_hold(tmp_path: Path) -> None:
    template = (
        "{{ 'on' if enable_thinking is not defined else 'given:' ~ enable_thinking }}"
        "{{ messages[0].content }}"
    )
    driver = model_with_template(tmp_path, template, defaults=ModelDefaults(template_args={"unused": 1}))
    assert prompt_text(driver, chat(HELLO)) == "onHello"
    assert prompt_text(driver, chat(HELLO, template_args={"enable_thinking": False})) == "given:FalseHello"
    assert refusal(driver, chat(HELLO, template_args={"tokenize": True}))[0] == (
        "'tokenize' is set by the server, not by template arguments"
    )


def test_the_templates_own_words_come_back_when_it_refuses(tmp_path: Path) -> None:
    driver = model_with_template(tmp_path, "{{ raise_exception('Roles must alternate') }}")
    assert refusal(driver, chat(HELLO))[:2] == (
        "the model's chat template refused the messages: Roles must alternate",
        "messages",
    )
    driver = model_with_template(tmp_path, "{{ messages[0].content.nothing.there }}")
    assert refusal(driver, chat(HELLO))[0].startswith("the model's chat template refused the messages: ")


def test_without_a_template_the_familys_is_taken_or_the_mend_is_told(tmp_path: Path) -> None:
    driver = model_with_template(tmp_path, None)
    assert refusal(driver, chat(HELLO))[0] == (
        "model 'm' has no chat template, so it cannot take messages; use a raw prompt, or name a template "
        'under [models.m] (template = "chatml")'
    )
    family = ModelFamily(name="q", model_types=("qwen3",), template="plain")
    driver = open_engine(tmp_path, toolbox(families={"q": family}))
    assert prompt_text(driver, chat(HELLO)) == "User: Hello\nAssistant:"
    assert driver.info.family == "q"
    driver = open_engine(tmp_path, toolbox(families={"q": family}), template="chatml")
    assert prompt_text(driver, chat(HELLO)).startswith("<|im_start|>user\nHello")
    with pytest.raises(ConfigError) as caught:
        open_engine(tmp_path, template="chatlm")
    assert str(caught.value) == (
        "[models.m] template: there is no chat template 'chatlm' "
        "(known: chatml, llama3, gemma, mistral, plain)"
    )


def test_a_raw_prompt_gets_its_first_token_once(tmp_path: Path) -> None:
    write_model(tmp_path, PLAIN)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**config, "bos_token": "<|endoftext|>"}))
    tokenizer = tokenizer_of_the_models()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    driver = open_engine(tmp_path)
    for prompt in ("Hello", "<|endoftext|>Hello"):
        tokens = driver.engine.prepare(completion("x", prompt)).prompts[0].tokens
        assert tokens == (0, *tokenizer.encode("Hello", add_special_tokens=False).ids)
    chatted = driver.engine.prepare(chat(HELLO)).prompts[0].tokens
    assert 0 not in chatted


def test_history_becomes_what_templates_expect() -> None:
    messages = [
        Message(Role.USER, (Text("What is 2+3?"),), name="ada"),
        Message(
            Role.ASSISTANT,
            (
                Reasoning("Add."),
                ToolCall("c1", "add", '{"a": 2}'),
                ToolCall("c2", "now", ""),
                ToolCall("c3", "x", "{"),
            ),
        ),
        Message(Role.TOOL, (ToolResult("c1", (Text("5"),), name="add"), ToolResult("c2"))),
        Message(Role.TOOL, (ToolResult("c3", (Text("no such tool"),), is_error=True),)),
    ]
    assert turns(messages) == [
        {"role": "user", "content": "What is 2+3?", "name": "ada"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Add.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": {"a": 2}}},
                {"id": "c2", "type": "function", "function": {"name": "now", "arguments": {}}},
                {"id": "c3", "type": "function", "function": {"name": "x", "arguments": "{"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "5", "name": "add"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
        {"role": "tool", "tool_call_id": "c3", "content": "Error: no such tool"},
    ]


# --- boundaries -----------------------------------------------------------------------------------


def test_states_that_cannot_be_trimmed_are_kept_where_messages_end(tmp_path: Path) -> None:
    driver = open_engine(write_model(tmp_path, SLIDING))
    system = Message(Role.SYSTEM, (Text("You are a kind assistant who answers questions about colours."),))
    first = chat(system, HELLO, max_tokens=6, ignore_eos=True, sampling=Sampling(temperature=0.0))
    answer = driver.ask(first)
    assert answer.usage.cached_tokens == 0
    job = driver.engine.prepare(first)
    system_end = job.prompts[0].boundaries[0]
    assert 20 < system_end < len(job.prompts[0].tokens)
    # Another conversation on the same system text finds the text's end.
    other = chat(system, Message(Role.USER, (Text("Goodbye, it is late"),)), max_tokens=4)
    assert driver.ask(other).usage.cached_tokens == system_end
    # The next turn finds the end of the last one, though the client trimmed the answer.
    reply = Message(Role.ASSISTANT, (Text("Hm."),))
    second = chat(system, HELLO, reply, Message(Role.USER, (Text("And then?"),)), max_tokens=6)
    assert driver.ask(second).usage.cached_tokens == len(job.prompts[0].tokens) - 1


def test_prefixes_are_not_shared_between_tenants(load: Callable[..., Driver]) -> None:
    driver = load()
    prompt = tuple(range(4, 60))
    assert driver.ask(completion("a", prompt, principal="ada")).usage.cached_tokens == 0
    assert driver.ask(completion("b", prompt, principal="bob")).usage.cached_tokens == 0
    assert driver.ask(completion("c", prompt, principal="ada")).usage.cached_tokens == 55
    started = driver.events["c"][0]
    assert getattr(started, "cached_tokens", None) == 55
    assert driver.engine.stats().cached_tokens == 55
