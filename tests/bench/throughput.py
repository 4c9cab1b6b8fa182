"""Streamed throughput over HTTP against the bare loop, on the same model in one run.

    python tests/bench/throughput.py [--model FOLDER] [--rounds N] [--tokens N] [--streams 1 8] [--json F]

Rounds of both sides alternate, so that a noisy machine's drift cancels; the figures are medians, and the
ratio is the median of the pairs' ratios. It prints and records; it judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from streams import StreamResult, streams

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TINY = ROOT / "plugins/mlxkernel_plugins/tiny/model"
PROMPT = "Tell me a short story about a cat and a boat, please."


class Bare:
    """The bare loop in its process."""

    def __init__(self, model: Path) -> None:
        command = [sys.executable, str(HERE / "bare.py"), str(model), PROMPT]
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


class Served:
    """Our server in its processes."""

    def __init__(self, model: Path, folder: Path) -> None:
        config = folder / "mlx.toml"
        # Without the prefix cache: the bare loop has none, and every round asks the same.
        config.write_text(
            '[server]\nport = 0\n[log]\nlevel = "warning"\n'
            f'[models.bench]\nsource = "{model}"\npreload = true\ncache = "none"\n'
        )
        self._log = (folder / "log").open("w+")
        began = time.perf_counter()
        command = [sys.executable, "-m", "mlxkernel", "serve", "-c", str(config)]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
        self.port = self._port(folder / "log")
        self.ready_after = time.perf_counter() - began
        while self.health()["status"] != "ok":
            time.sleep(0.05)
        self.loaded_after = time.perf_counter() - began

    def health(self) -> dict[str, object]:
        """GET /health."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health") as reply:
            return dict(json.load(reply))

    def round(self, count: int, tokens: int) -> tuple[float, list[StreamResult]]:
        """Tokens a second of one round, and its streams."""
        body = {
            "model": "bench",
            "messages": [{"role": "user", "content": PROMPT}],
            "max_tokens": tokens,
            "temperature": 0,
            "ignore_eos": True,
            "chat_template_kwargs": {"enable_thinking": False},
        }
        results, seconds = asyncio.run(streams(self.port, body, count))
        return sum(result.tokens for result in results) / seconds, results

    def resident(self) -> float:
        """The kernel process's resident memory in MB (Linux; 0 elsewhere)."""
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)

    def close(self) -> None:
        """Stop the server as SIGTERM does."""
        self.process.terminate()
        self.process.wait(30)

    def _port(self, log: Path) -> int:
        while True:
            text = log.read_text()
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", text):
                return int(found.group(1))
            if self.process.poll() is not None:
                raise SystemExit(f"the server did not start:\n{text}")
            time.sleep(0.005)


def measure(bare: Bare, served: Served, count: int, rounds: int, tokens: int) -> dict[str, float]:
    """The medians at one number of streams."""
    served.round(count, tokens // 4)
    bare.round(count, tokens // 4)
    pairs, firsts, gaps = [], [], []
    for turn in range(rounds):
        if turn % 2:
            loop, (http, results) = bare.round(count, tokens), served.round(count, tokens)
        else:
            (http, results), loop = served.round(count, tokens), bare.round(count, tokens)
        pairs.append((http, loop))
        firsts += [result.first for result in results]
        gaps += [result.longest_gap for result in results]
    return {
        "streams": count,
        "http_tokens_per_second": statistics.median(http for http, _ in pairs),
        "bare_tokens_per_second": statistics.median(loop for _, loop in pairs),
        "ratio": statistics.median(http / loop for http, loop in pairs),
        "ttft_ms": 1000 * statistics.median(firsts),
        "longest_gap_ms": 1000 * statistics.median(gaps),
    }


def show(rows: list[dict[str, float]], served: Served) -> None:
    """Print the table."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"accepts after {served.ready_after:.2f} s, model ready after {served.loaded_after:.2f} s")
    print(f"kernel process: {served.resident():.0f} MB resident")
    print(f"{'streams':>8}{'HTTP tok/s':>12}{'bare tok/s':>12}{'ratio':>8}{'TTFT ms':>9}{'gap ms':>8}")
    for row in rows:
        print(
            f"{row['streams']:>8.0f}{row['http_tokens_per_second']:>12.0f}{row['bare_tokens_per_second']:>12.0f}"
            f"{row['ratio']:>8.2f}{row['ttft_ms']:>9.1f}{row['longest_gap_ms']:>8.1f}"
        )


def main() -> None:
    """Run the benchmark."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", type=Path, default=TINY)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        served, bare = Served(options.model, Path(folder)), Bare(options.model)
        rows = [measure(bare, served, count, options.rounds, options.tokens) for count in options.streams]
        show(rows, served)
        if options.json is not None:
            options.json.write_text(json.dumps({"rows": rows, "resident_mb": served.resident()}, indent=1))
        bare.close()
        served.close()


if __name__ == "__main__":
    main()
