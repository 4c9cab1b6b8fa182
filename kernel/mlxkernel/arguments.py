"""Arguments: whether a call's arguments fit the schema of its tool, said in the log and nowhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlxkernel.events import Event, ToolCallDelta, ToolCallEnded, ToolCallStarted
from mlxkernel.messages import Json
from mlxkernel.request import Request

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

logger = logging.getLogger("mlxkernel.request")

_LONGEST = 50_000
"""Characters of arguments that are checked; checking longer ones would hold up every other stream."""

_REFERENCES = 2000
"""References that one check follows; a few that double at each step would be endless work."""


class ArgumentCheck:
    """Lets every event of one choice pass, and warns of calls whose arguments do not fit.

    The warning names the request, the tool and the place in its schema. The values are the client's, so they
    are logged at the level debug alone.
    """

    def __init__(self, request: Request) -> None:
        self._id = request.id
        self._schemas = {tool.name: tool.parameters for tool in request.tools}
        self._name = ""
        self._parts: list[str] = []

    def feed(self, event: Event) -> Sequence[Event]:
        """The event."""
        match event:
            case ToolCallStarted(name=name):
                self._name, self._parts = name, []
            case ToolCallDelta(arguments=arguments):
                self._parts.append(arguments)
            case ToolCallEnded():
                self._check("".join(self._parts))
            case _:
                pass
        return (event,)

    def _check(self, arguments: str) -> None:
        schema = self._schemas.get(self._name)
        if schema is None:
            logger.warning("request %s: '%s' was called, but there is no such tool", self._id, self._name)
            return
        if not schema or len(arguments) > _LONGEST:
            return
        try:
            given = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            logger.warning("request %s: the arguments of tool '%s' are no JSON", self._id, self._name)
            return
        path = mismatch(given, schema)
        if path is not None:
            logger.warning(
                "request %s: the arguments of tool '%s' do not fit its schema at %s",
                self._id,
                self._name,
                path,
            )
            logger.debug("request %s: these arguments were %s", self._id, arguments)


def mismatch(given: Json, schema: Mapping[str, Json]) -> str | None:
    """The path in the schema of the keyword that `given` does not satisfy; None if it fits.

    A schema that cannot be used counts as satisfied. The schema is a stranger's and the check runs between
    the events of all requests, so it fetches nothing, matches no regular expression (one of Python's can
    run for ever) and follows a bounded number of references.
    """
    # Imported where a tool was called: a server without tools need not carry it (2 MB, 30 ms).
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import UnknownType, best_match
    from jsonschema.validators import extend as untyped
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if _holds(schema, "patternProperties"):
        return None
    extend: Any = untyped
    follow = Draft202012Validator.VALIDATORS["$ref"]
    left = iter(range(_REFERENCES))

    def bounded(validator: Any, reference: str, instance: Json, inside: Json) -> Iterator[ValidationError]:
        if next(left, None) is None:
            raise RecursionError
        yield from follow(validator, reference, instance, inside) or ()

    kind = extend(Draft202012Validator, {"pattern": _pass, "$ref": bounded})
    try:
        error = best_match(kind(schema, registry=Registry()).iter_errors(given))
    except (Unresolvable, UnknownType, RecursionError, TypeError, ValueError, AttributeError) as problem:
        logger.debug("a tool's schema cannot be used: %s", type(problem).__name__)
        return None
    return None if error is None else "#" + "".join(f"/{step}" for step in error.absolute_schema_path)


def _pass(validator: Any, value: Json, instance: Json, schema: Json) -> Iterator[ValidationError]:
    yield from ()


def _holds(schema: Json, keyword: str) -> bool:
    match schema:
        case Mapping():
            return keyword in schema or any(_holds(inner, keyword) for inner in schema.values())
        case list():
            return any(_holds(inner, keyword) for inner in schema)
        case _:
            return False
