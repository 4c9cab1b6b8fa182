"""What a form costs a step, and what parsing costs a text, on the bundled model in one process.

    python tests/bench/constraints.py [--model FOLDER] [--rows N] [--rounds N] [--tokens N] [--json FILE]

Rounds of free, constrained and mixed rows alternate, so that a noisy machine's drift cancels; the figures
are medians, and a ratio is the median of the rounds' ratios. It prints and records; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

from mlxkernel.api import EventParser, ModelSpec, WorkerToolbox
from mlxkernel.events import ChoiceFinished, FinishReason, TextDelta
from mlxkernel.messages import Json, ToolCall
from mlxkernel.request import JsonSchema, Prompts, Request, ResponseFormat, Sampling, Tool
from mlxkernel_plugins.caches import mlxkernel_register_caches
from mlxkernel_plugins.mlx_text.engine import TextEngine
from mlxkernel_plugins.reasoning.table import FORMATS as REASONING
from mlxkernel_plugins.tool_formats import FORMATS

TINY = Path(__file__).parents[2] / "plugins/mlxkernel_plugins/tiny/model"
SCHEMA: dict[str, Json] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 40},
            "count": {"type": "integer"},
            "kind": {"enum": ["small", "large"]},
        },
        "required": ["name", "count", "kind"],
    },
    "minItems": 1000,
}
FORM = JsonSchema(SCHEMA)
LENGTH = 200_000
LOOK = Tool("look", parameters={"type": "object", "properties": {"text": {"type": "string"}}})
WORDS = "The boat went out at dawn, and the cat (a small one) said nothing: 3 is less than 4.\n"
ANSWER = "The boat went out at dawn, and the cat (a [small] one) said {nothing}: 3 < 4.\n"


class Engine:
    """The engine, stepped here."""

    def __init__(self, model: Path) -> None:
        self._engine = TextEngine()
        box = WorkerToolbox(
            families={},
            chat_templates={},
            caches={cache.name: cache for cache in mlxkernel_register_caches()},
            samplers={},
        )
        spec = ModelSpec(name="bench", source=str(model), cache="none")
        self._engine.load(spec, model, box, lambda stage, fraction: None)
        self._count = 0

    def round(self, forms: list[ResponseFormat | None], tokens: int) -> float:
        """Milliseconds of a step with one row for each of these forms, prefill left out."""
        for form in forms:
            self._count += 1
            request = Request(
                id=str(self._count),
                model="bench",
                input=Prompts(("Once upon a time",)),
                sampling=Sampling(temperature=1.0, seed=self._count),
                max_tokens=tokens,
                ignore_eos=form is None,
                response_format=form,
            )
            self._engine.admit(self._engine.prepare(request))
        for _ in range(4):
            self._engine.step()
        steps, began = 0, time.perf_counter()
        while self._engine.busy and steps < tokens - 12:
            self._engine.step()
            steps += 1
        seconds = time.perf_counter() - began
        while self._engine.busy:
            self._engine.step()
        return 1000 * seconds / steps


def steps(engine: Engine, count: int, rounds: int, tokens: int) -> list[dict[str, Any]]:
    """The medians of free rows, of constrained ones, and of half and half."""
    kinds: dict[str, list[ResponseFormat | None]] = {
        "free": [None] * count,
        "json schema": [FORM] * count,
        "half and half": [FORM, None] * (count // 2),
    }
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):
        names = list(kinds) if turn % 2 else list(reversed(kinds))
        for name in names:
            spent = engine.round(kinds[name], tokens)
            if turn:
                times[name].append(spent)
    return [
        {
            "rows": name,
            "ms": statistics.median(found),
            "ratio": statistics.median(one / free for one, free in zip(found, times["free"], strict=True)),
        }
        for name, found in times.items()
    ]


def parsing(name: str, parser: EventParser, text: str) -> dict[str, Any]:
    """Microseconds of processor time for each chunk of four characters of a text.

    `growth` is what the whole costs beside four times its first quarter: far over 1 where text is read again.
    """
    events = [TextDelta(0, text[place : place + 4]) for place in range(0, len(text), 4)]
    quarter = len(events) // 4
    began = time.process_time()
    for event in events[:quarter]:
        parser.feed(event)
    first = time.process_time() - began
    for event in events[quarter:]:
        parser.feed(event)
    parser.feed(ChoiceFinished(0, FinishReason.STOP))
    seconds = time.process_time() - began
    return {
        "parser": name,
        "us_per_chunk": 1e6 * seconds / len(events),
        "seconds": seconds,
        "growth": seconds / first / 4,
    }


def parsers() -> list[dict[str, Any]]:
    """Every tool format with an answer and a call, every reasoning format with an answer and a thought."""
    request = Request(id="p", model="bench", input=Prompts(("x",)), tools=(LOOK,))
    answer = ANSWER * (LENGTH // len(ANSWER))
    argument = json.dumps({"text": WORDS * (LENGTH // len(WORDS))})
    measured = []
    for format in FORMATS:
        call = format.render([ToolCall("", "look", argument)])
        measured.append(parsing(f"{format.name}, answer", format.parser(request), answer))
        measured.append(parsing(f"{format.name}, call", format.parser(request), call))
    for thinking in REASONING:
        thought = thinking.opens[0] + answer
        measured.append(parsing(f"{thinking.name}, answer", thinking.parser(request, ""), answer))
        measured.append(parsing(f"{thinking.name}, thought", thinking.parser(request, ""), thought))
    return measured


def main() -> None:
    """Run the benchmark."""
    raw = argparse.RawDescriptionHelpFormatter
    options = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    options.add_argument("--model", type=Path, default=TINY)
    options.add_argument("--rows", type=int, default=8)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--tokens", type=int, default=128)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    measured = steps(Engine(given.model), given.rows, given.rounds, given.tokens)
    print(f"{given.rows} rows{'ms/step':>22}{'ratio':>8}")
    for row in measured:
        print(f"{row['rows']:<18}{row['ms']:>10.2f}{row['ratio']:>8.2f}")
    parsed = parsers()
    print(f"{'parser':<32}{'µs/chunk':>10}{'s/200 kB':>10}{'growth':>8}")
    for line in parsed:
        print(
            f"{line['parser']:<32}{line['us_per_chunk']:>10.2f}{line['seconds']:>10.3f}{line['growth']:>8.2f}"
        )
    print(f"{'mean':<32}{statistics.mean(line['us_per_chunk'] for line in parsed):>10.2f}")
    if given.json is not None:
        given.json.write_text(json.dumps({"steps": measured, "parsers": parsed}, indent=1))


if __name__ == "__main__":
    main()
