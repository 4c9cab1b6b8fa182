"""Configuration: mlx.toml, then the environment, then flags, as one frozen `Config`.

Later sources override earlier ones key by key. An environment variable is named
``MLXKERNEL_<TABLE>__<KEY>`` (``MLXKERNEL_SERVER__PORT=9000``); its value is read as TOML where it is
TOML and as a string where it is not. ``[plugins.<name>]`` stays a plain table here: its plugin
decodes it. Every unknown table or key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import tomli
from msgspec import Struct

from mlxkernel.api import ModelSpec
from mlxkernel.errors import ConfigError
from mlxkernel.messages import Json

ENV_PREFIX = "MLXKERNEL_"

S = TypeVar("S", bound=Struct)


class ServerConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server]`: the address, and what a client may cost.

    Port 0 takes a free one. `allowed_hosts` are names beside the loopback ones that a Host header may
    carry while the server listens on loopback. Sizes in bytes, times in seconds.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    insecure: bool = False
    allowed_hosts: tuple[str, ...] = ()
    max_body: int = 64 * 1024 * 1024
    keep_alive: float = 10.0
    drain_grace: float = 30.0


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

    heartbeat: float = 0.5
    silence: float = 30.0
    step_limit: float = 120.0
    backoff: float = 0.5
    backoff_limit: float = 30.0
    load_attempts: int = 3
    stop_grace: float = 5.0


class AuthConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[auth]`: the authenticators that a request must pass, by name; the first that knows it, decides."""

    use: str = "auto"


class LogConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log]`: ``debug``, ``info``, ``warning`` or ``error``. No prompt and no key is logged above debug."""

    level: str = "info"


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of mlx.toml."""

    server: ServerConfig = ServerConfig()
    kernel: KernelConfig = KernelConfig()
    worker: WorkerConfig = WorkerConfig()
    auth: AuthConfig = AuthConfig()
    log: LogConfig = LogConfig()
    models: dict[str, ModelSpec] = {}
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
    origin = str(path) if path is not None else "the configuration"
    decode_config(tables, origin)
    for variable, value in sorted((os.environ if environment is None else environment).items()):
        if variable.startswith(ENV_PREFIX) and "__" in variable:
            keys = _env_keys(variable, tables)
            _put(tables, keys, _toml_value(value))
            origin = _origin(tables, origin, f"environment variable {variable}")
    for flag, value in (flags or {}).items():
        _put(tables, _split(flag), value)
        origin = _origin(tables, origin, f"option {flag}")
    return decode_config(tables, origin)


def _origin(tables: dict[str, Any], before: str, source: str) -> str:
    decode_config(tables, source)
    return before


def decode_config(tables: Mapping[str, Json], origin: str) -> Config:
    """`Config` from plain tables; `origin` names their source in errors. Raises `ConfigError`."""
    named = dict(tables)
    models = tables.get("models", {})
    if isinstance(models, Mapping):
        named["models"] = {
            name: {**model, "name": name} if isinstance(model, Mapping) else model
            for name, model in models.items()
        }
    config = decode_table(Config, named, origin, ())
    _check_aliases(config, origin)
    return config


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
        raise ConfigError(f"{origin}: {_explain(str(error), table, where)}") from None


def _check_keys(kind: Any, table: Any, origin: str, where: tuple[str, ...]) -> None:
    """Walk Struct and table together, so that an unknown key meets its neighbours."""
    if not isinstance(table, Mapping):
        return
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = get_type_hints(kind)
        for key, value in table.items():
            if key not in hints:
                known = [name for name in hints if name != "name"]
                raise ConfigError(f"{origin}: {_unknown(str(key), known, where)}")
            _check_keys(hints[key], value, origin, (*where, str(key)))
    elif get_origin(kind) is dict and len(get_args(kind)) == 2:
        for key, value in table.items():
            _check_keys(get_args(kind)[1], value, origin, (*where, str(key)))


def _unknown(key: str, known: Iterable[str], where: tuple[str, ...]) -> str:
    what = f"unknown key '{key}' in [{'.'.join(where)}]" if where else f"unknown table [{key}]"
    return f"{what}; {nearest(key, known)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt word: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(names) or 'none'}"


def _explain(message: str, table: Mapping[str, Json], where: tuple[str, ...]) -> str:
    """msgspec's ``Expected `int`, got `str` - at `$.server.port``` as file, table, key and value."""
    text, _, place = message.partition(" - at `$")
    keys = [*where, *(key for key in re.split(r"[.\[\]]", place.rstrip("`")) if key)]
    shown = _value_at(table, keys[len(where) :])
    if message.startswith("Object missing required field"):
        missing = text.split("`")[1]
        return f"[{'.'.join(keys)}] has no '{missing}', which it must have"
    value = f" ({shown!r})" if isinstance(shown, (str, int, float, bool)) else ""
    return f"[{'.'.join(keys[:-1])}] {keys[-1] if keys else ''}: {text.lower()}{value}"


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


def _toml_value(text: str) -> Json:
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return text


def _env_keys(variable: str, tables: Mapping[str, Json]) -> list[str]:
    """The keys that a variable means: case and ``-``/``_`` do not count, known names win."""
    keys: list[str] = []
    level: Any = {**{name: {} for name in Config.__struct_fields__}, **tables}
    for part in variable[len(ENV_PREFIX) :].split("__"):
        wanted = part.lower().replace("-", "_")
        names = level if isinstance(level, Mapping) else {}
        key = next((name for name in names if name.lower().replace("-", "_") == wanted), part.lower())
        keys.append(key)
        level = names.get(key)
    return keys


def _split(dotted: str) -> list[str]:
    """``models."a.b".source`` as keys; quotes keep dots together."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^."]+)', dotted)]


def _put(tables: dict[str, Any], keys: list[str], value: Json) -> None:
    for key in keys[:-1]:
        inner = tables.get(key)
        tables[key] = dict(inner) if isinstance(inner, Mapping) else {}
        tables = tables[key]
    tables[keys[-1]] = value
