"""Streamed throughput with a picture over HTTP beside mlx_vlm's bare generator loop; a second turn's start.

    python tests/bench/vision.py [--model FOLDER] [--rounds N] [--tokens N] [--streams 1 8] [--json F]

Rounds of both sides alternate, so that a noisy machine's drift cancels; the figures are medians, and the
ratio is the median of the pairs' ratios. Both sides encode every picture and process every prompt: the
server that is compared keeps nothing. A second server with its defaults shows what keeping is worth: the
time to the first token of a question about a new picture, and of the next question about it. It prints
and records; it judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from streams import StreamResult, streams

from mlxkernel.testing import ServeProcess, serve_process

HERE = Path(__file__).parent
TINY = HERE.parent.parent / "plugins/mlxkernel_plugins/tiny/vision_model"
PROMPT = "What is in this picture?"


def picture(seed: int) -> bytes:
    """A PNG that resembles no other."""
    noise = np.random.default_rng(seed).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def question(png: bytes) -> dict[str, Any]:
    """The user's turn about a picture."""
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    text = {"type": "text", "text": PROMPT}
    return {"role": "user", "content": [text, {"type": "image_url", "image_url": {"url": url}}]}


class Bare:
    """The bare loop in its process."""

    def __init__(self, model: Path, file: Path) -> None:
        command = [sys.executable, str(HERE / "bare_vision.py"), str(model), str(file), PROMPT]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def round(self, count: int, tokens: int) -> float:
        """Tokens a second of one round."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"streams": count, "tokens": tokens}) + "\n")
        self._process.stdin.flush()
        result = json.loads(self._line())
        return float(result["tokens"] / result["seconds"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def serve(model: Path, folder: Path, keeps: bool) -> AbstractContextManager[ServeProcess]:
    """A server on the model; without `keeps` it reuses neither prefixes nor encoded pictures."""
    config = folder / f"{'keeps' if keeps else 'forgets'}.toml"
    forgets = 'cache = "none"\n[plugins.mlx-vision]\nfeature_bytes = 0\n'
    config.write_text(
        f'[log]\nlevel = "warning"\n[models.bench]\nsource = "{model}"\npreload = true\n'
        + ("" if keeps else forgets)
    )
    return serve_process("-c", str(config))


def ask(
    server: ServeProcess, messages: list[dict[str, Any]], count: int, tokens: int
) -> tuple[list[StreamResult], float]:
    """`count` streams of the same conversation; the results, and the seconds until the last one ended."""
    body = {
        "model": "bench",
        "messages": messages,
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
    }
    port = int(server.url.rsplit(":", 1)[1])
    return asyncio.run(streams(port, body, count))


def measure(
    bare: Bare, server: ServeProcess, png: bytes, count: int, rounds: int, tokens: int
) -> dict[str, float]:
    """The medians at one number of streams."""

    def http() -> float:
        results, seconds = ask(server, [question(png)], count, tokens)
        firsts.extend(result.first for result in results)
        return sum(result.tokens for result in results) / seconds

    firsts: list[float] = []
    bare.round(count, tokens // 4)
    ask(server, [question(png)], count, tokens // 4)
    pairs = []
    for turn in range(rounds):
        if turn % 2:
            loop, served = bare.round(count, tokens), http()
        else:
            served, loop = http(), bare.round(count, tokens)
        pairs.append((served, loop))
    return {
        "streams": count,
        "http_tokens_per_second": statistics.median(served for served, _ in pairs),
        "bare_tokens_per_second": statistics.median(loop for _, loop in pairs),
        "ratio": statistics.median(served / loop for served, loop in pairs),
        "ttft_ms": 1000 * statistics.median(firsts),
    }


def turns(server: ServeProcess, rounds: int) -> dict[str, float]:
    """Milliseconds to the first token: about a new picture, and of the next question about it."""
    cold, warm = [], []
    for seed in range(rounds + 1):
        first = question(picture(1000 + seed))
        (result,), _ = ask(server, [first], 1, 8)
        history = [first, {"role": "assistant", "content": "A cat."}, {"role": "user", "content": "Where?"}]
        (again,), _ = ask(server, history, 1, 8)
        if seed:  # the first round warms up
            cold.append(result.first)
            warm.append(again.first)
    return {
        "first_turn_ttft_ms": 1000 * statistics.median(cold),
        "second_turn_ttft_ms": 1000 * statistics.median(warm),
    }


def show(rows: list[dict[str, float]], reuse: dict[str, float]) -> None:
    """Print the figures."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'streams':>8}{'HTTP tok/s':>12}{'bare tok/s':>12}{'ratio':>8}{'TTFT ms':>9}")
    for row in rows:
        print(
            f"{row['streams']:>8.0f}{row['http_tokens_per_second']:>12.0f}{row['bare_tokens_per_second']:>12.0f}"
            f"{row['ratio']:>8.2f}{row['ttft_ms']:>9.1f}"
        )
    print(
        f"time to first token: {reuse['first_turn_ttft_ms']:.1f} ms about a new picture, "
        f"{reuse['second_turn_ttft_ms']:.1f} ms on the second turn"
    )


def main() -> None:
    """Run the benchmark."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", type=Path, default=TINY)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        png = picture(1)
        (folder / "picture.png").write_bytes(png)
        bare = Bare(options.model, folder / "picture.png")
        with serve(options.model, folder, keeps=False) as server:
            rows = [
                measure(bare, server, png, count, options.rounds, options.tokens) for count in options.streams
            ]
        bare.close()
        with serve(options.model, folder, keeps=True) as server:
            reuse = turns(server, options.rounds)
    show(rows, reuse)
    if options.json is not None:
        options.json.write_text(json.dumps({"rows": rows, **reuse}, indent=1))


if __name__ == "__main__":
    main()
