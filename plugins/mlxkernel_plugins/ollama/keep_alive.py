"""``keep_alive``: for how long a model shall stay loaded after a request.

Source of the notation: `time.ParseDuration` of Go's standard library, which Ollama reads strings with.
"""

from __future__ import annotations

import math
import re

from mlxkernel.errors import invalid
from mlxkernel_plugins.ollama.bodies import ModelBody

FIELD = "keep_alive"

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"(?P<sign>[-+]?)(?P<parts>(?:{_PART.pattern}){{1,16}}|0)")


def seconds(body: ModelBody) -> float | None:
    """The wish in seconds, infinite when it is negative, None when there is none. Raises `RequestFailed`."""
    value = body.keep_alive
    if value is None:
        return None
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            message = (
                f"invalid value for '{FIELD}': {value[:80]!r} is no duration; write seconds as a number, "
                "or a text such as '5m' or '1h30m'"
            )
            raise invalid(message, param=FIELD)
        total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match["parts"]))
        value = -total if match["sign"] == "-" else total
    return math.inf if value < 0 else float(value)
