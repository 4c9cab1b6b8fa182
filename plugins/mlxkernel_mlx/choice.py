"""Choices: one answer's tokens become its events; and the request that all its choices belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Finished,
    FinishReason,
    StepOutput,
    TextDelta,
    TokenLogprob,
    Usage,
)
from mlxkernel_mlx.detokenizer import Detokenizer
from mlxkernel_mlx.jobs import TextJob
from mlxkernel_mlx.stops import StopMatcher


class Ticket:
    """A request in the engine: what it still waits for and what it has used.

    `cached` and `started` are set when the request is admitted to prefill. Completion tokens are all
    that were drawn for the answers, those that ended an answer included.
    """

    def __init__(self, job: TextJob) -> None:
        self.job = job
        self.id = job.request.id
        self.open = len(job.prompts) * job.request.n
        self.prompt_tokens = sum(len(prompt.tokens) for prompt in job.prompts)
        self.cached = 0
        self.started = False
        self.completion_tokens = 0
        self.over = False
        """Cancelled, failed or finished: its rows are to be dropped."""

    def close_choice(self) -> list[StepOutput]:
        """One choice is complete; with the last one the request is."""
        self.open -= 1
        if self.open:
            return []
        self.over = True
        usage = Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cached_tokens=self.cached,
        )
        return [StepOutput(self.id, Finished(usage))]


class Choice:
    """One answer. `accept` takes its tokens in order and appends what may be shown.

    A delta's `tokens` and logprobs are those whose text begins in it. The token that ended the answer,
    and tokens that lie wholly in what a stop string cut off, are in no delta; usage counts them.
    """

    def __init__(
        self,
        ticket: Ticket,
        index: int,
        max_tokens: int,
        detokenizer: Detokenizer,
        piece: Callable[[int], bytes],
    ) -> None:
        self.ticket = ticket
        self.index = index
        self.tokens: list[int] = []
        self.finished = False
        self._limit = max_tokens
        self._ends = ticket.job.ends
        self._silent = ticket.job.silent
        self._least = ticket.job.request.min_tokens
        self._detokenizer = detokenizer
        self._piece = piece
        stops = ticket.job.request.stop
        self._matcher = StopMatcher(stops) if stops else None
        self._length = 0
        self._carried: list[tuple[int, TokenLogprob | None]] = []

    def begin(
        self, echo: str | None, logprobs: Sequence[TokenLogprob], tokens: int, out: list[StepOutput]
    ) -> None:
        """Before the first token: the echoed prompt, and the end if no token is wanted."""
        if echo is not None:
            self._send(TextDelta(self.index, echo, tokens, tuple(logprobs)), out)
        if self._limit == 0:
            self._finish(FinishReason.LENGTH, None, out)

    def accept(self, token: int, logprob: TokenLogprob | None, out: list[StepOutput]) -> None:
        """One more token."""
        self.tokens.append(token)
        self.ticket.completion_tokens += 1
        count = len(self.tokens)
        if token in self._ends and count > self._least:
            self._end(token, out)
            return
        text = "" if token in self._silent else self._detokenizer.push(token)
        if self._matcher is None and text and not self._carried:
            self._length += len(text)
            logprobs = () if logprob is None else (logprob,)
            out.append(StepOutput(self.ticket.id, TextDelta(self.index, text, 1, logprobs)))
        else:
            self._carried.append((self._length, logprob))
            if self._show(text, count, out):
                return
        if count >= self._limit:
            self._finish(FinishReason.LENGTH, None, out)

    def _end(self, token: int, out: list[StepOutput]) -> None:
        named = token in self.ticket.job.request.stop_token_ids
        text = self._piece(token).decode("utf-8", "replace") if named else None
        self._finish(FinishReason.STOP, text, out)

    def _show(self, text: str, count: int, out: list[StepOutput]) -> bool:
        """Send what may be shown of this text. True if a stop string ended the answer."""
        self._length += len(text)
        if self._matcher is None:
            self._delta(text, self._length, out)
            return False
        if count < self._least:
            self._delta(self._matcher.pass_by(text), self._length, out)
            return False
        shown, match = self._matcher.feed(text)
        if match is None:
            self._delta(shown, self._matcher.released, out)
            return False
        self._carried = [carried for carried in self._carried if carried[0] < match.start]
        self._length = match.start
        self._close(shown, FinishReason.STOP, match.stop, out)
        return True

    def _delta(self, text: str, shown: int, out: list[StepOutput]) -> None:
        if not text:
            return
        ready = [carried for carried in self._carried if carried[0] < shown]
        del self._carried[: len(ready)]
        self._send_delta(text, ready, out)

    def _finish(self, reason: FinishReason, stop: str | None, out: list[StepOutput]) -> None:
        """The end, unless what was held back holds a stop string."""
        text = self._detokenizer.flush()
        if self._matcher is None:
            self._close(text, reason, stop, out)
        elif not (text and self._show(text, len(self.tokens), out)):
            self._close(self._matcher.flush(), reason, stop, out)

    def _close(self, text: str, reason: FinishReason, stop: str | None, out: list[StepOutput]) -> None:
        if text or self._carried:
            self._send_delta(text, self._carried, out)
        self._carried = []
        self.finished = True
        self._send(ChoiceFinished(self.index, reason, stop), out)
        out.extend(self.ticket.close_choice())

    def _send_delta(
        self, text: str, covered: Sequence[tuple[int, TokenLogprob | None]], out: list[StepOutput]
    ) -> None:
        logprobs = tuple(logprob for _, logprob in covered if logprob is not None)
        self._send(TextDelta(self.index, text, len(covered), logprobs), out)

    def _send(self, event: Event, out: list[StepOutput]) -> None:
        out.append(StepOutput(self.ticket.id, event))
