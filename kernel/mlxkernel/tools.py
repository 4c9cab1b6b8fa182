"""Tools: from the functions that a client declares to the kernel's, whatever the dialect they came in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlxkernel import bodies, problems
from mlxkernel.messages import Json
from mlxkernel.problems import Words
from mlxkernel.request import Tool

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
# What the Model Context Protocol allows; its clients hand names on as they are.


def declared(
    given: Iterable[tuple[str, Tool]], words: Words = problems.plain, schema: str = "parameters"
) -> tuple[Tool, ...]:
    """The tools, each of which came with the path of its definition; `schema` is the field of its schema.

    Raises what `words` make of a name with other characters than letters, digits, ``_``, ``-`` and ``.``,
    of one that comes twice, and of a schema that cannot be carried or is not one of objects.
    """
    tools: dict[str, Tool] = {}
    for path, tool in given:
        name, field = f"{path}.name", f"{path}.{schema}"
        if not _NAME.fullmatch(tool.name):
            raise words(problems.WrongToolName(name, tool.name[: bodies.SHOWN]))
        if tool.name in tools:
            raise words(problems.RepeatedTool(name, tool.name))
        bodies.check_value(tool.parameters, field, words)
        if not takes_object(tool.parameters):
            raise words(problems.WrongToolSchema(field))
        tools[tool.name] = tool
    return tuple(tools.values())


def takes_object(schema: Json) -> bool:
    """Whether a JSON Schema leaves room for an object, as the arguments of a call are one."""
    kind = schema.get("type")
    return kind is None or kind == "object" or (isinstance(kind, list) and "object" in kind)
