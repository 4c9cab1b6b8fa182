"""Hostility: what a body becomes in the hands of a stranger, one defect at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mlxkernel.messages import Json

DEEP = 4000
"""Lists within each other in the deepest value: more than recursion can follow."""

_MARK = "\ue000deep\ue000"
_LONGER = 2
"""Items of a list that are tried; further ones are like these."""

VALUES: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    3.5,
    1e300,
    2**63,
    -(2**80),
    "",
    "x",
    "\x00",
    "\ud800",
    "é" * 5000,
    [],
    [None],
    [[]],
    ["a", 1],
    {},
    {"": None},
    {"type": "x", "role": 5},
    {"a": {"b": {"c": [{}]}}},
    _MARK,
)
"""What is put in the place of every value: every type, its ends, and what cannot be carried on."""

BYTES = (
    b"",
    b" ",
    b"{",
    b"{}",
    b"[]",
    b"null",
    b"0",
    b'"x"',
    b"nonsense",
    b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"NaN",
    b'{"model": NaN}',
    b'{"model": 1e999}',
    b'{"model": "\\ud800"}',
    b'{"model": "\xff"}',
    b'{"a": ' * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b"model=x&stream=true",
)
"""Bodies that are no request at all."""


def mutants(body: Json) -> Iterator[tuple[str, bytes]]:
    """The body with each value replaced or taken away, and the place where that was done."""
    for path in _paths(body):
        place = "".join(f"[{step!r}]" for step in path) or "the body"
        for value in VALUES:
            shown = "a deep list" if value == _MARK else repr(value)[:40]
            yield f"{place} = {shown}", _encoded(_changed(body, path, value))
        if path:
            yield f"without {place}", _encoded(_without(body, path))


def _paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:_LONGER]):
            yield from _paths(inner, (*path, place))


def _changed(body: Json, path: tuple[str | int, ...], value: Json) -> Json:
    if not path:
        return value
    step, rest = path[0], path[1:]
    copy: Json = dict(body) if isinstance(body, dict) else list(body)
    copy[step] = _changed(copy[step], rest, value)
    return copy


def _without(body: Json, path: tuple[str | int, ...]) -> Json:
    step, rest = path[0], path[1:]
    copy: Json = dict(body) if isinstance(body, dict) else list(body)
    if rest:
        copy[step] = _without(copy[step], rest)
    else:
        del copy[step]
    return copy


def _encoded(body: Json) -> bytes:
    text = json.dumps(body)
    return text.replace(json.dumps(_MARK), "[" * DEEP + "]" * DEEP).encode()
