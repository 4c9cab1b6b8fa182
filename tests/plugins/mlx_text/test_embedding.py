"""Embeddings and renderings: the tasks beside generating."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from tests.plugins.mlx_text.architectures import ALL, PLAIN
from tests.plugins.mlx_text.harness import (
    Driver,
    byte_level_tokenizer,
    completion,
    open_engine,
    toolbox,
    write_model,
)

from mlxkernel.api import LogitsProcessor, ModelLimits
from mlxkernel.errors import MlxKernelError, RequestFailed
from mlxkernel.fold import Answer
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, Embed, Prompts, Render, Request, Sampling

TEXTS = ("Hello world", "The quick brown fox jumps over the lazy dog. " * 5, "1 2 3", "naïve café 你好 🙂")


def wish(*items: str | tuple[int, ...], dimensions: int | None = None, id: str = "e") -> Request:
    return Request(id=id, model="m", input=Prompts(items), task=Embed(dimensions))


def vectors(answer: Answer) -> list[list[float]]:
    assert [embedding.index for embedding in answer.embeddings] == list(range(len(answer.embeddings)))
    return [
        list(struct.unpack(f"<{len(embedding.vector) // 4}f", embedding.vector))
        for embedding in answer.embeddings
    ]


def expected(driver: Driver, text: str, pooling: str) -> list[float]:
    """The vector by the book: one prompt alone, no pieces, no padding."""
    tokens = byte_level_tokenizer().encode(text).ids
    states = driver.engine._network.hidden(mx.array([tokens]))[0].astype(mx.float32)
    pooled = {"mean": states.mean(axis=0), "last": states[-1], "first": states[0]}[pooling]
    unit: list[float] = (pooled / mx.linalg.norm(pooled)).tolist()
    return unit


def close(ours: list[float], theirs: list[float]) -> bool:
    return len(ours) == len(theirs) and max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) < 2e-3


@pytest.mark.parametrize("pooling", ["mean", "last", "first"])
@pytest.mark.parametrize("chunk", [8, 64, 512], ids=["pieces", "some-pieces", "whole"])
def test_a_vector_does_not_depend_on_the_company_or_on_the_pieces(
    load: Callable[..., Driver], pooling: str, chunk: int
) -> None:
    driver = load(pooling=pooling, limits=ModelLimits(prefill_chunk=chunk))
    answer = driver.ask(wish(*TEXTS))
    for text, vector in zip(TEXTS, vectors(answer), strict=True):
        assert close(vector, expected(driver, text, pooling))
    lengths = [len(byte_level_tokenizer().encode(text).ids) for text in TEXTS]
    assert answer.usage.prompt_tokens == sum(lengths)
    assert answer.choices == ()


@pytest.mark.parametrize("name", ALL)
def test_every_architecture_gives_vectors_of_length_1(tmp_path: Path, name: str) -> None:
    driver = open_engine(write_model(tmp_path / "model", ALL[name]), cache="none")
    assert driver.info.embedding is not None
    vector, again = vectors(driver.ask(wish("Hello world", "Hello world, hello you!")))[0], None
    again = vectors(driver.ask(wish("Hello world", id="f")))[0]
    assert len(vector) == driver.info.embedding
    assert abs(sum(value * value for value in vector) - 1) < 1e-4
    assert close(vector, again)


def test_fewer_dimensions_are_the_first_ones_scaled_to_length_1(driver: Driver) -> None:
    whole = vectors(driver.ask(wish("Hello world")))[0]
    cut = vectors(driver.ask(wish("Hello world", dimensions=4, id="f")))[0]
    length = sum(value * value for value in whole[:4]) ** 0.5
    assert close(cut, [value / length for value in whole[:4]])


@pytest.mark.parametrize(
    ("request_", "message", "param"),
    [
        (wish(""), "'prompt' is empty; there is nothing to embed", "prompt"),
        (wish("a", ()), "'prompt[1]' is empty; there is nothing to embed", "prompt[1]"),
        (wish((5, 380)), "'prompt' holds the token id 380, but the model's tokens are 0 to 379", "prompt"),
        (
            wish((5,) * 1025),
            "'prompt' has 1025 tokens and the context of model 'm' is 1024; shorten it",
            "prompt",
        ),
        (
            wish("a", dimensions=65),
            "'dimensions' is 65; the vectors of model 'm' have 64 components",
            "dimensions",
        ),
        (
            wish("a", dimensions=0),
            "'dimensions' is 0; the vectors of model 'm' have 64 components",
            "dimensions",
        ),
    ],
)
def test_wishes_that_cannot_be_met(driver: Driver, request_: Request, message: str, param: str) -> None:
    with pytest.raises(RequestFailed) as caught:
        driver.engine.prepare(request_)
    assert (caught.value.fault.message, caught.value.fault.param) == (message, param)
    assert caught.value.fault.kind.status == 400


def test_conversations_have_no_embedding(driver: Driver) -> None:
    talk = Conversation((Message(Role.USER, (Text("Hello"),)),))
    with pytest.raises(RequestFailed, match="only texts and token ids have embeddings"):
        driver.engine.prepare(Request(id="e", model="m", input=talk, task=Embed()))


def test_vectors_and_answers_beside_each_other_disturb_neither(load: Callable[..., Driver]) -> None:
    driver = load(cache="none", limits=ModelLimits(prefill_chunk=16))
    alone = driver.ask(completion("alone", TEXTS[0])).choices[0].text
    for number in range(3):
        driver.admit(completion(f"c{number}", TEXTS[0]))
        driver.admit(wish(*TEXTS, id=f"e{number}"))
    driver.run()
    for number in range(3):
        assert driver.answer(f"c{number}").choices[0].text == alone
        for text, vector in zip(TEXTS, vectors(driver.answer(f"e{number}")), strict=True):
            assert close(vector, expected(driver, text, "mean"))


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_cancelled_wish_leaves_nothing_behind(load: Callable[..., Driver], steps: int) -> None:
    driver = load(limits=ModelLimits(prefill_chunk=8))
    driver.admit(wish(*TEXTS))
    driver.admit(wish("Hello world", id="next"))
    for _ in range(steps):
        driver.step()
    driver.engine.cancel("e")
    driver.run()
    assert close(vectors(driver.answer("next"))[0], expected(driver, "Hello world", "mean"))
    assert driver.engine.stats().waiting == 0


def test_after_a_reset_the_wishes_under_way_are_told_lost(load: Callable[..., Driver]) -> None:
    driver = load(limits=ModelLimits(prefill_chunk=8))
    driver.admit(wish(*TEXTS))
    driver.step()
    assert driver.engine.reset() == ["e"]
    assert not driver.engine.busy


# --- what the folder says ---------------------------------------------------------------------------


def describe(folder: Path, pooling: dict[str, Any], dense: dict[str, Any] | None = None) -> None:
    modules = [{"type": "sentence_transformers.models.Transformer", "path": ""}]
    for name, table in (("Pooling", pooling), ("Dense", dense)):
        if table is not None:
            path = f"{len(modules)}_{name}"
            (folder / path).mkdir()
            (folder / path / "config.json").write_text(json.dumps(table))
            modules.append({"type": f"sentence_transformers.models.{name}", "path": path})
    (folder / "modules.json").write_text(json.dumps(modules))


def test_auto_pools_as_the_folder_says_and_mlx_toml_overrules_it(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    describe(folder, {"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False})
    for pooling, meant in (("auto", "last"), ("first", "first")):
        driver = open_engine(folder, pooling=pooling)
        assert close(vectors(driver.ask(wish(TEXTS[1])))[0], expected(driver, TEXTS[1], meant))


def test_the_models_own_dense_layers_are_its_head(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    describe(
        folder,
        {"pooling_mode_mean_tokens": True},
        {"activation_function": "torch.nn.modules.activation.Tanh"},
    )
    weight, bias = mx.random.normal((6, 64), key=mx.random.key(1)), mx.ones(6)
    mx.save_safetensors(
        str(folder / "2_Dense" / "model.safetensors"), {"linear.weight": weight, "linear.bias": bias}
    )
    driver = open_engine(folder)
    assert driver.info.embedding == 6
    tokens = byte_level_tokenizer().encode(TEXTS[0]).ids
    pooled = driver.engine._network.hidden(mx.array([tokens]))[0].mean(axis=0)
    by_hand = mx.tanh(weight @ pooled + bias)
    unit: list[float] = (by_hand / mx.linalg.norm(by_hand)).tolist()
    assert close(vectors(driver.ask(wish(TEXTS[0])))[0], unit)


def test_a_head_that_is_not_known_is_named_with_the_mend(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    describe(folder, {"pooling_mode_weightedmean_tokens": True})
    with pytest.raises(
        MlxKernelError, match=r"its pooling \(pooling_mode_weightedmean_tokens\) is not known here"
    ):
        open_engine(folder)
    open_engine(folder, pooling="last")


# --- renderings -------------------------------------------------------------------------------------


def test_a_conversation_is_shown_as_the_model_gets_it(driver: Driver) -> None:
    talk = Conversation((Message(Role.USER, (Text("Hello"),)),))
    answer = driver.ask(Request(id="r", model="m", input=talk, task=Render()))
    assert [rendered.text for rendered in answer.renderings] == [
        "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    ]
    tokens = answer.renderings[0].tokens
    assert tokens == driver.engine.prepare(Request(id="g", model="m", input=talk)).prompts[0].tokens
    assert answer.usage.prompt_tokens == len(tokens)
    assert answer.usage.completion_tokens == 0


def test_texts_and_token_ids_are_shown_as_each_other(driver: Driver) -> None:
    items = ("Hello 🙂", (5, 6, 7), "")
    answer = driver.ask(Request(id="r", model="m", input=Prompts(items), task=Render()))
    tokenizer = byte_level_tokenizer()
    text, tokens, empty = answer.renderings
    assert text.tokens == tuple(tokenizer.encode("Hello 🙂").ids)
    assert tokens.text == tokenizer.decode([5, 6, 7], skip_special_tokens=False)
    assert (empty.text, empty.tokens) == ("", ())


def test_a_prompt_that_is_too_long_to_answer_can_still_be_counted(driver: Driver) -> None:
    answer = driver.ask(Request(id="r", model="m", input=Prompts(("x " * 3000,)), task=Render()))
    assert answer.usage.prompt_tokens > 1024


def test_rendering_needs_no_row(load: Callable[..., Driver]) -> None:
    driver = load(limits=ModelLimits(batch=1, queue=0))
    driver.admit(completion("busy", "Hello", max_tokens=200))
    driver.step()
    driver.admit(Request(id="r", model="m", input=Prompts(("Hello",)), task=Render()))
    driver.step()
    assert driver.answer("r").renderings[0].text == "Hello"
    driver.run()


def test_sampling_means_nothing_to_the_other_tasks(load: Callable[..., Driver]) -> None:
    box = toolbox(samplers={"x": LogitsProcessor(name="x", create=lambda _: lambda tokens, logits: logits)})
    request = Request(
        id="r", model="m", input=Prompts(("Hello",)), task=Render(), sampling=Sampling(processors=("x",))
    )
    assert load(box).ask(request).renderings[0].text == "Hello"
