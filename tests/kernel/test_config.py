"""Configuration: where values come from, and what is said when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
import tomli
from msgspec import Struct

from mlxkernel.config import Config, decode_config, load_config, toml_value
from mlxkernel.errors import ConfigError
from mlxkernel.models import ModelSpec

REPOSITORY = Path(__file__).parents[2]
MLX_TOML = REPOSITORY / "mlx.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "mlx.toml"
    file.write_text(text)
    return file


def fault(**sources: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(**{"environment": {}, **sources})
    return str(caught.value)


# --- precedence -----------------------------------------------------------------------------------------


def test_nothing_at_all_is_the_defaults() -> None:
    assert load_config(environment={}) == Config()


def test_flags_win_over_the_environment_and_it_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, '[server]\nport = 1\nhost = "a"\nmax_body = 5\n[log]\nlevel = "error"\n')
    environment = {"MLXKERNEL_SERVER__PORT": "2", "MLXKERNEL_SERVER__HOST": "b", "PATH": "x"}
    config = load_config(file, environment=environment, flags={"server.port": 3})
    server = config.server
    assert (server.port, server.host, server.max_body, config.log.level) == (3, "b", 5, "error")


def test_a_variable_with_one_underscore_is_not_ignored() -> None:
    with pytest.raises(ConfigError) as error:
        load_config(environment={"MLXKERNEL_SERVER_PORT": "9"})
    assert str(error.value) == (
        "environment variable MLXKERNEL_SERVER_PORT: did you mean 'MLXKERNEL_SERVER__PORT', "
        "with two underscores?"
    )
    assert load_config(environment={"MLXKERNEL_UPDATE_GOLDEN": "1", "MLXKERNEL_HOME": "x"}) == Config()


def test_the_real_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLXKERNEL_SERVER__PORT", "77")
    assert load_config().server.port == 77


def test_a_model_can_come_from_several_sources(tmp_path: Path) -> None:
    file = write(tmp_path, '[models."Qwen3.5-4b"]\nsource = "s"\n[models."Qwen3.5-4b".limits]\nqueue = 3\n')
    environment = {
        "MLXKERNEL_MODELS__QWEN3_5_4B__LIMITS__BATCH": "4",
        "MLXKERNEL_MODELS__NEW__ALIASES": '["n"]',
        "MLXKERNEL_MODELS__NEW__SOURCE": "bundled:tiny",
        "MLXKERNEL_MODELS__NEW__DEFAULTS__TEMPLATE_ARGS": "{enable_thinking = false}",
    }
    flags = {'models."Qwen3.5-4b".limits.context': 9}
    config = load_config(file, environment=environment, flags=flags)
    limits = config.models["Qwen3.5-4b"].limits
    assert (limits.batch, limits.queue, limits.context) == (4, 3, 9)
    new = config.models["new"]
    assert (new.name, new.source, new.aliases) == ("new", "bundled:tiny", ("n",))
    assert new.defaults.template_args == {"enable_thinking": False}


def test_a_variable_finds_the_dashes_of_names(tmp_path: Path) -> None:
    file = write(tmp_path, "[plugins.my-plugin]\ncolour = 1\n")
    environment = {
        "MLXKERNEL_PLUGINS__MY_PLUGIN__COLOUR": "red",
        # This one is installed and has no table in the file.
        "MLXKERNEL_PLUGINS__AUTH_KEYS__FILE": "/keys",
    }
    plugins = load_config(file, environment=environment).plugins
    assert plugins == {"my-plugin": {"colour": "red"}, "auth-keys": {"file": "/keys"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9000", 9000),
        ("true", True),
        ("0.5", 0.5),
        ('["a", "b"]', ["a", "b"]),
        ('"9000"', "9000"),
        ("{a = 1}", {"a": 1}),
        ("127.0.0.1", "127.0.0.1"),
        ("mlx-community/Qwen3-4B", "mlx-community/Qwen3-4B"),
        ("", ""),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_values_are_toml_or_text(text: str, value: Any) -> None:
    assert toml_value(text) == value


# --- what is said ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[serve]", "unknown table [serve]; did you mean 'server'?"),
        (
            "[zzz]",
            "unknown table [zzz]; known: auth, kernel, log, media, models, plugins, server, tool_formats, "
            "worker",
        ),
        ("[server]\nprot = 1", "unknown key 'prot' in [server]; did you mean 'port'?"),
        ("[auth]\nzzz = 1", "unknown key 'zzz' in [auth]; known: use"),
        ("[server]\nport = 'x'", "[server] port: expected `int`, got `str` ('x')"),
        ("[server]\nport = true", "[server] port: expected `int`, got `bool` (True)"),
        ("[server]\nport = 70000", "[server] port: expected `int` <= 65535 (70000)"),
        ("[worker]\nheartbeat = 0", "[worker] heartbeat: expected `float` > 0.0 (0)"),
        ("[worker]\nload_attempts = 0", "[worker] load_attempts: expected `int` >= 1 (0)"),
        ("server = 5", "[server] must be a table, not 5"),
        ("models = 5", "[models] must be a table, not 5"),
        ("[models]\na = 5", "[models.a] must be a table, not 5"),
        ("[plugins]\na = 5", "[plugins.a] must be a table, not 5"),
        ("[log]\nlevel = 'warn'", "[log] level: 'warn' is no choice; did you mean 'warning'?"),
        ("[kernel.prefer]\n'a b' = 3", "[kernel.prefer] a b: expected `str`, got `int` (3)"),
        ("[models.a]", "[models.a] has no 'source', which it must have"),
        ("[models.a]\nsource = 's'\n[models.b]", "[models.b] has no 'source', which it must have"),
        ("[models.a]\nalias = []", "unknown key 'alias' in [models.a]; did you mean 'aliases'?"),
        (
            "[models.a]\nname = 'b'",
            "unknown key 'name' in [models.a]; known: aliases, cache, defaults, engine, limits, pooling, "
            "preload, reasoning_format, source, template, tool_format, trust_remote_code",
        ),
        (
            "[models.a]\nsource = 's'\naliases = ['x', 3]",
            "[models.a] aliases[1]: expected `str`, got `int` (3)",
        ),
        (
            "[models.a]\nsource = 's'\n[models.b]\nsource = 't'\nlimits = {batch = 'q'}",
            "[models.b.limits] batch: expected `int`, got `str` ('q')",
        ),
        (
            "[models.a.limits]\nbach = 1",
            "unknown key 'bach' in [models.a.limits]; did you mean 'batch'?",
        ),
        (
            "[models.a]\nsource = 's'\naliases = ['b']\n[models.b]\nsource = 't'",
            "[models.a] aliases: 'b' already means the model 'b'; choose another name",
        ),
        (
            "[models.a]\nsource = 's'\naliases = ['x']\n[models.b]\nsource = 't'\naliases = ['x']",
            "[models.b] aliases: 'x' already means the model 'a'; choose another name",
        ),
    ],
)
def test_what_is_wrong_in_the_file(tmp_path: Path, text: str, words: str) -> None:
    file = write(tmp_path, text)
    assert fault(path=file) == f"{file}: {words}"


def test_a_file_that_is_not_there_cannot_be_read_or_is_no_toml(tmp_path: Path) -> None:
    missing = tmp_path / "no.toml"
    assert fault(path=missing) == f"{missing}: there is no such file; 'mlxkernel serve -m MODEL' needs none"
    assert fault(path=tmp_path).startswith(f"{tmp_path}: cannot be read: ")
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    assert fault(path=binary).startswith(f"{binary}: cannot be read: ")
    file = write(tmp_path, "[server\n")
    assert fault(path=file).startswith(f"{file}: not valid TOML: ")
    assert "(at line 1, column 8)" in fault(path=file)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MLXKERNEL_SERVER__PRT", "1", "unknown key 'prt' in [server]; did you mean 'port'?"),
        ("MLXKERNEL_SERVR__PORT", "1", "unknown table [servr]; did you mean 'server'?"),
        ("MLXKERNEL_SERVER__PORT", "many", "[server] port: expected `int`, got `str` ('many')"),
        ("MLXKERNEL_MODELS__A__PRELOAD", "true", "[models.a] has no 'source', which it must have"),
        ("MLXKERNEL_WORKER__SILENCES", "1", "unknown key 'silences' in [worker]; did you mean 'silence'?"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, words: str) -> None:
    environment = {"MLXKERNEL_LOG__LEVEL": "error", "MLXKERNEL_WORKER__SILENCE": "9", variable: value}
    assert fault(environment=environment) == f"environment variable {variable}: {words}"


def test_a_wrong_option_is_named() -> None:
    assert fault(flags={"server.host": "h", "server.port": 70000}) == (
        "option server.port: [server] port: expected `int` <= 65535 (70000)"
    )
    assert fault(flags={"servr.port": 1}).startswith("option servr.port: unknown table [servr]; ")


def test_a_file_is_right_by_itself_whatever_follows(tmp_path: Path) -> None:
    file = write(tmp_path, "[server]\nport = 'x'")
    assert fault(path=file, flags={"server.port": 1}).startswith(f"{file}: ")


# --- mlx.toml of the repository -------------------------------------------------------------------------


def test_the_repository_s_mlx_toml_loads() -> None:
    config = load_config(MLX_TOML, environment={})
    assert list(config.models) == ["tiny", "tiny-vision"]
    assert config.models["tiny"].source == "bundled:tiny"
    assert config.models["tiny-vision"].source == "bundled:tiny-vision"
    assert config.models["tiny"].preload


def keys_of(kind: type[Struct], where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Every key below a Struct: its table, its name, its default."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if isinstance(hint, type) and issubclass(hint, Struct):
            yield from keys_of(hint, (*where, field.encode_name))
        elif (where, field.name) == ((), "models"):
            yield from keys_of(ModelSpec, ("models", "tiny"))
        elif not (where[:1] == ("models",) and field.name == "name") and get_origin(hint) is not dict:
            yield where, field.encode_name, field.default
        elif get_origin(hint) is dict and get_args(hint) and field.name == "template_args":
            yield where, field.encode_name, {}


def tables_of(text: str) -> dict[tuple[str, ...], str]:
    """The lines below each table's header."""
    tables: dict[tuple[str, ...], str] = {}
    where: tuple[str, ...] = ()
    for line in text.splitlines():
        header = re.match(r"\[([\w.-]+)\]", line)
        if header:
            where = tuple(header.group(1).split("."))
        tables[where] = tables.get(where, "") + line + "\n"
    return tables


