"""``anthropic-version``: a date, and what this server makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlxkernel.errors import invalid

HEADER = "anthropic-version"
OLDEST = "2023-06-01"
"""The version whose messages and streams are those of today; the one before it streamed in another form."""

_DATE = re.compile(r"20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def check(headers: Mapping[str, str]) -> None:
    """Raises `RequestFailed` (400) for a version that is older than `OLDEST`, or no date.

    Later ones are taken, since clients name the newest that they know and within these fields nothing was
    changed, only added; so is a request that names none.
    """
    version = headers.get(HEADER)
    if version is None or (_DATE.fullmatch(version) and version >= OLDEST):
        return
    raise invalid(
        f"'{HEADER}' is {version[:80]!r}; this server speaks {OLDEST} and the versions after it (2026-10-21)",
        param=HEADER,
        code="unknown_version",
    )
