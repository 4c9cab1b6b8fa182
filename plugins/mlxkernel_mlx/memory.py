"""Memory: on Metal, keeping the model's own wired."""

from __future__ import annotations

import mlx.core as mx


def wire_memory() -> int | None:
    """On Metal, keep the model's memory wired as mlx_lm does; returns the old limit, None elsewhere."""
    recommended = mx.device_info().get("max_recommended_working_set_size")
    return mx.set_wired_limit(int(recommended)) if recommended is not None else None


def unwire_memory(limit: int | None) -> None:
    """Undo `wire_memory`."""
    if limit is not None:
        mx.synchronize()
        mx.set_wired_limit(limit)