@pytest.mark.parametrize(("where", "key", "default"), list(keys_of(Config)), ids=lambda value: str(value))
def test_mlx_toml_is_complete_and_shows_the_defaults(where: tuple[str, ...], key: str, default: Any) -> None:
    text = MLX_TOML.read_text(encoding="utf-8")
    assert re.search(rf"^(# )?{key} = ", tables_of(text).get(where, ""), re.MULTILINE), (
        f"mlx.toml does not show '{key}' in [{'.'.join(where)}]: add a line with its default, "
        "or a comment with an example where the default is none"
    )
    table: Any = tomli.loads(text)
    for name in where:
        table = table.get(name, {})
    on_purpose = {(("models", "tiny"), "source"), (("models", "tiny"), "preload")}
    if key in table and (where, key) not in on_purpose:
        shown = tuple(table[key]) if isinstance(table[key], list) else table[key]
        assert shown == default, f"mlx.toml shows {shown!r} for '{key}' in [{'.'.join(where)}]"


def test_every_table_stands_in_mlx_toml() -> None:
    headers = set(tables_of(MLX_TOML.read_text(encoding="utf-8")))
    assert {(name,) for name in Config.__struct_fields__ if name not in ("models", "plugins")} <= headers
    assert ("kernel", "prefer") in headers


def test_the_examples_in_comments_are_right_too() -> None:
    lines = MLX_TOML.read_text(encoding="utf-8").splitlines()
    active = [re.sub(r"^# (?=(\w+|\"[^\"]+\") = |\[plugins)", "", line) for line in lines]
    tables = tomli.loads("\n".join(active))
    config = decode_config(tables, "mlx.toml")
    assert config.models["tiny"].template == "chatml"
    assert config.kernel.prefer == {"dialect openai": "mlxkernel"}
