"""Fields: what becomes of every field of a body: honoured, accepted without effect, or refused by name.

A dialect that says it in a `FieldTable` can hold its reference page against it, and its bodies too: a
field that is in no table is one that would be silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import fields as struct_fields

from mlxkernel.errors import invalid
from mlxkernel.messages import Json


class Refusal(Struct, frozen=True):
    """A field that is refused unless its value means "not used": null, or one of `neutral`.

    `why` says why it is refused, and the mend; `code` is the word for programs.
    """

    field: str
    why: str
    neutral: tuple[Json, ...] = ()
    code: str = "unsupported_parameter"

    @property
    def note(self) -> str:
        """The refusal as a reference page tells it."""
        values = (f"`{msgspec.json.encode(value).decode()}`" for value in self.neutral)
        return f"{self.why}. Accepted: {', '.join(('null', *values))}"


def refuse(body: Struct, refusals: Sequence[Refusal], path: str = "") -> None:
    """Raises `RequestFailed` (400) for the first field of a body that asks for what is not offered.

    A body that does not have the field is passed over. `path` is where the body stands, if it is a part of
    another.
    """
    for refusal in refusals:
        value = getattr(body, refusal.field, None)
        if value is not None and value not in refusal.neutral:
            name = wire_name(type(body), refusal.field)
            param = f"{path}.{name}" if path else name
            raise invalid(f"'{param}' is not supported: {refusal.why}", param=param, code=refusal.code)


class FieldTable(Struct, frozen=True):
    """The treatment of every field of some bodies, which are given by the names of their routes.

    `honoured` and `without_effect` map a field to what is to be said of it.
    """

    bodies: Mapping[str, type[Struct]]
    honoured: Mapping[str, str]
    without_effect: Mapping[str, str] = {}
    refusals: Sequence[Refusal] = ()

    def faults(self) -> list[str]:
        """What is wrong with the table: fields in no part of it or in two, and rows of no field."""
        listed = [*self.honoured, *self.without_effect, *(refusal.field for refusal in self.refusals)]
        there = {field for body in self.bodies.values() for field in body.__struct_fields__}
        return [
            *(f"'{field}' is in no table" for field in sorted(there - set(listed))),
            *(f"'{field}' is in two tables" for field in sorted({f for f in listed if listed.count(f) > 1})),
            *(f"there is no field '{field}'" for field in sorted(set(listed) - there)),
        ]

    def rows(self) -> Iterator[str]:
        """The table in Markdown, one row per field: its name on the wire, its routes if there are several,
        and what becomes of it.
        """
        for notes in (
            self.honoured,
            self.without_effect,
            {refusal.field: refusal.note for refusal in self.refusals},
        ):
            for field, note in notes.items():
                yield self._row(field, note)

    def _row(self, field: str, note: str) -> str:
        having = {route: body for route, body in self.bodies.items() if field in body.__struct_fields__}
        name = next((wire_name(body, field) for body in having.values()), field)
        routes = f" {', '.join(having)} |" if len(self.bodies) > 1 else ""
        return f"| `{name}` |{routes} {note} |"


def wire_name(kind: type[Struct], name: str) -> str:
    """What clients call a field of this body."""
    return next(field.encode_name for field in struct_fields(kind) if field.name == name)
