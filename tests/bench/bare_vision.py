"""The yardstick for pictures: mlx_vlm's BatchGenerator on the same model and requests, and nothing around it.

Reads one JSON line per round from stdin (`{"streams": 8, "tokens": 256}`), answers with one JSON line
(`{"tokens": 2048, "seconds": 1.5}`). A process of its own, so that the rounds of both sides can alternate.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import mlx.core as mx
from mlx_vlm.generate import BatchGenerator
from mlx_vlm.utils import load, prepare_inputs
from PIL import Image


class Loop:
    """The model, and one request with its picture as the library's own server would prepare it."""

    def __init__(self, folder: Path, picture: Path, prompt: str) -> None:
        self._model, self._processor = load(str(folder), trust_remote_code=False)
        self._processor.tokenizer.stopping_criteria.eos_token_ids = []
        self._text = self._processor.tokenizer.apply_chat_template(
            [{"role": "user", "content": [{"type": "text", "text": prompt}, {"type": "image"}]}],
            add_generation_prompt=True,
            tokenize=False,
        )
        self._picture = picture

    def run(self, streams: int, tokens: int) -> int:
        """Generate `tokens` for each stream; returns how many tokens came."""
        generator = BatchGenerator(
            self._model.language_model,
            self._processor,
            compute_logprobs=False,
            greedy_sampling=True,
            completion_batch_size=32,
        )
        for _ in range(streams):
            ids, given = self._prepare()
            generator.insert([ids], [tokens], prompt_kwargs=[given])
        count = 0
        while generator.has_work:
            _, responses = generator.next()
            count += len(responses)
        generator.close()
        return count

    def _prepare(self) -> tuple[list[int], dict[str, Any]]:
        """Each stream's picture is processed and encoded, as one that has not been seen before."""
        with Image.open(self._picture) as opened:
            picture = opened.convert("RGB")
        inputs = prepare_inputs(self._processor, images=[picture], prompts=self._text)
        ids, mask = inputs.pop("input_ids"), inputs.pop("attention_mask")
        pixels = inputs.pop("pixel_values")
        given = self._model.get_input_embeddings(ids, pixels, mask=mask, **inputs).to_dict()
        arrays = {key: value for key, value in given.items() if value is not None}
        return ids[0].tolist(), {**inputs, **arrays}


def main() -> None:
    """Serve rounds until stdin ends."""
    loop = Loop(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    loop.run(4, 16)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        began = time.perf_counter()
        count = loop.run(order["streams"], order["tokens"])
        print(json.dumps({"tokens": count, "seconds": time.perf_counter() - began}), flush=True)
    mx.clear_streams()


if __name__ == "__main__":
    main()
