"""The culprit: which part of a schema it is that cannot be forced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mlxkernel.formats.bounds import bounded
from mlxkernel.formats.closing import closed
from mlxkernel.messages import Json

_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_SINGLE = ("items", "additionalProperties")
_SHARED = ("$defs", "definitions")

MOST = 200
"""Parts that are tried; in a larger schema the place may stay unknown."""


def culprit(schema: Json, reason: str, refusal: Callable[[Json], str]) -> str | None:
    """The JSON pointer (``#/properties/a``) of the deepest part that is refused for this reason by itself.

    `refusal` says why a schema cannot be forced, "" when it can. None: no part is refused for it.
    """
    shared = {key: schema[key] for key in _SHARED if key in schema} if isinstance(schema, Mapping) else {}
    found = None
    for number, (place, part) in enumerate(_parts(schema, "#")):
        if number >= MOST:
            break
        if found is not None and not place.startswith(f"{found}/"):
            break
        own = {key: inner for key, inner in part.items() if key not in _SHARED}
        alone = {**shared, **own} if _refers(own) else own
        if refusal(bounded(closed(alone))) == reason:
            found = place
    return found


def _parts(schema: Json, place: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Every schema in this one with its pointer, each before those within it."""
    if not isinstance(schema, Mapping):
        return
    yield place, schema
    for key, inner in schema.items():
        if key in _MAPS and isinstance(inner, Mapping):
            for name, part in inner.items():
                yield from _parts(part, f"{place}/{key}/{_step(name)}")
        elif key in _LISTS and isinstance(inner, list):
            for number, part in enumerate(inner):
                yield from _parts(part, f"{place}/{key}/{number}")
        elif key in _SINGLE:
            yield from _parts(inner, f"{place}/{key}")


def _refers(schema: Json) -> bool:
    """Whether there is a reference anywhere in it."""
    match schema:
        case Mapping():
            return "$ref" in schema or any(map(_refers, schema.values()))
        case list():
            return any(map(_refers, schema))
        case _:
            return False


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
