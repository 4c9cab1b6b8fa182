"""Every built-in format holds the whole suite, with its own samples and the bundled tokenizer's cuts."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest
from tokenizers import Tokenizer

from mlxkernel.formats import Addressed, Format
from mlxkernel.messages import ToolCall
from mlxkernel.testing.tool_formats import ToolFormatSuite, parse, result
from mlxkernel_plugins.tool_formats import FORMATS
from mlxkernel_plugins.tool_formats.samples import TOOLS, samples

SPECIAL = re.compile(r"<[|｜][^<>]*[|｜]?>|<[a-z_]*\|>|\[[A-Z_]+\]|</?[a-z_:]+>")


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.from_str((files("mlxkernel_plugins.tiny") / "model" / "tokenizer.json").read_text())


class Built(ToolFormatSuite):
    tools = TOOLS

    @staticmethod
    def tokenize(text: str) -> list[str]:
        ends = [end for _, end in tokenizer().encode(text).offsets]
        places = sorted({0, *ends, len(text)})
        return [text[a:b] for a, b in pairwise(places)]


def suite(format: Format) -> type[Built]:
    written = format.render([ToolCall("", "get_weather", '{"city": "Oslo"}')])
    body = {
        "format": format,
        "samples": samples(format.name),
        "special": tuple(dict.fromkeys(SPECIAL.findall(written))),
    }
    return type("Test" + re.sub(r"\W", "_", format.name).title(), (Built,), body)


KINDS = {"one", "two", "around", "empty", "nested", "text", "values", "marker", "cut", "malformed"}


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_every_kind_of_sample_is_there_and_a_source(format: Format) -> None:
    assert {sample.name for sample in samples(format.name)} >= KINDS
    assert format.source


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_what_is_malformed_is_told_to_the_log(format: Format, caplog: pytest.LogCaptureFixture) -> None:
    malformed = next(sample for sample in samples(format.name) if sample.name == "malformed")
    with caplog.at_level("WARNING", "mlxkernel.formats"):
        assert result(parse(format, TOOLS, list(malformed.text))).said == malformed.said
    told = [record.getMessage() for record in caplog.records]
    # Where calls have no marker of their own any text may be one, and most is none.
    free = format.shape.bare and not isinstance(format.shape, Addressed)
    assert bool(told) is not free and all("it stays text" in line for line in told), told


for each in FORMATS:
    globals()[suite(each).__name__] = suite(each)
