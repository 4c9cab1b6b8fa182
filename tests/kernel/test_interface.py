"""The public interface of mlxkernel.v1, held against a golden file: inside v1 only additions are made."""

from __future__ import annotations

import enum
import inspect
import os
import re
import types
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from mlxkernel import (
    api,
    bodies,
    caching,
    embedded,
    errors,
    events,
    fields,
    fold,
    framing,
    hookspecs,
    http,
    messages,
    models,
    problems,
    request,
    tools,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "interface.txt"
MODULES = (
    hookspecs,
    api,
    bodies,
    caching,
    embedded,
    errors,
    events,
    fields,
    fold,
    framing,
    http,
    messages,
    models,
    problems,
    request,
    tools,
)
UPDATE = "MLXKERNEL_UPDATE_GOLDEN"
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # in the repr of a default that is a function


def of_struct(kind: type[msgspec.Struct]) -> list[str]:
    config = kind.__struct_config__
    marks = [f"tag={config.tag!r}"] if config.tag else []
    marks += [mark for mark in ("array_like", "forbid_unknown_fields") if getattr(config, mark)]
    lines = [f"struct {kind.__name__}{f' ({chr(44).join(marks)})' if marks else ''}"]
    for field in msgspec.structs.fields(kind):
        default = "" if field.required else f" = {default_of(field)}"
        lines.append(f"  {field.encode_name}: {kind_words(kind.__annotations__[field.name])}{default}")
    return lines


def default_of(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        return repr(field.default)
    return repr(field.default_factory())


def kind_words(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else typing.cast("str", repr(annotation))


def of_class(kind: type) -> list[str]:
    what = "protocol" if getattr(kind, "_is_protocol", False) else "class"
    bases = [base.__name__ for base in kind.__bases__ if base not in (object, typing.Protocol)]
    lines = [f"{what} {kind.__name__}{f'({chr(44).join(bases)})' if bases else ''}"]
    for name, note in sorted(vars(kind).get("__annotations__", {}).items()):
        lines.append(f"  {name}: {kind_words(note)}")
    for name, member in sorted(vars(kind).items()):
        if isinstance(member, property):
            lines.append(f"  property {name}{inspect.signature(member.fget)}")
        elif inspect.isfunction(member) and (not name.startswith("_") or name == "__call__"):
            prefix = "async " if inspect.iscoroutinefunction(member) else ""
            lines.append(f"  {prefix}{name}{inspect.signature(member)}")
    return lines


def of_module(module: ModuleType) -> list[str]:
    lines: list[str] = []
    for name, value in sorted(vars(module).items()):
        if typing.get_origin(value) in (types.UnionType, typing.Union) and name in module.__annotations__:
            lines.append(f"{name} = {' | '.join(kind.__name__ for kind in typing.get_args(value))}")
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            lines.append(f"def {name}{_ADDRESS.sub('', str(inspect.signature(value)))}")
        elif isinstance(value, type) and issubclass(value, msgspec.Struct):
            lines += of_struct(value)
        elif isinstance(value, type) and issubclass(value, enum.Enum):
            lines.append(f"enum {name}: {', '.join(f'{item.name}={item.value}' for item in value)}")
        elif isinstance(value, type):
            lines += of_class(value)
    return [f"# {module.__name__}", "", *lines, ""]


def interface() -> str:
    return "\n".join(line for module in MODULES for line in of_module(module))


def test_the_public_interface_is_the_golden_one() -> None:
    if os.environ.get(UPDATE):
        GOLDEN.write_text(interface(), encoding="utf-8")
    was, now = GOLDEN.read_text(encoding="utf-8").splitlines(), interface().splitlines()
    lost = [line for line in was if line not in now]
    new = [line for line in now if line not in was]
    assert was == now, (
        "the public interface of mlxkernel.v1 has changed.\n"
        + "".join(f"  gone: {line}\n" for line in lost)
        + "".join(f"  new:  {line}\n" for line in new)
        + "A plugin built for v1 must go on working: only additions with defaults are allowed. "
        f"If this is one, record it with\n  {UPDATE}=1 python -m pytest tests/kernel/test_interface.py\n"
        "and put the file and a line in CHANGELOG.md into the same commit. "
        "Anything else needs the entry-point group mlxkernel.v2."
    )


def test_the_group_s_name_holds_the_version() -> None:
    assert hookspecs.GROUP == "mlxkernel.v1"


def test_what_a_plugin_imports_from_the_interface_stands_in_all() -> None:
    named = {name for name, value in vars(api).items() if getattr(value, "__module__", None) == api.__name__}
    assert named <= set(api.__all__)
    assert all(hasattr(api, name) for name in api.__all__)
