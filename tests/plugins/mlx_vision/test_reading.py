"""Conversations with pictures become tokens; what a model cannot take in is refused by the part's name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.plugins.mlx_text.harness import Driver
from tests.plugins.mlx_vision.architectures import token
from tests.plugins.mlx_vision.harness import ask, open_engine, part, picture, template, user

from mlxkernel.errors import RequestFailed
from mlxkernel.events import Finished, Rendered
from mlxkernel.messages import Audio, Image, Message, Role, Text, ToolCall, ToolResult
from mlxkernel.request import Embed, Prompts, Render, Request

PAD = token("<|image_pad|>")


def rendered(driver: Driver, request: Request) -> Rendered:
    driver.admit(request)
    driver.run()
    (found,) = [event for event in driver.events[request.id] if isinstance(event, Rendered)]
    return found


def refused(driver: Driver, *messages: Message) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        driver.engine.prepare(ask("refused", *messages))
    return caught.value


def test_pictures_stand_where_they_were_said(driver: Driver) -> None:
    request = ask("order", user("a", picture(1), "b", picture(2, 16, 16), "c"), task=Render())
    found = rendered(driver, request)
    mark = "<|vision_start|><|image_pad|><|vision_end|>"
    assert found.text == f"<|im_start|>user\na{mark}b{mark}c<|im_end|>\n<|im_start|>assistant\n"
    assert found.tokens.count(PAD) == 3 * 2 + 2 * 2, "24x20 pixels are 3x2 tokens of 8x8, 16x16 are 2x2"


def test_a_rendering_counts_the_tokens_of_pictures(driver: Driver) -> None:
    request = ask("count", user(picture(1), "What is it?"), task=Render())
    length = len(rendered(driver, request).tokens)
    (end,) = [event for event in driver.events["count"] if isinstance(event, Finished)]
    answer = driver.ask(ask("answer", user(picture(1), "What is it?")))
    assert end.usage.prompt_tokens == length == answer.usage.prompt_tokens


def test_a_picture_in_a_tool_s_answer_is_seen(driver: Driver) -> None:
    call = Message(Role.ASSISTANT, (ToolCall("c1", "look", "{}"),))
    result = Message(Role.TOOL, (ToolResult("c1", (Text("Here: "), part(picture(4)))),))
    found = rendered(driver, ask("tool", user("Look!"), call, result, task=Render()))
    assert "tool\nHere: <|vision_start|><|image_pad|><|vision_end|>" in found.text
    assert found.tokens.count(PAD) == 6


def test_text_that_looks_like_a_picture_s_mark_is_refused_beside_pictures(driver: Driver) -> None:
    fault = refused(driver, user("See <|image_pad|> and", picture(1))).fault
    assert fault.param == "messages[0].content[0]"
    assert fault.message == (
        "'messages[0].content[0]' holds '<|image_pad|>', with which this model's prompts mark a picture"
    )
    answer = driver.ask(ask("alone", user("What does <|image_pad|> mean?")))
    assert answer.usage.completion_tokens == 12


def test_a_damaged_picture_is_refused_by_its_part(driver: Driver) -> None:
    damaged = Message(Role.USER, (Text("x"), Image(data=(part(picture(1)).data or b"")[:200])))
    fault = refused(driver, user(picture(2), "fine"), damaged).fault
    assert fault.param == "messages[1].content[1]"
    assert "truncated or damaged" in fault.message


def test_sound_is_refused_by_its_part(driver: Driver) -> None:
    sound = Message(Role.USER, (Text("Listen: "), Audio(b"RIFF", "wav")))
    fault = refused(driver, sound).fault
    assert fault.message == "'messages[0].content[1]' is not supported: this model takes in no sound"


def test_a_picture_that_the_processor_refuses_is_the_sender_s_fault(driver: Driver) -> None:
    fault = refused(driver, user(picture(1, 800, 2), "A line?")).fault
    assert fault.message.startswith("the processor of model 'm' refused the pictures: ")


def test_what_a_template_leaves_out_is_not_lost_in_silence(seeing: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(seeing, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    only_users = template("<|image_pad|>").replace(
        "{% if p.type == 'image' %}", "{% if p.type == 'image' %}{% if m.role == 'user' %}"
    )
    config["chat_template"] = only_users.replace("<|image_pad|>", "<|image_pad|>{% endif %}")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    system = Message(Role.SYSTEM, (Text("Like this: "), part(picture(1))))
    fault = refused(open_engine(folder), system, user("Hello")).fault
    assert fault.message == (
        "the chat template of model 'm' has no place for a picture in one of these messages; "
        "put pictures into messages of the role 'user'"
    )


def test_a_template_that_knows_strings_only_gets_the_mark_in_the_text(seeing: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(seeing, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["chat_template"] = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    found = rendered(open_engine(folder), ask("r", user("a", picture(1), "b"), task=Render()))
    assert found.text == "user: a<|image_pad|>b\n"
    assert found.tokens.count(PAD) == 6


def test_raw_prompts_and_token_ids_work_as_for_text(driver: Driver) -> None:
    answer = driver.ask(ask("raw", input=Prompts(("Hello there",))))
    assert answer.usage.completion_tokens == 12


def test_texts_have_vectors(driver: Driver) -> None:
    request = Request(id="e", model="m", input=Prompts(("Hello", "there")), task=Embed())
    driver.admit(request)
    driver.run()
    assert driver.info.embedding == 64
    assert len(driver.answer("e").embeddings) == 2


def test_a_long_conversation_with_a_picture_counts_against_the_context(load: Callable[..., Driver]) -> None:
    driver = load()
    with pytest.raises(RequestFailed, match="the context of model 'm' is 1024") as caught:
        driver.engine.prepare(ask("long", user(picture(1), "word " * 1200)))
    assert caught.value.fault.code == "context_length_exceeded"
