"""The architecture: its scan is its recurrence, and its state survives chunks, batches and the disk."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx_lm.generate import BatchGenerator
from mlx_lm.models.cache import ArraysCache
from mlx_lm.utils import load_model, load_tokenizer
from mlxkernel_mingru import classes
from mlxkernel_mingru.make import make
from mlxkernel_mingru.model import MinGRU, Model, ModelArgs, scan
from mlxkernel_mingru.template import END, TEMPLATE

PROMPTS = ([7, 8, 9], list(range(40, 70)), [5], [100, 3, 100, 3, 100, 3, 100])
"""Of different lengths, so that a batch is padded."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights."""
    folder = tmp_path_factory.mktemp("random")
    make(folder, steps=0)
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    model, _ = load_model(folder, get_model_classes=lambda config: classes(config))
    return model


def greedy(model: Any, prompt: list[int], count: int) -> list[int]:
    """The most probable continuation, every token computed from the whole text."""
    tokens = list(prompt)
    for _ in range(count):
        tokens.append(int(mx.argmax(model(mx.array([tokens]))[0, -1]).item()))
    return tokens[len(prompt) :]


def test_the_scan_is_the_recurrence() -> None:
    keep, add, first = (mx.random.uniform(shape=shape) for shape in ((2, 13, 5), (2, 13, 5), (2, 5)))
    keeps, adds = scan(keep, add)
    state = first
    for step in range(13):
        state = keep[:, step] * state + add[:, step]
        assert mx.allclose(keeps[:, step] * first + adds[:, step], state, atol=1e-5)


@pytest.mark.parametrize("cuts", [(1, 2), (16,), (5, 11, 29)])
def test_a_prompt_in_pieces_gives_the_same_logits(model: Any, cuts: tuple[int, ...]) -> None:
    tokens = mx.array([PROMPTS[1]])
    whole = model(tokens)
    cache = model.make_cache()
    edges = (0, *cuts, tokens.shape[1])
    pieces = [model(tokens[:, a:b], cache=cache) for a, b in pairwise(edges)]
    assert mx.allclose(mx.concatenate(pieces, axis=1), whole, atol=1e-4)


def test_padding_leaves_the_state_as_it_is() -> None:
    layer = MinGRU(ModelArgs(model_type="mingru", vocab_size=8))
    x = mx.random.normal((1, 6, 64))
    short, padded = ArraysCache(size=1), ArraysCache(size=1)
    layer(x[:, :4], None, short)
    layer(x, mx.array([[True] * 4 + [False] * 2]), padded)
    assert mx.allclose(short[0], padded[0], atol=1e-6)


def test_rows_of_a_padded_prompt_in_pieces_end_in_their_own_states(model: Any) -> None:
    rows = [PROMPTS[0], PROMPTS[3]]
    cache = model.make_cache()
    for layer in cache:
        layer.prepare(lengths=[len(row) for row in rows])
    padded = mx.array([row + [0] * (7 - len(row)) for row in rows])
    model(padded[:, :2], cache=cache)
    model(padded[:, 2:], cache=cache)
    for place, row in enumerate(rows):
        alone = model.make_cache()
        model(mx.array([row]), cache=alone)
        for layer, own in zip(cache, alone, strict=True):
            assert mx.allclose(layer[0][place], own[0][0], atol=1e-5)


def test_a_batch_answers_as_each_row_alone(model: Any) -> None:
    alone = [greedy(model, prompt, 12) for prompt in PROMPTS]
    # Prefilled one by one: with mlx-lm 0.31.3 (Python 3.10) prompts that are prefilled together lose the
    # mask of their padding, because ArraysCache.make_mask looks at the left padding alone; fixed in 0.32.
    generator = BatchGenerator(model, max_tokens=12, prefill_step_size=8, prefill_batch_size=1)
    order = generator.insert([list(prompt) for prompt in PROMPTS])
    answers: dict[int, list[int]] = {uid: [] for uid in order}
    while responses := generator.next_generated():
        for response in responses:
            answers[response.uid].append(response.token)
    generator.close()
    assert [answers[uid] for uid in order] == alone


def test_a_model_comes_back_from_its_folder(folder: Path, model: Any) -> None:
    mx.random.seed(0)
    made = Model(ModelArgs(model_type="mingru", vocab_size=260))
    assert mx.array_equal(model(mx.array([PROMPTS[1]])), made(mx.array([PROMPTS[1]])))


def test_the_tokenizer_knows_every_byte(folder: Path) -> None:
    tokenizer: Any = load_tokenizer(folder)
    text = "Grüße, κόσμε — 世界 \n\t\x00 <|end|>"
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert len(tokens) == len(text.encode()) - len(END) + 1
    assert tokenizer.encode("Az ~") == list(b"Az ~")


def test_the_template_writes_the_turns(folder: Path) -> None:
    tokenizer: Any = load_tokenizer(folder)
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "Bye!"},
    ]
    written = tokenizer.apply_chat_template(
        messages, chat_template=TEMPLATE, tokenize=False, add_generation_prompt=True
    )
    assert written == (
        "<|system|>Be kind.<|end|><|user|>Hello!<|end|>"
        "<|assistant|>Hi.<|end|><|user|>Bye!<|end|><|assistant|>"
    )
    with pytest.raises(Exception, match="a minGRU model has no role 'tool'"):
        tokenizer.apply_chat_template([{"role": "tool", "content": ""}], chat_template=TEMPLATE)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    assert make(tmp_path, steps=12) < make(tmp_path, steps=1)
