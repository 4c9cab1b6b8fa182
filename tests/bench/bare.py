"""The yardstick: mlx_lm's BatchGenerator on the same model and prompts, with nothing around it.

Reads one JSON line per round from stdin (`{"streams": 8, "tokens": 256}`), answers with one JSON line
(`{"tokens": 2048, "seconds": 1.5}`). A process of its own, so that the rounds of both sides can alternate.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import mlx.core as mx
from mlx_lm.generate import BatchGenerator
from mlx_lm.utils import load


def run(model: object, prompts: list[list[int]], tokens: int) -> int:
    """Generate `tokens` for each prompt; returns how many tokens came."""
    generator = BatchGenerator(model, completion_batch_size=max(32, len(prompts)), prefill_step_size=512)
    generator.insert(prompts, [tokens] * len(prompts))
    count = 0
    while responses := generator.next_generated():
        count += len(responses)
    generator.close()
    return count


def main() -> None:
    """Serve rounds until stdin ends."""
    folder, prompt = Path(sys.argv[1]), sys.argv[2]
    model, tokenizer = load(str(folder))[:2]
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], add_generation_prompt=True, enable_thinking=False
    )
    run(model, [ids] * 4, 16)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        began = time.perf_counter()
        count = run(model, [list(ids) for _ in range(order["streams"])], order["tokens"])
        print(json.dumps({"tokens": count, "seconds": time.perf_counter() - began}), flush=True)
    mx.clear_streams()


if __name__ == "__main__":
    main()
