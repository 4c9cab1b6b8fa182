"""Prefill: prompts become states, in pieces that leave time for the rows that decode."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import mlx.core as mx

from mlxkernel.events import TokenLogprob
from mlxkernel_mlx import states
from mlxkernel_mlx.batch import rank, told
from mlxkernel_mlx.choice import Ticket
from mlxkernel_mlx.jobs import WORTH_KEEPING, Prompt
from mlxkernel_mlx.network import Feed, Network, Piece
from mlxkernel_mlx.states import Batch, State, Traits


def scored(ticket: Ticket, prompt: Prompt) -> bool:
    """Whether the prompt's own logprobs are wanted."""
    return prompt.echo is not None and ticket.job.request.logprobs is not None


class Unit:
    """A prompt on its way through prefill. All but its last token are processed here.

    `state` holds the first `done` tokens; `choices` are the numbers of the answers that have yet to start.
    `scores` are the prompt's own logprobs, if they are to be echoed; `reported` is the last `done` told.
    `feed` is there once its turn has come.
    """

    def __init__(self, ticket: Ticket, number: int, prompt: Prompt, state: State, done: int) -> None:
        self.ticket = ticket
        self.number = number
        self.prompt = prompt
        self.state = state
        self.done = done
        self.feed: Feed | None = None
        self.target = len(prompt.tokens) - 1
        self.choices = deque(range(ticket.job.request.n))
        self.scores: list[TokenLogprob] = []
        self.reported = 0

    @property
    def left(self) -> int:
        """Tokens yet to process."""
        return self.target - self.done

    @property
    def scored(self) -> bool:
        """Whether the prompt's logprobs are wanted."""
        return scored(self.ticket, self.prompt)

    @property
    def whole(self) -> bool:
        """Whether it must be processed on its own: for pictures or scores, or to stop at a boundary."""
        stops = any(self.done < mark < self.target for mark in self.prompt.boundaries)
        return self.scored or bool(self.prompt.media) or stops

    @property
    def pending(self) -> bool:
        """Whether something must be done before its first token, such as encoding a picture."""
        return bool(self.prompt.media) if self.feed is None else not self.feed.ready

    def next_piece(self, limit: int) -> Piece:
        """The next tokens to process: `limit` at most, and not beyond a boundary; a solid part at once."""
        assert self.feed is not None
        end = min((mark for mark in self.prompt.boundaries if mark > self.done), default=self.target)
        stop = min(end, self.target, self.done + limit)
        if self.done < self.prompt.solid:
            stop = max(stop, min(self.prompt.solid, self.target))
        return Piece(self.feed, self.done, stop)


class Ready(NamedTuple):
    """Prompts that are processed, and their states: one row each in a batch, or a single plain state."""

    units: tuple[Unit, ...]
    cache: State | Batch
    plain: bool


class Failure(NamedTuple):
    """Prompts whose processing raised."""

    units: tuple[Unit, ...]
    error: Exception


class Pass(NamedTuple):
    """What one step's share of prefill did: prompts that are ready or failed, the one under way, tokens."""

    outcomes: tuple[Ready | Failure, ...]
    under_way: Unit | None
    tokens: int

    def wait(self) -> None:
        """Return when all of it is computed."""
        caches = [outcome.cache for outcome in self.outcomes if isinstance(outcome, Ready)]
        if self.under_way is not None and self.under_way.done:
            caches.append(self.under_way.state)
        mx.eval([states.arrays(cache) for cache in caches])


