"""Configuration: mlx.toml, then the environment, then flags, as one frozen `Config`.

Later sources override earlier ones key by key. An environment variable is named
``MLXKERNEL_<TABLE>__<KEY>`` (``MLXKERNEL_SERVER__PORT=9000``); its value is read as TOML where it is
TOML and as a string where it is not. ``[plugins.<name>]`` stays a plain table here: its plugin
decodes it. Every unknown table or key is an error that names the nearest known one.
"""

from __future__ import annotations

import copy
import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import tomli
from msgspec import Meta, Struct

from mlxkernel.api import ModelSpec
from mlxkernel.errors import ConfigError
from mlxkernel.formats import Shape
from mlxkernel.hookspecs import GROUP
from mlxkernel.media.settings import MediaConfig
from mlxkernel.messages import Json

ENV_PREFIX = "MLXKERNEL_"

S = TypeVar("S", bound=Struct)

Positive: TypeAlias = Annotated[float, Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, Meta(ge=0)]


class ServerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`: the address, and what a client may cost.

    Port 0 takes a free one. `allowed_hosts` are names beside the loopback ones that a Host header may
    carry while the server listens on loopback. `allow_origins` are the origins of web pages that may use the
    server (``https://chat.example``, or ``*`` for all), `allow_desktop` adds those of desktop apps' windows.
    Sizes in bytes, times in seconds.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    insecure: bool = False
    allowed_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    allow_desktop: bool = False
    max_body: Annotated[int, Meta(gt=0)] = 64 * 1024 * 1024
    keep_alive: Positive = 10.0
    drain_grace: NotNegative = 30.0


class KernelConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[kernel]`: which plugins run, in which order, and who wins a name that two of them bring.

    `prefer` maps ``"<kind> <name>"`` (``"dialect openai"``) to the distribution that owns it.
    """

    disabled: tuple[str, ...] = ()
    plugin_order: tuple[str, ...] = ()
    strict_plugins: bool = False
    prefer: dict[str, str] = {}


class WorkerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[worker]`: when a worker counts as stuck, and how it comes back. Times in seconds.

    `silence` is the longest time without any frame, `step_limit` the longest single engine step,
    `backoff` the pause before the first restart, doubled for each further one up to `backoff_limit`;
    after `load_attempts` crashes during a load the model is given up.
    """

    heartbeat: Positive = 0.5
    silence: Positive = 30.0
    step_limit: Positive = 120.0
    backoff: NotNegative = 0.5
    backoff_limit: NotNegative = 30.0
    load_attempts: Annotated[int, Meta(ge=1)] = 3
    stop_grace: NotNegative = 5.0


class AuthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[auth]`: the authenticators that a request must pass, by name; the first that knows it, decides."""

    use: str = "auto"


class LogConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log]`: ``debug``, ``info``, ``warning`` or ``error``. No prompt and no key is logged above debug."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of mlx.toml."""

    server: ServerConfig = ServerConfig()
    kernel: KernelConfig = KernelConfig()
    worker: WorkerConfig = WorkerConfig()
    auth: AuthConfig = AuthConfig()
    log: LogConfig = LogConfig()
    media: MediaConfig = MediaConfig()
    models: dict[str, ModelSpec] = {}
    tool_formats: dict[str, Shape] = {}
    plugins: dict[str, dict[str, Json]] = {}


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Json] | None = None,
) -> Config:
    """The configuration from a file, the environment and flags.

    `flags` maps dotted keys (``server.port``) to values. Raises `ConfigError` that names the source, the
    table, the key and the value.
    """
    tables = _read(path) if path is not None else {}
    decode_config(tables, str(path) if path is not None else "the configuration")
    settings = [
        (f"environment variable {variable}", _env_keys(variable, tables), toml_value(value))
        for variable, value in sorted((os.environ if environment is None else environment).items())
        if _is_setting(variable)
    ]
    settings += [(f"option {flag}", _split(flag), value) for flag, value in (flags or {}).items()]
    merged = copy.deepcopy(tables)
    for _, keys, value in settings:
        _put(merged, keys, value)
    try:
        return decode_config(merged, "")
    except ConfigError as error:
        raise ConfigError(f"{_culprit(tables, settings, str(error))}{error}") from None


