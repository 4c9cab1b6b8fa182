"""Most of the requests name a model that exists, or none would get past the door."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Three of four bodies ask for `short`, whose answers end soon."""
    if isinstance(body, dict) and isinstance(body.get("model"), str) and len(body["model"]) % 4:
        return {**body, "model": "short"}
    return body
