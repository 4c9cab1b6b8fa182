"""Tokens and prompts: vLLM's forms of tokenize and detokenize, and what a chat template makes of messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.plugins.openai.conftest import http, refusal

from mlxkernel.api import Operation
from mlxkernel.events import Rendered, Usage
from mlxkernel.fold import Answer
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, Prompts, Render, Request, Tool
from mlxkernel_plugins.openai.chat import ChatCompletions
from mlxkernel_plugins.openai.rendering import ChatRendering
from mlxkernel_plugins.openai.tokens import Detokenize, Tokenize

MESSAGES = [{"role": "user", "content": "hi"}]
TOOL = {"type": "function", "function": {"name": "f"}}
SAID = (Message(Role.USER, (Text("hi"),)),)


def read(operation: Operation, **fields: Any) -> Request:
    return operation.read(http({"model": "m", **fields}))


def reply(operation: Operation, request: Request, *pieces: str) -> Any:
    answer = Answer((), Usage(2), renderings=(Rendered(0, "a b", (7, 9), pieces),))
    return json.loads(operation.answer(request, answer).body)


def test_a_text_becomes_tokens() -> None:
    request = read(Tokenize(), prompt="a b")
    assert (request.input, request.task, request.stream) == (Prompts(("a b",)), Render(), False)
    assert reply(Tokenize(), request) == {"count": 2, "tokens": [7, 9], "token_strs": None}
    assert read(Tokenize(), prompt="a b", add_special_tokens=False).input == Prompts(("a b",), special=False)
    assert read(Tokenize(), prompt="").input == Prompts(("",))


def test_tokens_in_the_words_of_the_vocabulary() -> None:
    request = read(Tokenize(), prompt="a b", return_token_strs=True)
    assert request.task == Render(pieces=True)
    assert reply(Tokenize(), request, "a", "Ġb")["token_strs"] == ["a", "Ġb"]


def test_messages_become_tokens() -> None:
    request = read(
        Tokenize(),
        messages=MESSAGES,
        tools=[TOOL],
        chat_template_kwargs={"enable_thinking": True},
        add_generation_prompt=True,
        add_special_tokens=False,
    )
    assert request.input == Conversation(SAID, {"enable_thinking": True})
    assert (request.tools, request.task) == ((Tool("f"),), Render())


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({}, "prompt", "Send either 'prompt' or 'messages'."),
        ({"prompt": "a", "messages": MESSAGES}, "prompt", "Send either 'prompt' or 'messages'."),
        ({"prompt": "a", "tools": [TOOL]}, "tools", "'tools' is only allowed with 'messages'."),
        (
            {"messages": MESSAGES, "add_special_tokens": True},
            "add_special_tokens",
            "'add_special_tokens' is not supported: the chat template writes those that belong to messages",
        ),
        (
            {"messages": MESSAGES, "add_generation_prompt": False},
            "add_generation_prompt",
            "'add_generation_prompt' is not supported: the model needs the beginning of its turn, unless "
            "'continue_final_message' is true",
        ),
        (
            {"prompt": "a", "return_token_str": True},
            "return_token_str",
            "Unrecognized request argument supplied: return_token_str; did you mean 'return_token_strs'?",
        ),
    ],
)
def test_what_cannot_be_tokenized(fields: Any, param: str, message: str) -> None:
    fault = refusal(Tokenize(), {"model": "m", **fields})
    assert (fault.param, fault.message) == (param, message)


def test_tokens_become_a_text() -> None:
    request = read(Detokenize(), tokens=[7, 9])
    assert (request.input, request.task) == (Prompts(((7, 9),), special=False), Render())
    assert reply(Detokenize(), request) == {"prompt": "a b"}
    assert refusal(Detokenize(), {"model": "m", "tokens": [-1]}).param == "tokens[0]"
    assert refusal(Detokenize(), {"model": "m"}).param == "tokens"


def test_what_the_template_makes_of_a_chat() -> None:
    operation = ChatRendering(ChatCompletions(lambda: 0.0))
    body = {"messages": MESSAGES, "tools": [TOOL], "stream": True, "temperature": 0.5}
    request = read(operation, **body)
    assert (request.input, request.tools) == (Conversation(SAID), (Tool("f"),))
    assert (request.task, request.stream) == (Render(), False)
    assert reply(operation, request) == {
        "request_id": "req_42",
        "model": "m",
        "token_ids": [7, 9],
        "text": "a b",
    }
    assert refusal(operation, {"model": "m", **body, "temperature": 3}).param == "temperature"
