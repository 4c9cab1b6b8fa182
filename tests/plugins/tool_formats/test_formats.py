"""Every built-in format holds the whole suite, with its own samples and the bundled tokenizer's cuts."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

from tokenizers import Tokenizer

from mlxkernel.formats import Format
from mlxkernel.messages import ToolCall
from mlxkernel.testing.tool_formats import ToolFormatSuite
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


for each in FORMATS:
    globals()[suite(each).__name__] = suite(each)
