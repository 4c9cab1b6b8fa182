"""The scene of one conversation: what has been said so far that a later answer may need."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .names import Part, first_name


@dataclass
class Scene:
    """The running state while a conversation is written: who talks, and what was told.

    Attributes:
        rng: the only source of chance.
        part: which side of the split the names and words come from.
        assistant: the assistant's name, which a system prompt may set.
        user: the user's name once it is known, else "".
        told: what the user told about themselves, such as {"love": "cheese", "dog": "Rex"}.
    """

    rng: random.Random
    part: Part
    assistant: str = "Tiny"
    user: str = ""
    told: dict[str, str] = field(default_factory=dict)

    def name(self) -> str:
        """Return a fresh name that is not yet one of this scene."""
        while True:
            name = first_name(self.rng, self.part)
            if name not in (self.assistant, self.user, *self.told.values()):
                return name
