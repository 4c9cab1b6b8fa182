"""The functions that the generator offers: named in two parts, told apart, and shown in brief."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from mlxkernel_plugins.tiny.recipe.names import Part
from mlxkernel_plugins.tiny.recipe.rendering import brief
from mlxkernel_plugins.tiny.recipe.scene import Scene
from mlxkernel_plugins.tiny.recipe.topics.catalogue import BY_KEY, CLASSICS, KINDS
from mlxkernel_plugins.tiny.recipe.topics.naming import GET, Spelling, function_name, parameter_name, spelt
from mlxkernel_plugins.tiny.recipe.topics.offering import clash, classics, offer, offered


@pytest.mark.parametrize("part", ["training", "held-out"])
def test_every_kind_of_function_can_be_named_in_both_parts(part: Part) -> None:
    scene = Scene(random.Random(f"kinds {part}"), part)
    for kind in KINDS:
        tool = offer(scene, kind)
        use = tool.use(scene)
        schema = tool.described()["function"]["parameters"]
        assert set(schema["required"]) <= set(use.call.arguments) <= set(schema["properties"])
        for name, value in use.call.arguments.items():
            allowed = schema["properties"][name].get("enum")
            assert allowed is None or value in allowed


def test_no_name_of_a_function_or_parameter_is_in_both_parts() -> None:
    names: dict[Part, set[str]] = {"training": set(), "held-out": set()}
    for part, found in names.items():
        rng = random.Random(part)
        found.update(function_name(rng, part, GET, ("weather", "time", "price")) for _ in range(500))
        found.update(parameter_name(rng, part, ("city", "location", "place", "town")) for _ in range(500))
    assert len(names["held-out"]) > 30
    assert not names["training"] & names["held-out"]


def test_the_functions_of_every_tutorial_have_their_usual_names() -> None:
    assert set(CLASSICS) <= set(BY_KEY)
    scene = Scene(random.Random("classics"), "training")
    shown = {tool.name for count in (1, 2, 3) * 100 for tool in classics(scene, count)}
    assert {"get_weather", "get_time", "calculator", "add", "multiply", "send_message", "search"} <= shown


def test_functions_on_offer_cannot_be_taken_for_one_another() -> None:
    scene = Scene(random.Random("offer"), "held-out")
    for count in range(1, 9):
        tools = offered(scene, count)
        assert len({tool.name for tool in tools}) == count
        for one, other in combinations(tools, 2):
            assert not clash(one.kind, other.kind)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("snake", "get_current_weather"),
        ("camel", "getCurrentWeather"),
        ("kebab", "get-current-weather"),
        ("pascal", "GetCurrentWeather"),
    ],
)
def test_names_are_spelt_in_four_ways(words: Spelling, expected: str) -> None:
    assert spelt("get_current_weather", words) == expected


def test_parameters_are_shown_by_type_or_values_and_marked_where_they_may_be_missing() -> None:
    properties = {
        "city": {"type": "string", "description": "The city"},
        "days": {"type": "integer"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    }
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    function = {"name": "get_weather", "description": "Get the weather", "parameters": parameters}
    assert brief({"type": "function", "function": function}) == {
        "description": "Get the weather",
        "name": "get_weather",
        "arguments": {
            "city": "string",
            "days": "integer?",
            "unit": ["celsius", "fahrenheit", None],
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }
