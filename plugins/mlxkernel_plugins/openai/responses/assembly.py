"""From the events of a run to the items of a response, and to the events that tell of them.

Thoughts, words and calls become items in the order in which they begin. Thoughts and words end where
something else begins, calls where the model ends them; whatever is open ends with the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from mlxkernel import events, fold
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.messages import Reasoning, Text, ToolCall
from mlxkernel.request import Request
from mlxkernel_plugins.openai.responses import events as wire
from mlxkernel_plugins.openai.responses import pieces, ticket
from mlxkernel_plugins.openai.responses.events import StreamEvent
from mlxkernel_plugins.openai.responses.objects import (
    IncompleteDetails,
    ItemStatus,
    Response,
    ResponseError,
    Usage,
    usage,
)

CANCELLED = "cancelled"
"""The code of the fault that ends a run which its client cancelled."""

_ERROR_CODES = {FaultKind.RATE_LIMITED: "rate_limit_exceeded", FaultKind.INVALID: "invalid_prompt"}


class Assembly:
    """One response in the making. `clock` gives the time in seconds since the epoch."""

    def __init__(self, request: Request, clock: Callable[[], float]) -> None:
        self.request = request
        self.ended = False
        self.number = pieces.Counter()
        self._ticket = ticket.of(request)
        self._clock = clock
        self._response = self._ticket.response(request.model, "in_progress")
        self.began = False
        self._items: list[pieces.Piece] = []
        self._current: pieces.Words | pieces.Thought | None = None
        self._calls: dict[int, pieces.Call] = {}
        self._held: tuple[events.TokenLogprob, ...] = ()
        self._reason = events.FinishReason.STOP

    @property
    def response(self) -> Response:
        """The response as it stands."""
        return replace(self._response, output=[item.output for item in self._items])

    def feed(self, event: events.Event) -> Iterator[StreamEvent]:
        """What the stream says of this event."""
        match event:
            case events.Started():
                self.began = True
                yield wire.Created(sequence_number=self.number(), response=self.response)
                yield wire.InProgress(sequence_number=self.number(), response=self.response)
            case events.TextDelta(text=text, logprobs=logprobs):
                self._held = (*self._held, *logprobs)
                if text:
                    yield from self._say(text)
            case events.ReasoningDelta(text=text):
                if text:
                    yield from self._think(text)
            case events.ToolCallStarted(call=call):
                yield from self._end_current("completed")
                yield from self._begin_call(call, event.id, event.name)
            case events.ToolCallDelta(call=call, arguments=arguments):
                if arguments:
                    yield self._calls[call].add(arguments)
            case events.ToolCallEnded(call=call):
                yield from self._calls[call].end("completed")
            case events.ChoiceFinished(reason=reason):
                self._reason = reason
                yield from self._end_all(
                    "incomplete" if reason is events.FinishReason.LENGTH else "completed"
                )
            case events.Finished(usage=counted):
                yield self._finished(usage(counted))
            case events.Failed(fault=fault):
                yield from self._end_all("incomplete")
                yield self._failed(fault)
            case events.Progress() | events.Rendered() | events.Embedding():
                pass
            case _:  # a kind that only a newer kernel knows
                pass

    def replay(self, answer: fold.Answer) -> Response:
        """The response of a whole answer: what its stream would have ended with."""
        told: list[events.Event] = [events.Started(answer.usage.prompt_tokens)]
        for choice in answer.choices:
            told.extend(_retold(choice))
        told.append(events.Finished(answer.usage))
        for event in told:
            for _ in self.feed(event):
                pass
        return self.response

    # --- items ------------------------------------------------------------------------------------

    def _say(self, text: str) -> Iterator[StreamEvent]:
        words = self._current
        if not isinstance(words, pieces.Words):
            yield from self._end_current("completed")
            words = pieces.Words(self.number, *self._place("msg"))
            yield from self._begin(words)
        words.attach(self._take_held())
        yield words.add(text)

    def _think(self, text: str) -> Iterator[StreamEvent]:
        thought = self._current
        if not isinstance(thought, pieces.Thought):
            yield from self._end_current("completed")
            kind = pieces.Summary if self._ticket.summarised else pieces.Thought
            thought = kind(self.number, *self._place("rs"), self._ticket.sealed)
            yield from self._begin(thought)
        yield thought.add(text)

    def _begin(self, item: pieces.Words | pieces.Thought) -> Iterator[StreamEvent]:
        self._items.append(item)
        self._current = item
        return item.begin()

    def _begin_call(self, number: int, id: str, name: str) -> Iterator[StreamEvent]:
        called = self._ticket.names.get(name)
        place = self._place("fc")
        if called is None:
            call = pieces.Call(self.number, *place, id, name, None)
        else:
            call = pieces.Call(self.number, *place, id, called.name, called.namespace)
        self._items.append(call)
        self._calls[number] = call
        return call.begin()

    def _place(self, kind: str) -> tuple[str, int]:
        return self._ticket.item_id(kind, len(self._items)), len(self._items)

    def _end_current(self, status: ItemStatus) -> Iterator[StreamEvent]:
        if self._current is not None:
            yield from self._current.end(status)
            self._current = None

    def _end_all(self, status: ItemStatus) -> Iterator[StreamEvent]:
        if isinstance(self._current, pieces.Words):
            self._current.attach(self._take_held())
        yield from self._end_current(status)
        for call in self._calls.values():
            yield from call.end(status)

    def _take_held(self) -> tuple[events.TokenLogprob, ...]:
        held, self._held = self._held, ()
        return held if self.request.logprobs is not None else ()

    # --- the end ----------------------------------------------------------------------------------

    def _finished(self, counted: Usage) -> StreamEvent:
        self.ended = True
        if self._reason is events.FinishReason.LENGTH:
            details = IncompleteDetails("max_output_tokens")
            self._response = replace(
                self._response, status="incomplete", incomplete_details=details, usage=counted
            )
            return wire.Incomplete(sequence_number=self.number(), response=self.response)
        now = int(self._clock())
        self._response = replace(self._response, status="completed", completed_at=now, usage=counted)
        return wire.Completed(sequence_number=self.number(), response=self.response)

    def _failed(self, fault: Fault) -> StreamEvent:
        self.ended = True
        if fault.code == CANCELLED:
            self._response = replace(self._response, status="cancelled")
            return wire.Incomplete(sequence_number=self.number(), response=self.response)
        error = ResponseError(_ERROR_CODES.get(fault.kind, "server_error"), fault.message)
        self._response = replace(self._response, status="failed", error=error)
        if self.began:
            return wire.Failed(sequence_number=self.number(), response=self.response)
        return wire.Error(
            sequence_number=self.number(), code=fault.code, message=fault.message, param=fault.param
        )


def _retold(choice: fold.Choice) -> Iterator[events.Event]:
    calls = 0
    for section in choice.sections:
        match section.part:
            case Text(text=text):
                yield events.TextDelta(0, text, logprobs=section.logprobs)
            case Reasoning(text=text):
                yield events.ReasoningDelta(0, text)
            case ToolCall():
                yield events.ToolCallStarted(0, calls, section.part.id, section.part.name)
                yield events.ToolCallDelta(0, calls, section.part.arguments)
                yield events.ToolCallEnded(0, calls)
                calls += 1
    yield events.ChoiceFinished(0, choice.reason, choice.stop)
