"""Fold: the whole answer from its events, so that the streamed and the whole answer cannot differ."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mlxkernel.errors import RequestFailed
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Started,
    TextDelta,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.messages import ToolCall


class Choice(Struct, frozen=True):
    """One complete answer."""

    index: int
    text: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    logprobs: tuple[TokenLogprob, ...]
    reason: FinishReason
    stop: str | None = None


class Answer(Struct, frozen=True):
    """All choices in the order of their index, and the exact usage."""

    choices: tuple[Choice, ...]
    usage: Usage


class _Draft:
    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: list[tuple[str, str, list[str]]] = []
        self.logprobs: list[TokenLogprob] = []
        self.reason: FinishReason | None = None
        self.stop: str | None = None

    def choice(self, index: int) -> Choice:
        calls = tuple(ToolCall(id, name, "".join(args)) for id, name, args in self.calls)
        return Choice(
            index=index,
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            tool_calls=calls,
            logprobs=tuple(self.logprobs),
            reason=self.reason or FinishReason.STOP,
            stop=self.stop,
        )


class Folder:
    """Takes events one by one; `answer` is set once `Finished` has come.

    Raises `RequestFailed` from `feed` when the event is `Failed`.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._drafts: dict[int, _Draft] = {}

    def feed(self, event: Event) -> None:
        """Add one event."""
        match event:
            case TextDelta(index=index, text=text, logprobs=logprobs):
                draft = self._draft(index)
                draft.text.append(text)
                draft.logprobs.extend(logprobs)
            case ReasoningDelta(index=index, text=text):
                self._draft(index).reasoning.append(text)
            case ToolCallStarted(index=index, id=id, name=name):
                self._draft(index).calls.append((id, name, []))
            case ToolCallDelta(index=index, call=call, arguments=arguments):
                self._draft(index).calls[call][2].append(arguments)
            case ChoiceFinished(index=index, reason=reason, stop=stop):
                draft = self._draft(index)
                draft.reason, draft.stop = reason, stop
            case Finished(usage=usage):
                choices = tuple(draft.choice(i) for i, draft in sorted(self._drafts.items()))
                self.answer = Answer(choices, usage)
            case Failed(fault=fault):
                raise RequestFailed(fault)
            case Started() | Progress() | ToolCallEnded():
                pass

    def _draft(self, index: int) -> _Draft:
        return self._drafts.setdefault(index, _Draft())


def fold(events: Iterable[Event]) -> Answer:
    """The answer that these events make. Raises `RequestFailed` if they end in `Failed`."""
    folder = Folder()
    for event in events:
        folder.feed(event)
    if folder.answer is None:
        raise ValueError("the events do not end: neither Finished nor Failed came")
    return folder.answer