def _culprit(tables: dict[str, Any], settings: Sequence[tuple[str, list[str], Json]], fault: str) -> str:
    """The first setting that brings this fault; only together may several be a whole table."""
    for source, keys, value in settings:
        _put(tables, keys, value)
        try:
            decode_config(tables, "")
        except ConfigError as error:
            if str(error) == fault:
                return source
    raise AssertionError(f"no setting brings the fault{fault}")


def decode_config(tables: Mapping[str, Json], origin: str) -> Config:
    """`Config` from plain tables; `origin` names their source in errors. Raises `ConfigError`."""
    named = dict(tables)
    models = tables.get("models", {})
    if isinstance(models, Mapping):
        named["models"] = {name: _named(str(name), model, origin) for name, model in models.items()}
    config = decode_table(Config, named, origin, ())
    _check_aliases(config, origin)
    return config


def _named(name: str, model: Any, origin: str) -> Any:
    if not isinstance(model, Mapping):
        return model
    if "name" in model:
        known = [key for key in ModelSpec.__struct_fields__ if key != "name"]
        raise ConfigError(f"{origin}: {_unknown('name', known, ('models', name))}")
    return {**model, "name": name}


def _check_aliases(config: Config, origin: str) -> None:
    owners: dict[str, str] = {name: name for name in config.models}
    for name, spec in config.models.items():
        for alias in spec.aliases:
            owner = owners.setdefault(alias, name)
            if owner != name:
                raise ConfigError(
                    f"{origin}: [models.{name}] aliases: '{alias}' already means the model '{owner}'; "
                    "choose another name"
                )


def decode_table(kind: type[S], table: Mapping[str, Json], origin: str, where: tuple[str, ...]) -> S:
    """A Struct from one table; `where` is the table's path. Raises `ConfigError`."""
    _check_keys(kind, table, origin, where)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{origin}: {_explain(str(error), kind, table, where)}") from None


def _check_keys(kind: Any, table: Any, origin: str, where: tuple[str, ...]) -> None:
    """Walk Struct and table together, so that an unknown key meets its neighbours."""
    if not isinstance(table, Mapping):
        return
    kind = _chosen(kind, table)
    if isinstance(kind, type) and issubclass(kind, Struct):
        tag = kind.__struct_config__.tag_field
        hints = get_type_hints(kind) | ({tag: str} if tag else {})
        for key, value in table.items():
            if key not in hints:
                known = [name for name in hints if name != "name"]
                raise ConfigError(f"{origin}: {_unknown(str(key), known, where)}")
            _check_keys(hints[key], value, origin, (*where, str(key)))
    elif get_origin(kind) is dict and len(get_args(kind)) == 2:
        for key, value in table.items():
            _check_keys(get_args(kind)[1], value, origin, (*where, str(key)))


def _chosen(kind: Any, table: Mapping[str, Json]) -> Any:
    """The Struct of a tagged union that the table's tag names; any other type as it is."""
    for member in get_args(kind) if get_origin(kind) in (Union, UnionType) else ():
        config = getattr(member, "__struct_config__", None)
        if config is not None and config.tag is not None and table.get(config.tag_field) == config.tag:
            return member
    return kind


def _unknown(key: str, known: Iterable[str], where: tuple[str, ...]) -> str:
    what = f"unknown key '{key}' in [{'.'.join(where)}]" if where else f"unknown table [{key}]"
    return f"{what}; {nearest(key, known)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names) or 'none'}"


def _explain(message: str, kind: type, table: Mapping[str, Json], where: tuple[str, ...]) -> str:
    """msgspec's ``Expected `int`, got `str` - at `$.server.port``` as table, key and value."""
    text, _, place = message.partition(" - at `$")
    inner = _keys_of(place, kind, table)
    keys = [*where, *inner]
    shown = _value_at(table, inner)
    if message.startswith("Object missing required field"):
        missing = text.split("`")[1]
        return f"[{'.'.join(keys)}] has no '{missing}', which it must have"
    value = f" ({shown!r})" if isinstance(shown, (str, int, float, bool)) else ""
    if text.startswith("Expected `object`"):
        return f"[{'.'.join(keys)}] must be a table, not {shown!r}"
    if text.startswith("Invalid enum value"):
        text, value = f"{shown!r} is no choice; {nearest(str(shown), _choices(kind, inner))}", ""
    else:
        text = text.lower()
    if len(keys) > 2 and isinstance(_value_at(table, inner[:-1]), list):
        keys = [*keys[:-2], f"{keys[-2]}[{keys[-1]}]"]
    return f"[{'.'.join(keys[:-1])}] {keys[-1] if keys else ''}: {text}{value}"


