"""Formats: how model families write tool calls and mark what they think, as data with one meaning.

A tool format is a frozen Struct: a frame of markers around a body of one of a few shapes. From it come
the incremental parser (`reader`), the whole-text parser (`fold` over that one), the writer, and the
grammar that forces a valid call (`lark`). A new model family usually needs a new row of data, not a class.
"""

from mlxkernel.formats.choice import choose, choose_reasoning
from mlxkernel.formats.format import Format
from mlxkernel.formats.frame import Frame
from mlxkernel.formats.notation import Notation
from mlxkernel.formats.pieces import Arguments, Closed, Opened, Piece, Said
from mlxkernel.formats.sample import Sample
from mlxkernel.formats.shapes import Addressed, Expression, JsonCalls, NamedJson, Shape, Tagged

__all__ = [
    "Addressed",
    "Arguments",
    "Closed",
    "Expression",
    "Format",
    "Frame",
    "JsonCalls",
    "NamedJson",
    "Notation",
    "Opened",
    "Piece",
    "Said",
    "Sample",
    "Shape",
    "Tagged",
    "choose",
    "choose_reasoning",
]
