"""Tools that clients declare: names, schemas, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from mlxkernel.errors import RequestFailed
from mlxkernel.request import Tool
from mlxkernel.tools import declared, takes_object


def test_tools_come_back_in_their_order() -> None:
    tools = (Tool("plugin-f.g_1"), Tool("g", "What it does.", {"type": "object"}, strict=True))
    given = [(f"tools[{i}]", tool) for i, tool in enumerate(tools)]
    assert declared(given) == tools


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        (Tool(""), "t.name"),
        (Tool("a b"), "t.name"),
        (Tool("f\n"), "t.name"),
        (Tool("x" * 129), "t.name"),
        (Tool("f", parameters={"type": "array"}), "t.input_schema"),
        (Tool("f", parameters={"const": 2**64}), "t.input_schema"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(tool: Tool, param: str) -> None:
    with pytest.raises(RequestFailed) as refused:
        declared([("t", tool)], schema="input_schema")
    assert refused.value.fault.param == param
    assert len(refused.value.fault.message) < 200


def test_a_name_comes_once() -> None:
    with pytest.raises(RequestFailed, match="there is a function 'f' before it"):
        declared([("tools[0]", Tool("f")), ("tools[1]", Tool("f"))])


@pytest.mark.parametrize(
    ("schema", "takes"),
    [
        ({}, True),
        ({"type": "object"}, True),
        ({"type": ["null", "object"]}, True),
        ({"type": "string"}, False),
        ({"type": ["null"]}, False),
    ],
)
def test_whether_a_schema_leaves_room_for_an_object(schema: dict[str, Any], takes: bool) -> None:
    assert takes_object(schema) is takes
