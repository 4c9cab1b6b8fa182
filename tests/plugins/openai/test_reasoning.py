"""How much the model should think, and what says yes and no at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.request import Conversation, ReasoningWish, Request

Read = Callable[..., Request]
Refused = Callable[..., Fault]


@pytest.mark.parametrize(
    ("fields", "wish"),
    [
        ({}, ReasoningWish()),
        ({"reasoning_effort": "none"}, ReasoningWish(False, "none")),
        *(
            ({"reasoning_effort": effort}, ReasoningWish(None, effort))
            for effort in ("minimal", "low", "medium", "high", "xhigh")
        ),
        ({"enable_thinking": True}, ReasoningWish(True)),
        ({"enable_thinking": False}, ReasoningWish(False)),
        ({"enable_thinking": False, "reasoning_effort": "none"}, ReasoningWish(False, "none")),
        ({"enable_thinking": False, "thinking_token_budget": 0}, ReasoningWish(False, None, 0)),
        ({"thinking_token_budget": 0}, ReasoningWish(None, None, 0)),
        (
            {"enable_thinking": True, "reasoning_effort": "high", "thinking_token_budget": 100},
            ReasoningWish(True, "high", 100),
        ),
    ],
)
def test_wishes(read_chat: Read, fields: dict[str, Any], wish: ReasoningWish) -> None:
    assert read_chat(**fields).reasoning == wish


def test_an_argument_of_the_template_is_no_wish(read_chat: Read) -> None:
    request = read_chat(chat_template_kwargs={"enable_thinking": False})
    assert request.reasoning == ReasoningWish()
    assert isinstance(request.input, Conversation)
    assert request.input.template_args == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        (
            {"reasoning_effort": "much"},
            "reasoning_effort",
            "Invalid value for 'reasoning_effort': 'much'; supported values are 'none', 'minimal', 'low', "
            "'medium', 'high', 'xhigh' and 'max'.",
        ),
        (
            {"thinking_token_budget": -1},
            "thinking_token_budget",
            "Invalid value for 'thinking_token_budget': expected an integer >= 0.",
        ),
        (
            {"reasoning_effort": "none", "enable_thinking": True},
            "enable_thinking",
            "'enable_thinking' asks for thinking, and 'reasoning_effort' turns it off: send one of them.",
        ),
        (
            {"reasoning_effort": "low", "enable_thinking": False},
            "reasoning_effort",
            "'reasoning_effort' asks for thinking, and 'enable_thinking' turns it off: send one of them.",
        ),
        (
            {"reasoning_effort": "none", "thinking_token_budget": 5},
            "thinking_token_budget",
            "'thinking_token_budget' asks for thinking, and 'reasoning_effort' turns it off: "
            "send one of them.",
        ),
    ],
)
def test_wrong_wishes(refused_chat: Refused, fields: dict[str, Any], param: str, message: str) -> None:
    fault = refused_chat(**fields)
    assert (fault.param, fault.message) == (param, message)
