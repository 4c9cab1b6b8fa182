"""The tokenizer: byte-level BPE that keeps capitalised words and digits apart from the space before them.

A name is cut into the same pieces after a space, a quotation mark or a bracket. So it can be copied from a
sentence into a JSON argument piece by piece, which is what a model this small can learn to do with a name it
has never seen.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from .mixture import Stage, conversation
from .rendering import END_OF_TEXT, SPECIAL, segments

PATTERN = (
    r"'(?:s|m|t|re|ve|ll|d)\b| ?[\p{Ll}\p{Lo}\p{Lm}\p{M}]+|\p{Lu}\p{Ll}*|\p{N}"
    r"| ?[^\s\p{L}\p{N}\p{M}]+|\s+(?!\S)|\s"
)
"""How text is cut before the merges: words, capitalised words without their space, single digits, marks,
space.
"""

SAMPLE: dict[Stage, int] = {"chat": 20_000, "everything": 20_000}
"""How many conversations of each stage the merges are learnt from."""


def train(size: int, seed: str = "tokenizer") -> Tokenizer:
    """Return a tokenizer of `size` entries, learnt from the generator's text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (
        piece.text
        for stage, count in SAMPLE.items()
        for index in range(count)
        for piece in segments(conversation(seed, index, stage))
    )
    tokenizer.train_from_iterator((_without_special(text) for text in texts), trainer)
    return tokenizer


def _without_special(text: str) -> str:
    for token in SPECIAL:
        text = text.replace(token, "\n")
    return text


def settings(context: int) -> dict[str, object]:
    """Return the content of tokenizer_config.json."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "eos_token": "<|im_end|>",
        "pad_token": END_OF_TEXT,
        "bos_token": None,
        "unk_token": None,
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
    }


def main() -> None:
    """Learn the tokenizer and write tokenizer.json and tokenizer_config.json into the folder `--out`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--context", type=int, default=4096)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(arguments.size).save(str(arguments.out / "tokenizer.json"))
    written = json.dumps(settings(arguments.context), indent=2)
    (arguments.out / "tokenizer_config.json").write_text(written + "\n")


if __name__ == "__main__":
    main()
