"""A question of the exam, what counts as a right answer, and the paper that draws the questions of a kind."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .conversation import Conversation, Message, Thinking
from .scene import Scene


@dataclass(frozen=True)
class Question:
    """One question of the exam.

    Attributes:
        messages: what is sent, as OpenAI's `messages`; the last one asks.
        wanted: one of these texts must be in the answer; after thinking, in what follows the thoughts.
        values: every one of these texts must be in the answer.
        tools: the functions on offer.
        thinking: the wish about thinking.
        calls: the names and arguments of the calls that are right, in their order, where calls are wanted.
        no_call: whether any call at all is wrong.
        exact: the whole answer, where a style or an object asks for just this one.
        rest: what follows after the right answer, each with the whole conversation before it: a loop counts
            as right when every one of its answers is.
    """

    messages: tuple[dict[str, Any], ...]
    wanted: tuple[str, ...]
    tools: tuple[dict[str, Any], ...] = ()
    thinking: Thinking = "unsaid"
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    no_call: bool = False
    exact: str = ""
    values: tuple[str, ...] = ()
    rest: tuple[Question, ...] = ()

    def right(self, answer: str) -> bool:
        """Tell whether the answer to this question alone is right."""
        if self.thinking == "on":
            thought, closed, answer = answer.partition("</think>")
            if not closed or not thought.strip():
                return False
        if self.thinking == "off" and "think>" in answer:
            return False
        if self.calls:
            return called(answer) == list(self.calls)
        if self.no_call and "<tool_call>" in answer:
            return False
        if self.exact:
            return _same(answer.strip(), self.exact)
        if not all(value in answer for value in self.values):
            return False
        return not self.wanted or any(wanted in answer for wanted in self.wanted)


def _same(answer: str, exact: str) -> bool:
    """Tell whether two texts are the same, or the same object where the wanted one is JSON."""
    if not exact.startswith("{"):
        return answer == exact
    try:
        return bool(json.loads(answer) == json.loads(exact))
    except ValueError:
        return False


def called(answer: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that an answer makes; one that is not JSON counts as no call."""
    calls = []
    for piece in answer.split("<tool_call>")[1:]:
        try:
            call = json.loads(piece.split("</tool_call>")[0])
            calls.append((call["name"], call["arguments"]))
        except (ValueError, KeyError, TypeError):
            continue
    return calls


@dataclass(frozen=True)
class Paper:
    """One kind of question and the share of right answers below which the evaluation fails."""

    draw: Callable[[Scene], Question]
    threshold: float

    def write(self, seed: str, index: int) -> Question:
        """Return question number `index` of the exam `seed`."""
        return self.draw(Scene(random.Random(f"{seed}/{index}"), "held-out"))


def sent(message: Message) -> dict[str, Any]:
    """Return a message as a client sends it."""
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        wire["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.calls
        ]
    return wire


def before(written: Conversation, index: int) -> tuple[dict[str, Any], ...]:
    """Return what a client has sent when message number `index` is to be answered with."""
    return tuple(sent(message) for message in written.messages[:index])
