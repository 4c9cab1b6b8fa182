"""A flight: one request on its way through an engine, with the events that its reader has yet to take.

A reader that falls behind gets what it missed of one choice's text as one delta, so a slow client
costs the server no more than its text.
"""

from __future__ import annotations

import asyncio
from collections import deque

from mlxkernel.events import Event, Failed, Finished, Progress, Started, TextDelta
from mlxkernel.request import Request


class Flight:
    """Events go in with `put` from the event loop and come out by iteration, up to the last one.

    With `merging` off every delta stays as the engine made it: where thinking is told from text, its
    tokens could not be counted exactly in a delta that holds both.
    """

    def __init__(self, request: Request, merging: bool = True) -> None:
        self.request = request
        self.merging = merging
        self.ended = False
        self._events: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._started = False
        self._spoke = False
        self._resubmitted = False
        self._idle_beats = 0

    def put(self, event: Event) -> None:
        """Add an event. What comes after the end, and a second `Started`, is dropped."""
        if self.ended:
            return
        self._idle_beats = 0
        match event:
            case Started():
                if self._started:
                    return
                self._started = True
            case Finished() | Failed():
                self.ended = True
            case Progress():
                pass
            case _:
                self._spoke = True
        self._events.append(event)
        self._wake()

    def put_if_idle(self, progress: Progress, every: int = 2) -> None:
        """Add a sign of life if nothing came since `every` calls ago and nothing waits to be read."""
        self._idle_beats += 1
        if self._idle_beats >= every and not self._events and not self.ended:
            self._idle_beats = 0
            self._events.append(progress)
            self._wake()

    def resubmit(self) -> bool:
        """Whether the request may run again: it has said nothing, and this is its first crash."""
        if self._spoke or self._resubmitted or self.ended:
            return False
        self._resubmitted = True
        return True

    def end(self) -> None:
        """Stop the iteration without another event."""
        self.ended = True
        self._events.clear()
        self._wake()

    def __aiter__(self) -> Flight:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self.ended:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        event = self._events.popleft()
        if self.merging and isinstance(event, TextDelta) and self._events:
            return self._merged(event)
        return event

    def _merged(self, first: TextDelta) -> TextDelta:
        run = [first]
        while self._events:
            following = self._events[0]
            if not isinstance(following, TextDelta) or following.index != first.index:
                break
            if not following.text:
                # A token that has no text yet belongs to the words after it, which may lie behind a call.
                break
            run.append(following)
            self._events.popleft()
        if len(run) == 1:
            return first
        return TextDelta(
            first.index,
            "".join(delta.text for delta in run),
            sum(delta.tokens for delta in run),
            tuple(logprob for delta in run for logprob in delta.logprobs),
        )

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
