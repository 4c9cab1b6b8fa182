"""A plain loop over a minGRU model: each token is computed from the whole text before it.

Run by the tests in the venv where the family is installed: conversations as JSON on stdin, greedy
answers as JSON on stdout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_lm.utils import load_model, load_tokenizer
from mlxkernel_mingru.model import Model, ModelArgs
from mlxkernel_mingru.template import TEMPLATE

LIMIT = 64


def answer(model: Any, tokenizer: Any, messages: list[dict[str, str]]) -> dict[str, Any]:
    """The greedy answer, up to the end token or `LIMIT`; `tokens` counts the end token too."""
    written = tokenizer.apply_chat_template(
        messages, chat_template=TEMPLATE, tokenize=False, add_generation_prompt=True
    )
    prompt = tokenizer.encode(written)
    tokens: list[int] = []
    while len(tokens) < LIMIT and tokenizer.eos_token_id not in tokens:
        tokens.append(int(mx.argmax(model(mx.array([prompt + tokens]))[0, -1]).item()))
    text = tokenizer.decode([token for token in tokens if token != tokenizer.eos_token_id])
    return {"text": text, "prompt_tokens": len(prompt), "tokens": len(tokens)}


def main() -> None:
    """The program."""
    folder = Path(sys.argv[1])
    model, _ = load_model(folder, get_model_classes=lambda config: (Model, ModelArgs))
    tokenizer = load_tokenizer(folder)
    print(json.dumps([answer(model, tokenizer, messages) for messages in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
