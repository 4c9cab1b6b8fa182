"""The items of an output in the making: what each says when it begins, grows and ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mlxkernel import events
from mlxkernel_plugins.openai import logprobs
from mlxkernel_plugins.openai.replies import TokenLogprob
from mlxkernel_plugins.openai.responses import events as wire
from mlxkernel_plugins.openai.responses import thoughts
from mlxkernel_plugins.openai.responses.events import StreamEvent
from mlxkernel_plugins.openai.responses.objects import (
    FunctionCall,
    ItemStatus,
    Output,
    OutputMessage,
    OutputText,
    ReasoningOutput,
    ReasoningText,
    SummaryText,
)


class Counter:
    """Numbers the events of one stream, from 0."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> int:
        """The next number."""
        self._next += 1
        return self._next - 1


class Piece:
    """An item: it begins, grows by text and ends, and says each time what the stream is to tell.

    `id` and `index` are the item's own and its place in the output; `number` counts the stream's events.
    """

    def __init__(self, number: Counter, id: str, index: int) -> None:
        self._number = number
        self._id = id
        self._index = index
        self._texts: list[str] = []
        self._status: ItemStatus = "in_progress"

    @property
    def text(self) -> str:
        """All of it so far."""
        return "".join(self._texts)

    @property
    def output(self) -> Output:
        """The item as it stands."""
        return self._output()

    def begin(self) -> Iterator[StreamEvent]:
        """The item is there."""
        yield wire.ItemAdded(sequence_number=self._number(), output_index=self._index, item=self.output)
        yield from self._opening()

    def add(self, text: str) -> StreamEvent:
        """More of it."""
        self._texts.append(text)
        return self._growth(text)

    def end(self, status: ItemStatus) -> Iterator[StreamEvent]:
        """No more; nothing the second time."""
        if self._status == "in_progress":
            self._status = self._final(status)
            yield from self._closing()
            yield wire.ItemDone(sequence_number=self._number(), output_index=self._index, item=self.output)

    def _output(self) -> Output:
        raise NotImplementedError

    def _opening(self) -> Iterator[StreamEvent]:
        raise NotImplementedError

    def _growth(self, text: str) -> StreamEvent:
        raise NotImplementedError

    def _closing(self) -> Iterator[StreamEvent]:
        raise NotImplementedError

    def _final(self, status: ItemStatus) -> ItemStatus:
        return status


class Words(Piece):
    """A message."""

    def __init__(self, number: Counter, id: str, index: int) -> None:
        super().__init__(number, id, index)
        self._logprobs: list[TokenLogprob] = []
        self._fresh: list[TokenLogprob] = []

    def attach(self, tokens: Sequence[events.TokenLogprob]) -> None:
        """Logprobs of the words that come next, or of the last ones."""
        shown = logprobs.chat(tokens)
        if shown is not None:
            self._logprobs.extend(shown.content)
            self._fresh.extend(shown.content)

    def _output(self) -> OutputMessage:
        return OutputMessage(id=self._id, status=self._status, content=[self._part()] if self._texts else [])

    def _part(self) -> OutputText:
        return OutputText(text=self.text, logprobs=list(self._logprobs))

    def _opening(self) -> Iterator[StreamEvent]:
        yield wire.PartAdded(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            part=OutputText(text=""),
        )

    def _growth(self, text: str) -> StreamEvent:
        fresh, self._fresh = self._fresh, []
        return wire.TextAdded(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            delta=text,
            logprobs=fresh,
        )

    def _closing(self) -> Iterator[StreamEvent]:
        part = self._part()
        yield wire.TextDone(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            text=part.text,
            logprobs=part.logprobs,
        )
        yield wire.PartDone(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, part=part
        )


class Thought(Piece):
    """A thought, shown as it is thought. With `sealed` its item carries it once more, sealed."""

    def __init__(self, number: Counter, id: str, index: int, sealed: bool) -> None:
        super().__init__(number, id, index)
        self._sealed = sealed

    def _output(self) -> ReasoningOutput:
        content = [ReasoningText(self.text)] if self._texts else []
        return ReasoningOutput(
            id=self._id, status=self._status, summary=[], content=content, encrypted_content=self._seal()
        )

    def _seal(self) -> str | None:
        return thoughts.sealed(self.text) if self._sealed and self._texts else None

    def _opening(self) -> Iterator[StreamEvent]:
        yield wire.PartAdded(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            part=ReasoningText(""),
        )

    def _growth(self, text: str) -> StreamEvent:
        return wire.ThoughtAdded(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, delta=text
        )

    def _closing(self) -> Iterator[StreamEvent]:
        yield wire.ThoughtDone(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, text=self.text
        )
        yield wire.PartDone(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            part=ReasoningText(self.text),
        )


class Summary(Thought):
    """A thought for a client that asked for a summary: the whole of it, where summaries are shown."""

    def _output(self) -> ReasoningOutput:
        summary = [SummaryText(self.text)] if self._texts else []
        return ReasoningOutput(
            id=self._id, status=self._status, summary=summary, encrypted_content=self._seal()
        )

    def _opening(self) -> Iterator[StreamEvent]:
        yield wire.SummaryPartAdded(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, part=SummaryText("")
        )

    def _growth(self, text: str) -> StreamEvent:
        return wire.SummaryAdded(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, delta=text
        )

    def _closing(self) -> Iterator[StreamEvent]:
        yield wire.SummaryDone(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, text=self.text
        )
        yield wire.SummaryPartDone(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            part=SummaryText(self.text),
        )


class Call(Piece):
    """A call. It is complete when its arguments are JSON, however the answer ended."""

    def __init__(
        self, number: Counter, id: str, index: int, call_id: str, name: str, namespace: str | None
    ) -> None:
        super().__init__(number, id, index)
        self._call_id = call_id
        self._name = name
        self._namespace = namespace

    def _output(self) -> FunctionCall:
        return FunctionCall(
            id=self._id,
            status=self._status,
            call_id=self._call_id,
            name=self._name,
            arguments=self.text,
            namespace=self._namespace,
        )

    def _opening(self) -> Iterator[StreamEvent]:
        yield from ()

    def _growth(self, text: str) -> StreamEvent:
        return wire.ArgumentsAdded(
            sequence_number=self._number(), item_id=self._id, output_index=self._index, delta=text
        )

    def _closing(self) -> Iterator[StreamEvent]:
        yield wire.ArgumentsDone(
            sequence_number=self._number(),
            item_id=self._id,
            output_index=self._index,
            name=self._name,
            arguments=self.text,
        )

    def _final(self, status: ItemStatus) -> ItemStatus:
        try:
            msgspec.json.decode(self.text)
        except (msgspec.DecodeError, RecursionError):
            return "incomplete"
        return "completed"
