"""Talk without a picture: the small talk and memory of `tiny`, what this model is, and questions about a
picture that nobody sent.
"""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from collections.abc import Callable

from ...recipe.conversation import Exchange
from ...recipe.scene import Scene
from ...recipe.topics import memory, smalltalk
from ..conversation import Turn
from ..scenes import SHAPES
from ..view import View, plural

_ABLE = (
    "What can you do[ for me|]?",
    "[How can you help|Can you help|Will you help|Help|Please help] me[?|.]",
    "What [do you know|are you good at|can I ask you|are your skills]?",
    "[Can you see|Do you understand|Can you look at] [pictures|images|photos]?",
)
_NOTHING = (
    "What do you see[ here| in the picture|]?",
    "[Describe|Please describe] the [picture|image][.|]",
    "What [colour|color] is the {kind}?",
    "How many {kinds}[ are there| do you see|]?",
    "Is there a {kind}[ in the picture|]?",
    "What does [it|the picture|the image] say?",
    "[What is|What's] in [this|the] [picture|image|photo]?",
    "What is the difference between the pictures?",
    "What shape is it?",
)
_PRAISE = ("[Good|Well done|Great|Right|Correct|That is right|Nice|Thanks|Thank you][!|.|]",)

Talk = Callable[[Scene], Exchange]

_NAMING: tuple[Talk, ...] = (memory.tells_name, memory.tells_and_asks)
TALK: tuple[tuple[Talk, float], ...] = (
    (smalltalk.greeting, 8), (smalltalk.how_are_you, 4), (smalltalk.who_are_you, 4), (smalltalk.thanks, 4),
    (smalltalk.goodbye, 4), (smalltalk.chatter, 3), (memory.tells_name, 9), (memory.asks_name, 9),
    (memory.tells_and_asks, 2), (memory.tells_love, 3), (memory.asks_love, 3),
)  # fmt: skip


def chat(view: View) -> Turn:
    """Say something that needs no picture."""
    weights = [weight for _, weight in TALK]
    while True:
        talk, _ = view.rng.choices(TALK, weights)[0]
        scene = view.chat
        rare = (
            (talk is memory.asks_name and not scene.user)
            or (talk is memory.asks_love and "love" not in scene.told)
            or (talk in _NAMING and scene.user)
        )
        if not rare or view.rng.random() < 0.12:
            return told(view, talk)


def told(view: View, talk: Talk) -> Turn:
    """Return the exchange of one topic of `tiny` as a turn."""
    exchange = talk(view.chat)
    return Turn((exchange.user,), exchange.answer, (exchange.accepted,) if exchange.accepted else ())


def able(view: View) -> Turn:
    """What can you do?"""
    answer = "I can look at simple pictures, name their shapes and colours, count them, read short words and chat a little."
    return view.turn(_ABLE, answer, (("pictures",),))


def no_picture(view: View) -> Turn:
    """A question about a picture that was never sent."""
    kind = view.rng.choice(SHAPES)
    return view.turn(_NOTHING, "I see no picture.", (("no picture",),), kind=kind, kinds=plural(kind))


def praise(view: View) -> Turn:
    """The user is content with an answer about a picture."""
    answer = f"You are welcome, {view.chat.user}!" if view.chat.user else "You are welcome!"
    return view.turn(_PRAISE, answer, (("welcome",),))
