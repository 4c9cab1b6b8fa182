"""The table of formats: one row per way of writing calls, each with the document that it follows.

Where a maker's chat template and model card differ, the template counts: it is what the model was
trained on. Texts are those of the markers alone.
"""

from __future__ import annotations

from mlxkernel.formats import Format
from mlxkernel_plugins.tool_formats.expression_rows import EXPRESSIONS
from mlxkernel_plugins.tool_formats.json_rows import JSON
from mlxkernel_plugins.tool_formats.tagged_rows import TAGGED

FORMATS: tuple[Format, ...] = (*JSON, *TAGGED, *EXPRESSIONS)
"""All rows; the order decides only between two formats that one family lists."""
