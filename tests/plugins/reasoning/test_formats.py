"""Every built-in reasoning format holds the whole suite, with its own samples and tiny's tokenizer."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest
from tokenizers import Tokenizer

from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel.messages import ToolCall
from mlxkernel.request import Tool
from mlxkernel.testing.reasoning import ReasoningSample, ReasoningSuite
from mlxkernel_plugins.reasoning.samples import ANSWER, THOUGHT, written
from mlxkernel_plugins.reasoning.table import FORMATS
from mlxkernel_plugins.tool_formats import FORMATS as CALLING

TOOL = Tool("f", parameters={"type": "object", "properties": {"a": {"type": "string"}}})

FAMILIES = {
    "think": "hermes",
    "deepseek-v4": "deepseek-v4",
    "hunyuan": "hunyuan",
    "hunyuan3": "hunyuan3",
    "think-response": "ernie-4.5",
    "seed-oss": "seed-oss",
    "mistral": "mistral",
    "longcat": "longcat",
    "granite": "granite3",
    "gemma4": "gemma4",
    "harmony": "harmony",
    "apertus": "apertus",
    "cohere": "command",
    "cohere4": "command",
    "minicpm": "minicpm",
    "exaone": "hermes",
    "kimi-vl": "kimi-k2",
}


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.from_str((files("mlxkernel_plugins.tiny") / "model" / "tokenizer.json").read_text())


def samples(format: TaggedReasoning) -> list[ReasoningSample]:
    opens, closes = format.opens[0], format.closes[0]
    text = written(format.name)
    made = [
        ReasoningSample(name="usual", text=text, thought=THOUGHT, said=ANSWER),
        ReasoningSample(
            name="opened",
            text=text.partition(opens)[2],
            thought=THOUGHT,
            said=ANSWER,
            prompt_end=f"assistant\n{opens}",
        ),
        ReasoningSample(name="cut", text=f"{opens}\nUm, so \n", thought="Um, so \n"),
        ReasoningSample(name="cut-marker", text=f"{opens}a {closes[:-1]}", thought=f"a {closes[:-1]}"),
        ReasoningSample(
            name="short",
            text=f"{opens}a{closes}b",
            thought="a",
            said="b",
            thought_characters=len(opens + closes) + 1,
        ),
        ReasoningSample(name="empty", text=f"{opens}\n\n{closes}\n\nHi.", said="Hi."),
        ReasoningSample(
            name="unicode",
            text=f" {opens} Grüße, 世界 🙂 \n{closes} Ja. ",
            thought="Grüße, 世界 🙂",
            said="Ja. ",
        ),
        ReasoningSample(name="none", text=" Hello. \n", said=" Hello. \n"),
        ReasoningSample(name="nested", text=f"{opens}a {opens} b{closes}c", thought=f"a {opens} b", said="c"),
        ReasoningSample(name="beginning", text=opens[:-1], said=opens[:-1]),
    ]
    if format.repeats:
        again = f"{opens}a{closes}b {opens}c{closes} d"
        made.append(ReasoningSample(name="again", text=again, thought="ac", said="bd"))
    else:
        again = f"{opens}a{closes}b {opens}c"
        made.append(ReasoningSample(name="again", text=again, thought="a", said=f"b {opens}c"))
    return made


class Built(ReasoningSuite):
    tool = TOOL

    @staticmethod
    def tokenize(text: str) -> list[str]:
        ends = [end for _, end in tokenizer().encode(text).offsets]
        places = sorted({0, *ends, len(text)})
        return [text[a:b] for a, b in pairwise(places)]


def suite(format: TaggedReasoning) -> type[Built]:
    calling = next(other for other in CALLING if other.name == FAMILIES[format.name])
    body = {
        "format": format,
        "samples": samples(format),
        "calling": calling,
        "call": calling.render([ToolCall("", "f", '{"a": "x"}')]),
    }
    return type("Test" + re.sub(r"\W", "_", format.name).title(), (Built,), body)


for each in FORMATS:
    globals()[suite(each).__name__] = suite(each)


def test_harmony_s_preamble_is_answer_and_its_second_analysis_is_thought() -> None:
    format = next(format for format in FORMATS if format.name == "harmony")
    text = (
        "<|channel|>analysis<|message|>one<|end|>"
        "<|start|>assistant<|channel|>commentary<|message|>Hold on.<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>two<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Done.<|return|>"
    )
    made = type("One", (Built,), {"format": format})()
    for pieces in ([text], list(text)):
        found = made.parsed(pieces)
        assert (found.thought, found.said) == ("onetwo", "Hold on.Done.")


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_every_format_has_a_sample_with_its_markers(format: TaggedReasoning) -> None:
    assert all(any(word in written(format.name) for word in words) for words in (format.opens, format.closes))
