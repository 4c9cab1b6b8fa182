"""gpt-oss's format in the engine: a model with random weights and the special tokens of harmony."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import Driver, open_engine, toolbox, write_model
from tokenizers import Tokenizer

from mlxkernel.events import ChoiceFinished, FinishReason, TextDelta, ToolCallDelta, ToolCallStarted
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, JsonSchema, ReasoningWish, Request, RequiredTool, Sampling, Tool
from mlxkernel_plugins.reasoning import mlxkernel_register_reasoning_formats
from mlxkernel_plugins.tool_formats import mlxkernel_register_tool_formats

SPECIAL = ("<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>", "<|return|>")
TEMPLATE = (
    "{# tools are called on <|channel|>commentary to=functions.NAME, thoughts are on "
    "<|channel|>analysis<|message|> -#} {%- for m in messages %}<|start|>{{ m.role }}<|message|>"
    "{{ m.content }}<|end|>{% endfor %}{% if tools %}{{ reasoning_effort }}{% endif %}<|start|>assistant"
)
TOOL = Tool(
    "look", parameters={"type": "object", "properties": {"at": {"enum": ["a", "b"]}}, "required": ["at"]}
)
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    folder: Path = tmp_path_factory.mktemp("harmony") / "model"
    config = {**PLAIN, "vocab_size": 400, "num_hidden_layers": 1, "max_position_embeddings": 4096}
    write_model(folder, config, template=TEMPLATE)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = json.loads((folder / "config.json").read_text())
    assert tokenizer.get_vocab_size() <= config["vocab_size"]
    config["eos_token_id"] = [tokenizer.token_to_id(word) for word in ("<|return|>", "<|call|>")]
    (folder / "config.json").write_text(json.dumps(config))
    box = toolbox(
        tool_formats={format.name: format for format in mlxkernel_register_tool_formats()},
        reasoning_formats={format.name: format for format in mlxkernel_register_reasoning_formats()},
    )
    driver = open_engine(folder, box, cache="none")
    assert (driver.info.tool_format, driver.info.reasoning_format) == ("harmony", "harmony")
    return driver


def ask(seed: int, **changes: Any) -> Request:
    hello = Conversation((Message(Role.USER, (Text("Hello!"),)),))
    values = {"sampling": Sampling(temperature=1.0, seed=seed), "max_tokens": 400, **changes}
    return Request(id=f"r{seed}", model="m", input=hello, **values)


@pytest.mark.parametrize("wish", [ReasoningWish(budget_tokens=12), ReasoningWish(effort="none")])
def test_a_document_and_nothing_else_is_in_the_final_channel(driver: Driver, wish: ReasoningWish) -> None:
    for seed in range(10):
        choice = driver.ask(ask(seed, response_format=JsonSchema(SCHEMA), reasoning=wish)).choices[0]
        assert choice.reason is FinishReason.STOP
        _, header, document = choice.text.partition("<|channel|>final<|message|>")
        assert header and json.loads(document).keys() == {"sure"}, choice.text
        assert wish.effort is None or "analysis" not in choice.text


def test_a_forced_call_ends_with_the_token_that_ends_answers(driver: Driver) -> None:
    format = next(each for each in mlxkernel_register_tool_formats() if each.name == "harmony")
    for seed in range(10):
        wish = ReasoningWish(budget_tokens=12)
        request = ask(seed, tools=(TOOL,), tool_choice=RequiredTool(), reasoning=wish)
        choice = driver.ask(request).choices[0]
        assert choice.reason is FinishReason.STOP and not choice.text.endswith("<|call|>")
        parser = format.parser(request)
        found = [*parser.feed(TextDelta(0, choice.text)), *parser.feed(ChoiceFinished(0, choice.reason))]
        assert [event.name for event in found if isinstance(event, ToolCallStarted)] == ["look"]
        arguments = "".join(event.arguments for event in found if isinstance(event, ToolCallDelta))
        assert json.loads(arguments)["at"] in ("a", "b")
        assert found[-1] == ChoiceFinished(0, FinishReason.TOOL_CALLS)
