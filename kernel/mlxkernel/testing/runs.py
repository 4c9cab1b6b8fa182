"""Runs: scripted sequences of events, as engines and parsers give them, that every dialect can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from msgspec import Struct

from mlxkernel.events import (
    Alternative,
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Started,
    TextDelta,
    Timing,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.request import Conversation, Prompts, Request

HOSTILE = 'a"b\\c\n\r\n\t\x00\x1f data: [DONE]\n\nevent: x\n</s> é \u2028 \u2029 \x85 \U0001f600 \u200b{}'
"""Text that breaks streams which are put together by hand: line ends of every kind, quotes, frames."""

LINE_ENDS = ("\u2028", "\u2029", "\x85")
"""Line ends to Unicode but not to JSON: clients that split by `str.splitlines` cut an event in two there."""

USAGE = Usage(prompt_tokens=7, completion_tokens=11, cached_tokens=4, reasoning_tokens=2)
TIMING = Timing(waiting=0.25, prefill=0.5, decode=1.0)


class Scene(Struct, frozen=True, kw_only=True):
    """What happens in one choice. `calls` and `thinks` say what it needs of a request, `cut` that its last
    call breaks off in the middle.
    """

    name: str
    events: tuple[Event, ...]
    calls: int = 0
    thinks: bool = False
    cut: bool = False

    def suits(self, request: Request) -> bool:
        """Whether such a run can answer this request: raw prompts are not parsed."""
        if not isinstance(request.input, Conversation):
            return not (self.calls or self.thinks)
        if self.calls and not request.tools:
            return False
        return self.calls <= 1 or request.parallel_tool_calls


def _call(number: int, id: str, name: str, *arguments: str, ended: bool = True) -> tuple[Event, ...]:
    deltas = (ToolCallDelta(0, number, piece) for piece in arguments)
    end = (ToolCallEnded(0, number),) if ended else ()
    return (ToolCallStarted(0, number, id, name), *deltas, *end)


_STOP = ChoiceFinished(0, FinishReason.STOP)
_LENGTH = ChoiceFinished(0, FinishReason.LENGTH)
_CALLS = ChoiceFinished(0, FinishReason.TOOL_CALLS)
_FIRST = _call(0, "call_a", "first", '{"ci', 'ty": "Bu', 'rgos", "n": 2.5}')
_SECOND = _call(1, "call_b", "second", "{}")
_THOUGHT = (ReasoningDelta(0, "Let me"), ReasoningDelta(0, ""), ReasoningDelta(0, " think.\n"))

SCENES = (
    Scene(name="text", events=(TextDelta(0, "Hello"), TextDelta(0, ""), TextDelta(0, ", world!"), _STOP)),
    Scene(name="hostile text", events=(*(TextDelta(0, letter) for letter in HOSTILE), _STOP)),
    Scene(name="nothing", events=(_STOP,)),
    Scene(name="length", events=(TextDelta(0, "As far as"), _LENGTH)),
    Scene(name="a stop string", events=(TextDelta(0, "Up to"), ChoiceFinished(0, FinishReason.STOP, "END"))),
    Scene(
        name="progress",
        events=(
            Progress("loading", 1, 2),
            TextDelta(0, "a"),
            Progress("prefill", 3, 9),
            TextDelta(0, "b"),
            _STOP,
        ),
    ),
    Scene(name="thinking", events=(*_THOUGHT, TextDelta(0, "Yes."), _STOP), thinks=True),
    Scene(
        name="hostile thinking", events=(ReasoningDelta(0, HOSTILE), TextDelta(0, "x"), _STOP), thinks=True
    ),
    Scene(name="thinking to the limit", events=(*_THOUGHT, _LENGTH), thinks=True),
    Scene(name="one call", events=(*_FIRST, _CALLS), calls=1),
    Scene(name="text and a call", events=(TextDelta(0, "I look."), *_FIRST, _CALLS), calls=1),
    Scene(name="two calls", events=(*_FIRST, *_SECOND, _CALLS), calls=2),
    Scene(
        name="everything",
        events=(*_THOUGHT, TextDelta(0, "I look."), *_FIRST, *_SECOND, _CALLS),
        calls=2,
        thinks=True,
    ),
    Scene(
        name="a hostile argument",
        events=(*_call(0, "call_a", "first", '{"x": "\\"\u2028é", ', '\n"y": []}'), _CALLS),
        calls=1,
    ),
    Scene(
        name="a call that breaks off",
        events=(TextDelta(0, "I look."), *_call(0, "call_a", "first", '{"city": "Bur'), _LENGTH),
        calls=1,
        cut=True,
    ),
)


def choices_of(request: Request) -> int:
    """How many answers the request gets."""
    prompts = len(request.input.items) if isinstance(request.input, Prompts) else 1
    return prompts * request.n


def run_of(scene: Scene, request: Request) -> list[Event]:
    """The whole lawful run in which every choice of the request plays the scene, interleaved."""
    parts = [list(_played(scene, index, request)) for index in range(choices_of(request))]
    body: Iterator[Event | None] = chain.from_iterable(zip_longest(*parts))
    return [
        Started(USAGE.prompt_tokens, USAGE.cached_tokens),
        *(event for event in body if event is not None),
        Finished(USAGE, TIMING),
    ]


def _played(scene: Scene, index: int, request: Request) -> Iterator[Event]:
    for event in scene.events:
        match event:
            case TextDelta(text=text) if request.logprobs is not None:
                yield TextDelta(index, text, 1, _tokens(text, request.logprobs) if text else ())
            case TextDelta(text=text):
                yield TextDelta(index, text)
            case ReasoningDelta(text=text):
                yield ReasoningDelta(index, text)
            case ToolCallStarted(call=call, id=id, name=name):
                yield ToolCallStarted(index, call, f"{id}{index or ''}", name)
            case ToolCallDelta(call=call, arguments=arguments):
                yield ToolCallDelta(index, call, arguments)
            case ToolCallEnded(call=call):
                yield ToolCallEnded(index, call)
            case ChoiceFinished(reason=reason, stop=stop):
                yield ChoiceFinished(index, reason, stop)
            case _:
                yield event


def _tokens(text: str, alternatives: int) -> tuple[TokenLogprob, ...]:
    """One token for the text, with as many alternatives as were asked for."""
    top: Sequence[Alternative] = [Alternative(n, b"\xff", -1.0 - n) for n in range(alternatives)]
    return (TokenLogprob(1, text.encode(), -0.5, tuple(top)),)
