"""Jobs: requests with everything resolved, as the intake hands them to the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from mlxkernel.events import Event, Finished, Rendered, Started, StepOutput, Usage
from mlxkernel.request import Request
from mlxkernel_mlx.constraints import Guide
from mlxkernel_mlx.settings import Settings

WORTH_KEEPING = 256
"""A trimmable state is kept at the end of its prompt, and before its first picture, from this many tokens on
(kept at its answer's end anyway): so that others who ask the same at the same time need not wait for it."""


class Medium(Struct, frozen=True):
    """A picture in a prompt: what tells its content from any other, and the first of its tokens' places."""

    digest: str
    start: int


class Prompt(Struct, frozen=True):
    """One prompt, answered by the request's n choices.

    `boundaries` are token counts at which a message ends and a state is worth keeping. `echo` is the text
    with which each answer begins. `continues`: the answer goes on with the prompt's text. `end` is the end of
    a rendered conversation. `media` are its pictures in order, `content` is what the network needs of them
    (nobody else reads it). The first `solid` tokens look at each other in both directions: they can only be
    processed at once, from an empty state.
    """

    tokens: tuple[int, ...]
    max_tokens: int
    boundaries: tuple[int, ...] = ()
    echo: str | None = None
    continues: bool = False
    end: str = ""
    media: tuple[Medium, ...] = ()
    content: Any = None
    solid: int = 0


class TextJob(Struct, frozen=True):
    """A request for answers.

    `ends` are the token ids that end an answer, `silent` those without text (end-of-sequence tokens).
    `guides` makes what binds the tokens of one answer.
    """

    request: Request
    prompts: tuple[Prompt, ...]
    settings: Settings
    ends: frozenset[int]
    silent: frozenset[int]
    seed: bytes
    guides: Callable[[], tuple[Guide, ...]] = tuple


class RenderJob(Struct, frozen=True):
    """A request that only asks what the model would be given, with the answer."""

    request: Request
    prompts: tuple[Rendered, ...]

    def outputs(self) -> list[StepOutput]:
        """The whole run."""
        count = sum(len(rendered.tokens) for rendered in self.prompts)
        end = Finished(Usage(prompt_tokens=count))
        events: tuple[Event, ...] = (Started(count), *self.prompts, end)
        return [StepOutput(self.request.id, event) for event in events]
