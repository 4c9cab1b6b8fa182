"""Detokenising: one by one is all at once, for every kind of tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plugins.mlx_text.harness import CORPUS, byte_level_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from mlxkernel_mlx.detokenizer import (
    ByteDetokenizer,
    FallbackDetokenizer,
    Vocabulary,
    WindowDetokenizer,
)

ADDED = ["<think>", "</think>", "<|tool call|>", "<｜begin▁of▁text｜>"]


def wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in ADDED])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)


def sentence_pieces(strip: bool) -> PreTrainedTokenizerFast:
    """As Llama 2's (which strips the first space) and Gemma's (which does not)."""
    tokens = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += ["▁", *sorted({char for char in CORPUS if ord(char) < 0x300} - {" "})]
    vocabulary = {token: place for place, token in enumerate(dict.fromkeys(tokens))}
    merges = [("▁", "h"), ("▁h", "e"), ("l", "l"), ("▁he", "ll"), ("▁hell", "o"), ("▁", "▁")]
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    model = models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    prepend = [normalizers.Prepend("▁")] if strip else []
    tokenizer.normalizer = normalizers.Sequence([*prepend, normalizers.Replace(" ", "▁")])
    tail = [decoders.Strip(" ", 1, 0)] if strip else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *tail]
    )
    return wrap(tokenizer)


def metaspace() -> PreTrainedTokenizerFast:
    letters = [(char, -3.0) for char in sorted({*CORPUS, "▁"})]
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), *letters], 0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return wrap(tokenizer)


def word_pieces() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(
        [CORPUS], trainers.WordPieceTrainer(vocab_size=200, special_tokens=["[UNK]"], show_progress=False)
    )
    return wrap(tokenizer)


KINDS: dict[str, tuple[PreTrainedTokenizerFast, type]] = {
    "byte-level": (wrap(byte_level_tokenizer()), ByteDetokenizer),
    "sentence-piece": (sentence_pieces(strip=True), FallbackDetokenizer),
    "sentence-piece-kept-space": (sentence_pieces(strip=False), FallbackDetokenizer),
    "metaspace": (metaspace(), WindowDetokenizer),
    "word-piece": (word_pieces(), WindowDetokenizer),
}
VOCABULARIES = {name: Vocabulary(tokenizer) for name, (tokenizer, _) in KINDS.items()}

words = st.text(max_size=30) | st.sampled_from([*ADDED, "  hello", "hello hello", "🙂🙃", "你好", "café\n\n"])


def stream(vocabulary: Vocabulary, tokens: Sequence[int], prompt: Sequence[int] = ()) -> list[str]:
    detokenizer = vocabulary.start(prompt)
    return [*(detokenizer.push(token) for token in tokens), detokenizer.flush()]


def reference(tokenizer: Any, tokens: Sequence[int]) -> str:
    text: str = tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text


@pytest.mark.parametrize("name", KINDS)
def test_each_tokenizer_gets_the_detokenizer_of_its_kind(name: str) -> None:
    assert type(VOCABULARIES[name].start(())) is KINDS[name][1]


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(words, max_size=5))
def test_one_by_one_is_all_at_once(name: str, texts: list[str]) -> None:
    tokenizer = KINDS[name][0]
    tokens = tokenizer.encode("".join(texts), add_special_tokens=False)
    pieces = stream(VOCABULARIES[name], tokens)
    assert "".join(pieces) == reference(tokenizer, tokens)


@settings(max_examples=100, deadline=None)
@given(tokens=st.lists(st.integers(0, 383), max_size=20))
def test_any_bytes_are_what_decode_makes_of_them(tokens: list[int]) -> None:
    tokenizer = KINDS["byte-level"][0]
    assert "".join(stream(VOCABULARIES["byte-level"], tokens)) == reference(tokenizer, tokens)


@pytest.mark.parametrize("name", ["byte-level", "sentence-piece"])
def test_a_character_comes_when_its_last_byte_does(name: str) -> None:
    vocabulary = VOCABULARIES[name]
    assert vocabulary.pieces is not None
    tokens = [vocabulary.pieces.index(bytes([byte])) for byte in "🙂".encode()]
    assert stream(vocabulary, tokens) == ["", "", "", "🙂", ""]
    assert "".join(stream(vocabulary, tokens[:2])) == reference(KINDS[name][0], tokens[:2])


def test_a_wrong_byte_spoils_no_character_that_was_shown() -> None:
    vocabulary = VOCABULARIES["sentence-piece"]
    assert vocabulary.pieces is not None
    tokens = [vocabulary.pieces.index(bytes([byte])) for byte in (*"é".encode(), 0xFF)]
    assert stream(vocabulary, tokens) == ["", "é", "\N{REPLACEMENT CHARACTER}", ""]


def test_the_first_space_goes_where_decode_drops_it_and_stays_where_the_answer_goes_on() -> None:
    tokenizer = KINDS["sentence-piece"][0]
    tokens = tokenizer.encode("hello", add_special_tokens=False)
    vocabulary = VOCABULARIES["sentence-piece"]
    assert "".join(stream(vocabulary, tokens)) == "hello"
    assert "".join(stream(vocabulary, tokens, prompt=tokens)) == " hello"
    windowed = VOCABULARIES["metaspace"]
    tokens = KINDS["metaspace"][0].encode("hello", add_special_tokens=False)
    assert "".join(stream(windowed, tokens)) == "hello"
    assert "".join(stream(windowed, tokens, prompt=tokens)) == " hello"


@pytest.mark.parametrize("name", KINDS)
def test_special_tokens_keep_their_text(name: str) -> None:
    tokenizer = KINDS[name][0]
    token = tokenizer.convert_tokens_to_ids("<think>")
    assert "".join(stream(VOCABULARIES[name], [token])) == "<think>"
    assert VOCABULARIES[name].piece(token) == b"<think>"


@pytest.mark.parametrize("name", ["byte-level", "sentence-piece"])
def test_ids_beyond_the_tokenizer_have_no_text(name: str) -> None:
    assert stream(VOCABULARIES[name], [100_000]) == ["", ""]
    assert VOCABULARIES[name].piece(100_000) == b""