def _keys_of(place: str, kind: type, table: Mapping[str, Json]) -> list[str]:
    """The keys on msgspec's path; it writes ``[...]`` for whichever key of a dict, so each is tried alone."""
    keys: list[str] = []
    for key in re.findall(r"\.\.\.|[^.\[\]`]+", place):
        if key == "...":
            choices = _value_at(table, keys)
            for name in choices:
                alone = copy.deepcopy(dict(table))
                _put(alone, [*keys, name], choices[name], alone=True)
                try:
                    msgspec.convert(alone, kind)
                except msgspec.ValidationError:
                    key = str(name)
                    break
        keys.append(key)
    return keys


def _choices(kind: Any, keys: Iterable[str]) -> list[str]:
    """What a key that takes one of a few words may say."""
    for key in keys:
        kind = get_type_hints(kind)[key] if hasattr(kind, "__struct_fields__") else get_args(kind)[-1]
    return [str(choice) for choice in get_args(kind)]


def _value_at(table: Any, keys: Iterable[str]) -> Any:
    for key in keys:
        if isinstance(table, Mapping):
            table = table.get(key)
        elif isinstance(table, (list, tuple)) and key.isdigit() and int(key) < len(table):
            table = table[int(key)]
        else:
            return None
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; 'mlxkernel serve -m MODEL' needs none") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except tomli.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def toml_value(text: str) -> Json:
    """A value as it is written in TOML; what is not TOML is the string itself."""
    try:
        read = tomli.loads(f"value = {text}")
    except tomli.TOMLDecodeError:
        return text
    return read["value"] if len(read) == 1 else text


def _is_setting(variable: str) -> bool:
    """Whether a variable sets a key. Raises `ConfigError` for one that means to and has one underscore."""
    if not variable.startswith(ENV_PREFIX):
        return False
    rest = variable[len(ENV_PREFIX) :]
    table = next(
        (name.upper() for name in Config.__struct_fields__ if rest.startswith(f"{name.upper()}_")), ""
    )
    if "__" not in rest and table:
        meant = f"{ENV_PREFIX}{table}__{rest[len(table) + 1 :]}"
        raise ConfigError(f"environment variable {variable}: did you mean '{meant}', with two underscores?")
    return "__" in rest


def _env_keys(variable: str, tables: Mapping[str, Json]) -> list[str]:
    """The keys that a variable means, which can hold only letters, digits and ``_``: known names win."""
    keys: list[str] = []
    installed: dict[str, Json] = {entry.name: {} for entry in entry_points(group=GROUP)}
    level: Any = {**{name: {} for name in Config.__struct_fields__}, "plugins": installed, **tables}
    if isinstance(level["plugins"], Mapping):
        level["plugins"] = {**installed, **level["plugins"]}
    for part in variable[len(ENV_PREFIX) :].split("__"):
        names = level if isinstance(level, Mapping) else {}
        key = next((name for name in names if _plain(name) == _plain(part)), part.lower())
        keys.append(key)
        level = names.get(key)
    return keys


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _split(dotted: str) -> list[str]:
    """``models."a.b".source`` as keys; quotes keep dots together."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^."]+)', dotted)]


def _put(tables: dict[str, Any], keys: list[str], value: Json, *, alone: bool = False) -> None:
    """Set the value below these keys; `alone` drops its neighbours."""
    for key in keys[:-1]:
        inner = tables.get(key)
        tables[key] = dict(inner) if isinstance(inner, Mapping) else {}
        tables = tables[key]
    if alone:
        tables.clear()
    tables[keys[-1]] = value
