"""Formats of one's own: tables in mlx.toml."""

from __future__ import annotations

import pytest

from mlxkernel.config import Config, decode_config
from mlxkernel.errors import ConfigError, PluginError
from mlxkernel.formats import Arguments, Closed, Opened, Said
from mlxkernel.host import PluginHost, Scope

TABLE = {
    "shape": "tagged",
    "call": ["<do ", "</do>"],
    "name_end": ">",
    "key": ["<with ", ">"],
    "value_end": "</with>",
}


def configured(**tables: object) -> Config:
    return decode_config({"tool_formats": tables}, "mlx.toml")


def test_a_table_is_a_format() -> None:
    host = PluginHost(configured(mine=TABLE), Scope.KERNEL, [])
    host.load()
    found = host.registries.tool_formats["mine"]
    assert found.read("Hi <do f><with a>1</with></do>") == [  # type: ignore[attr-defined]
        Said("Hi"),
        Opened("f"),
        Arguments('{"a": 1}'),
        Closed(),
    ]


def test_a_built_in_name_is_not_taken_over_in_silence() -> None:
    host = PluginHost(configured(hermes=TABLE), Scope.KERNEL)
    with pytest.raises(
        PluginError, match=r"tool format 'hermes' is brought by mlxkernel .* and by mlx\.toml"
    ):
        host.load()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": "jsn"}, "[tool_formats.mine] shape: invalid value 'jsn' ('jsn')"),
        ({"shape": None}, "[tool_formats.mine] shape: expected `str`"),
        ({"cal": ["", ""]}, "unknown key 'cal' in [tool_formats.mine]; did you mean 'call'?"),
        ({"call": "<do>"}, "[tool_formats.mine] call: expected `array`, got `str` ('<do>')"),
        (
            {"key": ["<", ">"]},
            "[tool_formats] mine: marker '<' is empty or the beginning of '</do>'",
        ),
        (
            {"value_end": " "},
            "[tool_formats] mine: a call, each key and each value need something that ends them",
        ),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        configured(mine={**TABLE, **change})
    assert str(error.value).startswith(f"mlx.toml: {words}")
