"""How much the model should think, and whether its thoughts are shown."""

from __future__ import annotations

from mlxkernel.errors import invalid
from mlxkernel.request import ReasoningWish
from mlxkernel_plugins.anthropic.bodies import PromptBody
from mlxkernel_plugins.anthropic.definitions import ThinkingAdaptive, ThinkingDisabled, ThinkingEnabled

SIGNATURE = "mlxkernel"
"""The signature of every thinking block. Thoughts are not signed here, and those that come back are not
verified; but clients drop a block that has no signature."""


def wish(body: PromptBody, max_tokens: int | None) -> ReasoningWish:
    """What the request says of it. Raises `RequestFailed` for a budget that leaves no room for an answer."""
    effort = body.output_config.effort if body.output_config else None
    match body.thinking:
        case None:
            return ReasoningWish()
        case ThinkingDisabled():
            return ReasoningWish(enabled=False)
        case ThinkingAdaptive():
            return ReasoningWish(effort=effort, optional=True)
        case ThinkingEnabled(budget_tokens=budget):
            if max_tokens is not None and budget >= max_tokens:
                message = (
                    f"'thinking.budget_tokens' ({budget}) must be less than 'max_tokens' ({max_tokens}), "
                    "which counts thoughts too"
                )
                raise invalid(message, param="thinking.budget_tokens", code="wrong_value")
            return ReasoningWish(True, effort, budget)


def hides(body: PromptBody) -> bool:
    """Whether thinking blocks are to come without their text."""
    thinking = body.thinking
    return isinstance(thinking, (ThinkingEnabled, ThinkingAdaptive)) and thinking.display == "omitted"
