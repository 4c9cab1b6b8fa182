"""Rows of training text hold whole conversations, and the tokenizer cuts a name the same way everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from mlxkernel_plugins.tiny import recipe
from mlxkernel_plugins.tiny.recipe.packing import Packer
from mlxkernel_plugins.tiny.recipe.rendering import SPECIAL

MODEL = Path(recipe.__file__).parent.parent / "model"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


def test_equal_steps_give_equal_batches(tokenizer: Tokenizer) -> None:
    one = Packer(tokenizer, "1", "chat", rows=4, length=256)
    other = Packer(tokenizer, "1", "chat", rows=4, length=256)
    one.batch(6)
    assert np.array_equal(one.batch(7).ids, other.batch(7).ids)
    assert not np.array_equal(one.batch(7).ids, one.batch(8).ids)


def test_rows_are_full_of_whole_conversations(tokenizer: Tokenizer) -> None:
    batch = Packer(tokenizer, "1", "everything", rows=8, length=512).batch(0)
    assert (batch.document >= 0).mean() > 0.85
    ends = {tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")}
    for ids, targets, learnt, document in zip(
        batch.ids, batch.targets, batch.learnt, batch.document, strict=True
    ):
        assert np.array_equal(ids[1:], targets[:-1])
        for number in set(document.tolist()) - {-1}:
            assert ends & set(targets[learnt & (document == number)].tolist())


def test_a_name_is_cut_the_same_after_a_space_a_quote_and_a_bracket(tokenizer: Tokenizer) -> None:
    for name in ("Tilda", "Amsterdam", "Xenophilia", "Élodie"):
        pieces = tokenizer.encode(name).ids
        for around in (" {}", '"{}"', "({})", "to {}.", "\n{}\n"):
            ids = tokenizer.encode(around.format(name)).ids
            assert any(ids[i : i + len(pieces)] == pieces for i in range(len(ids)))


def test_text_comes_back_as_it_was(tokenizer: Tokenizer) -> None:
    for text in ("  two  spaces\n\n\nand lines ", "naïve café 你好 🙂", "a\tb", "don't 'quote' 1234.5"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_special_tokens_have_the_first_numbers(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == list(range(len(SPECIAL)))
    assert tokenizer.get_vocab_size() <= 4096
