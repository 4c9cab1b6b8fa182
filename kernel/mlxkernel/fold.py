"""Fold: the whole answer from its events, so that the streamed and the whole answer cannot differ."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mlxkernel.errors import RequestFailed
from mlxkernel.events import (
    ChoiceFinished,
    Embedding,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    ReasoningDelta,
    Rendered,
    Started,
    TextDelta,
    Timing,
    TokenLogprob,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
    Usage,
)
from mlxkernel.messages import Reasoning, Text, ToolCall


class Section(Struct, frozen=True):
    """One stretch of an answer, for dialects that keep the order of thoughts, words and calls.

    `logprobs` are those of its words. A token that has no text yet belongs to the next words, and one
    after the last of them to these.
    """

    part: Text | Reasoning | ToolCall
    logprobs: tuple[TokenLogprob, ...] = ()


class Choice(Struct, frozen=True):
    """One complete answer: by kind, and once more as `sections` in the order in which they began."""

    index: int
    text: str
    reasoning: str
    tool_calls: tuple[ToolCall, ...]
    logprobs: tuple[TokenLogprob, ...]
    reason: FinishReason
    stop: str | None = None
    sections: tuple[Section, ...] = ()


class Answer(Struct, frozen=True):
    """All choices in the order of their index, and the exact usage.

    `renderings` and `embeddings` are what the tasks `Render` and `Embed` gave, in the order of the prompts.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    renderings: tuple[Rendered, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    timing: Timing = Timing()


class _Stretch:
    def __init__(
        self, kind: type[Text] | type[Reasoning] | type[ToolCall], id: str = "", name: str = ""
    ) -> None:
        self.kind = kind
        self.id = id
        self.name = name
        self.pieces: list[str] = []
        self.logprobs: list[TokenLogprob] = []

    def section(self) -> Section:
        whole = "".join(self.pieces)
        if self.kind is ToolCall:
            return Section(ToolCall(self.id, self.name, whole))
        return Section(Text(whole) if self.kind is Text else Reasoning(whole), tuple(self.logprobs))


class _Draft:
    def __init__(self) -> None:
        self.reason: FinishReason | None = None
        self.stop: str | None = None
        self._stretches: list[_Stretch] = []
        self._calls: list[_Stretch] = []
        self._logprobs: list[TokenLogprob] = []
        self._held: list[TokenLogprob] = []

    def say(self, text: str, logprobs: tuple[TokenLogprob, ...]) -> None:
        self._logprobs.extend(logprobs)
        self._held.extend(logprobs)
        if text:
            words = self._stretch(Text)
            words.pieces.append(text)
            words.logprobs.extend(self._held)
            self._held.clear()

    def think(self, text: str) -> None:
        if text:
            self._stretch(Reasoning).pieces.append(text)

    def call(self, id: str, name: str) -> None:
        self._calls.append(_Stretch(ToolCall, id, name))
        self._stretches.append(self._calls[-1])

    def argue(self, call: int, arguments: str) -> None:
        self._calls[call].pieces.append(arguments)

    def choice(self, index: int) -> Choice:
        if self._stretches and self._stretches[-1].kind is Text:
            self._stretches[-1].logprobs.extend(self._held)
            self._held.clear()
        sections = tuple(stretch.section() for stretch in self._stretches)
        parts = [section.part for section in sections]
        return Choice(
            index=index,
            text="".join(part.text for part in parts if isinstance(part, Text)),
            reasoning="".join(part.text for part in parts if isinstance(part, Reasoning)),
            tool_calls=tuple(part for part in parts if isinstance(part, ToolCall)),
            logprobs=tuple(self._logprobs),
            reason=self.reason or FinishReason.STOP,
            stop=self.stop,
            sections=sections,
        )

    def _stretch(self, kind: type[Text] | type[Reasoning]) -> _Stretch:
        if not self._stretches or self._stretches[-1].kind is not kind:
            self._stretches.append(_Stretch(kind))
        return self._stretches[-1]


class Folder:
    """Takes events one by one; `answer` is set once `Finished` has come.

    Raises `RequestFailed` from `feed` when the event is `Failed`.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._drafts: dict[int, _Draft] = {}
        self._renderings: list[Rendered] = []
        self._embeddings: list[Embedding] = []

    def feed(self, event: Event) -> None:
        """Add one event."""
        match event:
            case TextDelta(index=index, text=text, logprobs=logprobs):
                self._draft(index).say(text, logprobs)
            case ReasoningDelta(index=index, text=text):
                self._draft(index).think(text)
            case ToolCallStarted(index=index, id=id, name=name):
                self._draft(index).call(id, name)
            case ToolCallDelta(index=index, call=call, arguments=arguments):
                self._draft(index).argue(call, arguments)
            case ChoiceFinished(index=index, reason=reason, stop=stop):
                draft = self._draft(index)
                draft.reason, draft.stop = reason, stop
            case Rendered():
                self._renderings.append(event)
            case Embedding():
                self._embeddings.append(event)
            case Finished(usage=usage, timing=timing):
                self.answer = self._whole(usage, timing)
            case Failed(fault=fault):
                raise RequestFailed(fault)
            case Started() | Progress() | ToolCallEnded():
                pass

    def _whole(self, usage: Usage, timing: Timing) -> Answer:
        choices = tuple(draft.choice(i) for i, draft in sorted(self._drafts.items()))
        renderings = sorted(self._renderings, key=lambda rendered: rendered.index)
        embeddings = sorted(self._embeddings, key=lambda embedding: embedding.index)
        return Answer(choices, usage, tuple(renderings), tuple(embeddings), timing)

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
