"""The reference page of reasoning formats, written from the table.

``python -m mlxkernel_plugins.reasoning.reference`` prints docs/reference/reasoning-formats.md; a test holds
the page to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from mlxkernel.formats.reasoning import TaggedReasoning
from mlxkernel_plugins.reasoning.samples import written
from mlxkernel_plugins.reasoning.table import FORMATS

HEAD = """\
# Reasoning formats

How model families mark what they think before they answer. `reasoning_format` in `[models.<name>]` chooses
one, `"none"` leaves the text as it is, and `"auto"` chooses by the markers in the chat template, then by the
family.

What all of them do:

- thinking is streamed as it comes, apart from the answer; white space beside a marker belongs to the marker;
- thinking is already open when the prompt ends with the opening marker; a marker in the user's words opens
  nothing;
- a marker that comes after the answer has begun is a word of the answer, unless the format says that thinking
  may come again;
- thinking that the end of the text cuts off is kept as far as it came;
- a token counts as thought when its text, or the last of it, is thinking or the marker that ends it;
- the answer to a raw prompt is not parsed.
"""

OWN = """\
## A format of your own

A plugin returns `mlxkernel.formats.reasoning.TaggedReasoning` values from
`mlxkernel_register_reasoning_formats`, and its tests subclass `mlxkernel.testing.reasoning.ReasoningSuite`.
"""


def page() -> str:
    """The page, in Markdown."""
    return "\n".join([HEAD, *_overview(), "", *map(_section, FORMATS), OWN])


def _overview() -> Iterator[str]:
    yield "| format | begins with | ends with | `model_type` |"
    yield "| --- | --- | --- | --- |"
    for format in FORMATS:
        cells = (_listed(format.opens), _listed(format.closes), _listed(format.model_types))
        yield f"| [{format.name}](#{format.name}) | {' | '.join(cells)} |"


def _section(format: TaggedReasoning) -> str:
    notes = [f"Follows {format.source}."]
    if format.answer:
        notes.append(f"Dropped around the answer: {_listed(format.answer, escaped=False)}.")
    if format.repeats:
        notes.append("Thinking may come again after a part of the answer.")
    if any(format.reply):
        marks = _listed([json.dumps(mark) for mark in format.reply if mark], escaped=False)
        notes.append(f"An answer that is bound to a form stands in {marks}.")
    if list(format.efforts) != ["low", "medium", "high"]:
        words = (name if name == word else f"{name} (as {word})" for name, word in format.efforts.items())
        notes.append(f"`reasoning_effort` reaches the template as {', '.join(words)}, whichever is nearest.")
    told = "".join(f"{note}\n\n" for note in notes)
    return f"## {format.name}\n\n{told}```text\n{written(format.name)}\n```\n"


def _listed(words: Sequence[str], escaped: bool = True) -> str:
    """The words as code; a bar would end the cell of a table."""
    shown = (word.replace("|", "\\|") if escaped else word for word in words)
    return ", ".join(f"`{word}`" for word in shown)


if __name__ == "__main__":
    print(page(), end="")