class Prefill:
    """The prompts that wait or are being processed, first come first served.

    A step's share is bounded in (padded) tokens. Short prompts of plain attention models go together in
    one padded pass; recurrent states, message boundaries and scored prompts go one by one. A prompt of
    more than one share goes piece by piece, taking turns with the short ones behind it.
    """

    def __init__(
        self,
        network: Network,
        traits: Traits,
        keep: Callable[[Unit], None] | None,
        name: Callable[[int], bytes],
    ) -> None:
        self._network = network
        self._traits = traits
        self._keep = keep
        self._name = name
        self._long: Unit | None = None
        self._turn = False
        self.units: deque[Unit] = deque()

    @property
    def busy(self) -> bool:
        """Whether there is a prompt to process."""
        return bool(self.units or self._long)

    @property
    def reserved(self) -> int:
        """Rows that the prompt under way will need."""
        return len(self._long.choices) if self._long is not None else 0

    def forget(self, over: Callable[[Unit], bool]) -> None:
        """Take out the prompts for which this holds."""
        self.units = deque(unit for unit in self.units if not over(unit))
        if self._long is not None and over(self._long):
            self._long = None

    def advance(self, free: int, limit: int) -> Pass:
        """Process at most `limit` tokens of prompts whose answers find room in `free` rows."""
        self._turn = not self._turn
        outcomes: list[Ready | Failure] = []
        share = limit
        while group := self._choose(free, share, limit):
            try:
                if self._advance_feed(group):
                    break
                used, ready = self._process(group, share)
            except (RuntimeError, ValueError, MemoryError) as error:  # MLX's own; other rows are untouched
                self._long = None if self._long in group else self._long
                outcomes.append(Failure(tuple(group), error))
                continue
            share -= used
            if ready is not None:
                outcomes.append(ready)
                free -= sum(len(unit.choices) for unit in group)
        return Pass(tuple(outcomes), self._long, limit - share)

    def _choose(self, free: int, share: int, limit: int) -> list[Unit]:
        """The prompts of the next pass: the long one, or one that goes alone, or short ones together."""
        if self._long is not None and (self._turn or not self.units):
            return [self._long] if share > 0 else []
        free -= self.reserved
        group: list[Unit] = []
        longest = 0
        while self.units and free > 0:
            unit = self.units[0]
            if (unit.left > limit or unit.pending) and not group and share > 0:
                self._long = self._long or self.units.popleft()
                return [self._long]
            longest = max(longest, unit.left)
            if longest * (len(group) + 1) > share:
                break
            alone = not self._traits.paddable or unit.whole
            if alone and group:
                break
            group.append(self.units.popleft())
            free -= len(unit.choices)
            if alone:
                break
        return group

    # --- a pass -----------------------------------------------------------------------------------

    def _advance_feed(self, group: list[Unit]) -> bool:
        """Open the ways in. True if a picture had to be encoded, which is all that a step does of prefill."""
        for unit in group:
            if unit.feed is None:
                tenant = unit.ticket.job.request.principal
                unit.feed = self._network.feed(unit.prompt, unit.done, tenant)
        feed = group[0].feed
        if feed is None or feed.ready:
            return False
        feed.advance()
        return True

    def _process(self, group: list[Unit], share: int) -> tuple[int, Ready | None]:
        if len(group) == 1:
            return self._process_alone(group[0], share)
        batch = states.merge([unit.state for unit in group])
        rests = [Piece(unit.feed, unit.done, unit.target) for unit in group if unit.feed is not None]
        longest = max(unit.left for unit in group)
        if longest:
            self._network.prefill(batch, rests)
            mx.async_eval(states.arrays(batch))
        for place, unit in enumerate(group):
            unit.done = unit.target
            if self._keep is not None and self._worth_keeping(unit):
                unit.state = states.extract(batch, place)
                self._keep(unit)
            unit.state = []
        return longest * len(group), Ready(tuple(group), batch, plain=False)

    def _process_alone(self, unit: Unit, share: int) -> tuple[int, Ready | None]:
        used = 0
        # The piece before must be done: else all of a long prompt would be queued, and a cancel wait for it.
        if unit.done:
            mx.eval(states.arrays(unit.state))
        while used < share and unit.left:
            piece = unit.next_piece(share - used)
            count = piece.stop - piece.start
            logits = self._network.prefill(unit.state, [piece])
            if unit.scored:
                self._score(unit, logits[0], count)
            mx.async_eval(states.arrays(unit.state))
            unit.done += count
            used += count
            if self._keep is not None and self._worth_keeping(unit):
                self._keep(unit)
        if unit.left:
            self._long = unit
            return used, None
        self._long = None if self._long is unit else self._long
        return used, Ready((unit,), unit.state, plain=True)

    def _score(self, unit: Unit, logits: mx.array, count: int) -> None:
        following = unit.prompt.tokens[unit.done + 1 : unit.done + 1 + count]
        ranked = rank(logits, mx.array(following), unit.ticket.job.request.logprobs or 0)
        unit.scores.extend(told(following, *ranked, self._name))

    def _worth_keeping(self, unit: Unit) -> bool:
        if self._traits.trimmable and unit.done < WORTH_KEEPING:
            return False
        return unit.done == unit.target or unit.done in unit.prompt.boundaries


def unpredicted(token: int, piece: bytes) -> TokenLogprob:
    """The entry of a prompt's first token, which nothing predicts: its ln p is NaN."""
    return TokenLogprob(token, piece, math.nan)
