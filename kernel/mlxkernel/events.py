"""Events: what happens to one request, from an engine to its dialect.

The law of events, which the test kit checks wherever events flow:

- `Progress` may come at any time before the end;
- at most one `Started`, before every delta; a request may fail without it, never finish;
- each choice that was started ends with one `ChoiceFinished`, after which it is silent;
- `Rendered` and `Embedding` come between `Started` and `Finished`, and only for their tasks;
- exactly one `Finished` or `Failed`, and nothing after it.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from mlxkernel.errors import Fault


class FinishReason(Enum):
    """Why a choice ended: by itself or at a stop (`STOP`), at the limit, or with tool calls."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


class Alternative(Struct, frozen=True, array_like=True):
    """One token that could have been chosen: its id, the bytes that it stands for, ln p."""

    token_id: int
    piece: bytes
    logprob: float


class TokenLogprob(Struct, frozen=True, array_like=True):
    """The chosen token with ln p, and the most probable alternatives, best first.

    Probabilities are those of the model after bias and penalties and before temperature.
    """

    token_id: int
    piece: bytes
    logprob: float
    top: tuple[Alternative, ...] = ()


class Usage(Struct, frozen=True, omit_defaults=True):
    """Tokens, counted where they were made. `cached_tokens` of the prompt were not computed again."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class Started(Struct, frozen=True, tag="started", omit_defaults=True):
    """The engine has accepted the request; its prompt has this many tokens.

    `prompt_end` is the end of the rendered prompt, where a chat template may have begun the answer.
    """

    prompt_tokens: int
    cached_tokens: int = 0
    prompt_end: str = ""


class TextDelta(Struct, frozen=True, tag="text", omit_defaults=True):
    """More of the answer. `tokens` is how many tokens this stands for (0 or more)."""

    index: int
    text: str
    tokens: int = 1
    logprobs: tuple[TokenLogprob, ...] = ()


class ReasoningDelta(Struct, frozen=True, tag="reasoning", omit_defaults=True):
    """More of what the model thinks."""

    index: int
    text: str
    tokens: int = 1


class ToolCallStarted(Struct, frozen=True, tag="tool_start", omit_defaults=True):
    """A tool call begins; `call` counts the calls of this choice from 0."""

    index: int
    call: int
    id: str
    name: str


class ToolCallDelta(Struct, frozen=True, tag="tool_delta", omit_defaults=True):
    """More of the call's arguments, as JSON text."""

    index: int
    call: int
    arguments: str


class ToolCallEnded(Struct, frozen=True, tag="tool_end", omit_defaults=True):
    """The call is complete."""

    index: int
    call: int


class Progress(Struct, frozen=True, tag="progress", omit_defaults=True):
    """What the request waits for: `stage` is ``queued``, ``loading`` or ``prefill``.

    `done` of `total` are places in the queue, per mille of the load, or prompt tokens.
    """

    stage: str
    done: int = 0
    total: int = 0


class ChoiceFinished(Struct, frozen=True, tag="choice", omit_defaults=True):
    """One choice is complete. `stop` is the stop string or token text that ended it, if one did."""

    index: int
    reason: FinishReason
    stop: str | None = None


class Rendered(Struct, frozen=True, tag="rendered", omit_defaults=True):
    """What the model would be given for prompt `index`: the text after the template, and its token ids.

    `pieces` are the tokens as the vocabulary writes them (``Ġhello``), for who asked for them.
    """

    index: int
    text: str
    tokens: tuple[int, ...]
    pieces: tuple[str, ...] = ()


class Embedding(Struct, frozen=True, tag="embedding", omit_defaults=True):
    """The vector of prompt `index`: 32-bit floats, little-endian."""

    index: int
    vector: bytes


class Timing(Struct, frozen=True, omit_defaults=True):
    """Where a request's time went, in seconds, as the kernel saw it.

    `waiting`: until the engine began with it (a queue, a model that loads, the template). `prefill`: from
    then until its first output. `decode`: from then to the end. Together they are the request's whole time.
    """

    waiting: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0


class Finished(Struct, frozen=True, tag="finished", omit_defaults=True):
    """All choices are complete. The kernel fills in `timing`; an engine leaves it out."""

    usage: Usage
    timing: Timing = Timing()


class Failed(Struct, frozen=True, tag="failed", omit_defaults=True):
    """The request ends here, unanswered or half answered."""

    fault: Fault


Event: TypeAlias = (
    Started
    | TextDelta
    | ReasoningDelta
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallEnded
    | Progress
    | ChoiceFinished
    | Rendered
    | Embedding
    | Finished
    | Failed
)


class StepOutput(Struct, frozen=True, array_like=True):
    """One event of one request, as a worker's step gives it."""

    request_id: str
    event: Event
