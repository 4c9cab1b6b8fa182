"""Conversations with functions on offer: the call, the tool's answer, and the sentence made of it."""

from __future__ import annotations

import json
from typing import Any

from ..conversation import Conversation, Message, ToolCall
from ..phrasing import casual, one_of
from ..scene import Scene
from .functions import FUNCTIONS, Function


class Offer:
    """One function as one conversation offers it, with the names it goes by here."""

    def __init__(self, scene: Scene, function: Function) -> None:
        rng = scene.rng
        self.function = function
        self.name = rng.choice(function.names)
        self.description = rng.choice(function.descriptions)
        self.names = {p.names[0]: rng.choice(p.names) for p in function.parameters}

    def described(self) -> dict[str, Any]:
        """Return the function as OpenAI's `tools` field describes it."""
        properties = {self.names[p.names[0]]: p.schema() for p in self.function.parameters}
        parameters = {"type": "object", "properties": properties, "required": list(properties)}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}

    def used(self, scene: Scene) -> list[Message]:
        """Return the four messages of one use: question, call, result, answer."""
        rng = scene.rng
        given = {p.names[0]: p.draw(rng, scene.part) for p in self.function.parameters}
        question = casual(rng, one_of(rng, self.function.asks, **given))
        call = ToolCall(self.name, {self.names[key]: value for key, value in given.items()})
        result = self.function.result(rng, given)
        answer = self.function.answer.format(**given, **result)
        return [
            Message("user", question),
            Message("assistant", "", thought=f"I need {self.name} for this.", calls=(call,)),
            Message("tool", json.dumps(result)),
            Message("assistant", answer, thought="The tool has answered. I say what it found."),
        ]


def offers(scene: Scene, count: int) -> list[Offer]:
    """Return `count` functions of different kinds."""
    return [Offer(scene, function) for function in scene.rng.sample(FUNCTIONS, count)]


def tool_use(scene: Scene, offered: int, uses: int) -> Conversation:
    """Return a conversation in which one of the `offered` functions is used, `uses` times in a row."""
    tools = offers(scene, offered)
    messages = [message for _ in range(uses) for message in scene.rng.choice(tools).used(scene)]
    return Conversation(tuple(messages), tuple(tool.described() for tool in tools))


def without_tool(scene: Scene) -> list[Message]:
    """Return a wish for which there is no function here, and the answer that says so."""
    function = scene.rng.choice([f for f in FUNCTIONS if f.names[0] not in ("add", "multiply")])
    given = {p.names[0]: p.draw(scene.rng, scene.part) for p in function.parameters}
    question = casual(scene.rng, one_of(scene.rng, function.asks, **given))
    thought = "I would need a tool for this, and there is none."
    return [
        Message("user", question),
        Message("assistant", "I am sorry, I have no tool for that.", thought=thought),
    ]
