"""The reference page of tool formats, written from the table.

``python -m mlxkernel_plugins.tool_formats.reference`` prints docs/reference/tool-formats.md; a test holds the
page to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import msgspec

from mlxkernel.formats import Format, Frame, Notation, Shape
from mlxkernel_plugins.tool_formats.samples import samples
from mlxkernel_plugins.tool_formats.table import FORMATS

HEAD = """\
# Tool formats

How model families write tool calls. From each format come the parser that streams calls, the grammar that
forces one, and the writer.

`tool_format` in `[models.<name>]` chooses one. `"none"` leaves the text as it is, and requests with tools are
refused. `"auto"` goes by the family, which is `model_type` in the model's config.json, unless the chat
template holds the markers of another format: one architecture carries models of many makers. Where neither is
known, or the template knows no tools, there is no format, as with `"none"`.

`mlxkernel tools list` lists them, `mlxkernel tools try FORMAT FILE` shows what a text means in one.

What all of them do:

- text that is no call is passed on untouched and at once; white space beside a call belongs to the call;
- arguments are streamed as they come, and get the types of the tool's schema where the format has none;
- a call that the end of the text cuts off is kept as far as it came;
- a call that cannot be read stays text, and one that breaks after it has begun is closed with what came of
  it, both with a warning in the log;
- a format without markers (`llama3-json`, `xlam`, `pythonic`, `functionary-v3.2`) takes nothing for a call
  but the names of the request's tools. Where calls are bound although the model may answer (`strict` tools,
  or `parallel_tool_calls: false`), its answer is a text that names no tool as a call does, or it is calls;
  only in `functionary-v3.2` calls may follow a text.
"""

OWN = """\
## A format of your own

A table in mlx.toml is a format; nothing needs to be written in Python:

```toml
[tool_formats.mine]
shape = "tagged"
call = ["<do ", "</do>"]
name_end = ">"
key = ["<with ", ">"]
value_end = "</with>"

[models.my-model]
source = "/models/my-model"
tool_format = "mine"
```

That reads and writes `<do get_weather><with city>Oslo</with></do>`. A package brings formats for everyone:
its plugin returns `mlxkernel.formats.Format` values from `mlxkernel_register_tool_formats`, and its tests
subclass `mlxkernel.testing.tool_formats.ToolFormatSuite`.

All shapes have these keys; white space in a marker is written, and need not be there when it is read:
"""


def page() -> str:
    """The page, in Markdown."""
    sections = [_section(format) for format in FORMATS]
    return "\n".join([HEAD, *_overview(), "", *sections, OWN, *_shapes(), ""])


def _overview() -> Iterator[str]:
    yield "| format | shape | `model_type` | follows |"
    yield "| --- | --- | --- | --- |"
    for format in FORMATS:
        types = ", ".join(f"`{name}`" for name in format.model_types) or "by its template"
        link = f"[{format.name}](#{format.name.replace('.', '')})"
        yield f"| {link} | {_tag(type(format.shape))} | {types} | {format.source} |"


def _section(format: Format) -> str:
    two = next(sample for sample in samples(format.name) if sample.name == "two")
    markers = " and ".join(map(_code, format.markers))
    told = f"A chat template is known by {markers}." if markers else ""
    return f"## {format.name}\n\n{told}\n\n{_fenced(two.text.rstrip())}\n"


def _code(text: str) -> str:
    """Text as code in a line, between more backticks than it has itself."""
    ticks = "`" * (_longest_run(text) + 1)
    return f"{ticks} {text} {ticks}" if "`" in text else f"`{text}`"


def _fenced(text: str) -> str:
    """Text as a block, between longer fences than it has itself."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _shapes() -> Iterator[str]:
    yield from _keys(Frame, ())
    for shape in get_args(Shape):
        yield f'\n### shape = "{_tag(shape)}"\n\n{_words(shape)}\n'
        yield from _keys(shape, Frame.__struct_fields__)
    yield f"\n### notation\n\n{_words(Notation)}\n"
    yield from _keys(Notation, ())


def _keys(kind: type[msgspec.Struct], known: tuple[str, ...]) -> Iterator[str]:
    yield "| key | default |"
    yield "| --- | --- |"
    for field in msgspec.structs.fields(kind):
        if field.name not in known:
            shown = "needed" if field.required else f"`{_toml(field.default)}`"
            yield f"| `{field.name}` | {shown} |"
    if kind is Frame:
        yield f"\n{_words(Frame)}"


def _toml(value: object) -> str:
    if isinstance(value, msgspec.Struct):
        return "{}"
    return "none" if value is None else msgspec.json.encode(value).decode()


def _words(kind: type) -> str:
    """A docstring as Markdown paragraphs."""
    lines = (kind.__doc__ or "").splitlines()
    return "\n".join(line.strip() for line in lines).replace("``", "`").strip()


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


if __name__ == "__main__":
    print(page(), end="")
