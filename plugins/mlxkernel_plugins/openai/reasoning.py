"""How much the model should think."""

from __future__ import annotations

from mlxkernel.errors import invalid
from mlxkernel.request import ReasoningWish
from mlxkernel_plugins.openai.bodies import ChatBody


def wish(body: ChatBody) -> ReasoningWish:
    """What the request says of it. Raises `RequestFailed` when it turns thinking off and asks for it."""
    enabled, effort, budget = body.enable_thinking, body.reasoning_effort, body.thinking_token_budget
    off = "reasoning_effort" if effort == "none" else "enable_thinking" if enabled is False else None
    if off is None:
        return ReasoningWish(enabled, effort, budget)
    for field, wanted in (
        ("enable_thinking", enabled),
        ("reasoning_effort", effort not in (None, "none")),
        ("thinking_token_budget", budget),
    ):
        if wanted:
            message = f"'{field}' asks for thinking, and '{off}' turns it off: send one of them."
            raise invalid(message, param=field, code="invalid_value")
    return ReasoningWish(False, effort, budget)
