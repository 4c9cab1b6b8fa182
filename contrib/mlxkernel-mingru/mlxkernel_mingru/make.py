"""``python -m mlxkernel_mingru.make OUT``: a small minGRU model, trained here in half a minute, offline.

OUT becomes a model's folder as mlx_lm knows it: config.json, model.safetensors, and a tokenizer of
single bytes. The tokenizer carries no chat template: the family brings it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten
from mlx_lm.utils import load_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from mlxkernel_mingru.model import Model, ModelArgs
from mlxkernel_mingru.phrases import PHRASES
from mlxkernel_mingru.template import END, MARKS, TEMPLATE

BATCH = 4
"""Conversations a step."""

IGNORED = -1
"""The target where a row is only padding."""


def make(folder: Path, steps: int = 400, seed: int = 0) -> float:
    """Write a model into `folder`; returns the last loss in nats a token (NaN after 0 steps)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder)
    tokenizer = load_tokenizer(folder)
    mx.random.seed(seed)
    args = ModelArgs(model_type="mingru", vocab_size=256 + len(MARKS))
    model = Model(args)
    loss = train(model, tokenizer, steps, random.Random(seed))
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())))
    config = {**vars(args), "eos_token_id": tokenizer.convert_tokens_to_ids(END)}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return loss


def write_tokenizer(folder: Path) -> None:
    """One token a byte, those of ASCII first, then one token a mark."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    ascii_pieces = [byte_level.pre_tokenize_str(chr(byte))[0][0] for byte in range(128)]
    others = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - set(ascii_pieces))
    pieces = {piece: index for index, piece in enumerate(ascii_pieces + others)}
    tokenizer = Tokenizer(models.BPE(vocab=pieces, merges=[]))
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def train(model: Model, tokenizer: Any, steps: int, rng: random.Random) -> float:
    """Train on random conversations of one or two turns; returns the last loss in nats a token."""
    optimizer = optim.AdamW(learning_rate=optim.cosine_decay(4e-3, max(steps, 1), 2e-4), weight_decay=0.01)
    loss_and_grad = nn.value_and_grad(model, loss_of)
    last = math.nan
    for _ in range(steps):
        loss, grads = loss_and_grad(model, *batch(tokenizer, rng))
        grads, _ = optim.clip_grad_norm(grads, 1.0)
        optimizer.update(model, grads)
        mx.eval(model.parameters(), optimizer.state)
        last = loss.item()
    return last


def loss_of(model: Model, inputs: mx.array, targets: mx.array) -> mx.array:
    """The mean cross-entropy in nats over the tokens that are there."""
    there = targets != IGNORED
    losses = nn.losses.cross_entropy(model(inputs), mx.where(there, targets, 0))
    mean: mx.array = (losses * there).sum() / there.sum()
    return mean


def batch(tokenizer: Any, rng: random.Random) -> tuple[mx.array, mx.array]:
    """Inputs and targets [BATCH, T], padded on the right."""
    rows = [conversation(tokenizer, rng.choices(PHRASES, k=rng.choice((1, 1, 2)))) for _ in range(BATCH)]
    width = max(map(len, rows)) - 1
    inputs = [row[:-1] + [0] * (width + 1 - len(row)) for row in rows]
    targets = [row[1:] + [IGNORED] * (width + 1 - len(row)) for row in rows]
    return mx.array(inputs), mx.array(targets)


def conversation(tokenizer: Any, turns: Sequence[tuple[str, str]]) -> list[int]:
    """The tokens of a conversation, written by the template that serves it."""
    messages = [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    text = tokenizer.apply_chat_template(messages, chat_template=TEMPLATE, tokenize=False)
    tokens: list[int] = tokenizer.encode(text)
    return tokens


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m mlxkernel_mingru.make", description=__doc__)
    parser.add_argument("folder", metavar="OUT", type=Path, help="where the model goes")
    parser.add_argument("--steps", type=int, default=400, help="training steps; 0 leaves random weights")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and the training data")
    arguments = parser.parse_args()
    loss = make(arguments.folder, arguments.steps, arguments.seed)
    print(f"{arguments.folder}: loss {loss:.3f}. Serve it: mlxkernel serve -m {arguments.folder}")


if __name__ == "__main__":
    main()
