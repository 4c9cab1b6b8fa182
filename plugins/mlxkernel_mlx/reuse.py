"""Reuse: the states of earlier prompts and answers, kept by the cache strategy that a spec names."""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx

from mlxkernel.api import CacheFactory, CacheHit, CacheKey, CacheStrategy
from mlxkernel_mlx import states
from mlxkernel_mlx.batch import Row
from mlxkernel_mlx.choice import Ticket
from mlxkernel_mlx.jobs import Medium, Prompt
from mlxkernel_mlx.prefill import Unit
from mlxkernel_mlx.states import State


class Reuse:
    """Finds and keeps states, on the engine thread.

    A state lies under the pictures that it holds, so a prompt finds it with all of its own pictures or with
    the first few, and never with another picture in their place. `model` tells the weights from any others.
    """

    def __init__(self, factory: CacheFactory, budget: int, model: str) -> None:
        self._factory = factory
        self._budget = budget
        self._model = model
        self._cache: CacheStrategy = factory.create(budget)

    @property
    def nbytes(self) -> int:
        """Bytes of what is kept."""
        return self._cache.stats().bytes

    def clear(self) -> None:
        """Let go of everything, in order."""
        self._cache.trim(0)

    def renew(self) -> None:
        """Let go of everything, whatever it is in: states may hang on a step that failed."""
        self._cache = self._factory.create(self._budget)

    def find(self, ticket: Ticket, prompt: Prompt) -> CacheHit | None:
        """The longest kept state, with all of the prompt's pictures or from before some of them."""
        best: CacheHit | None = None
        for count in range(len(prompt.media), -1, -1):
            rest = prompt.media[count:]
            tokens = prompt.tokens[: rest[0].start + 1] if rest else prompt.tokens
            hit = self._cache.lookup(self._key(ticket, prompt.media[:count]), tokens)
            if hit is not None and (best is None or hit.length > best.length):
                best = hit
            if best is not None and count and best.length > prompt.media[count - 1].start:
                break
        return best if best is not None and best.length >= prompt.solid else None

    def keep_prompt(self, unit: Unit) -> None:
        """Keep the state of what is done of a prompt."""
        media = [medium for medium in unit.prompt.media if medium.start < unit.done]
        key = self._key(unit.ticket, media)
        self._cache.store(key, unit.prompt.tokens[: unit.done], unit.state, True)

    def keep_answer(self, row: Row, state: State) -> None:
        """Keep the state of a prompt with its answer."""
        mx.async_eval(states.arrays(state))
        tokens = (*row.prompt.tokens, *row.choice.tokens)
        self._cache.store(self._key(row.choice.ticket, row.prompt.media), tokens, state, True)

    def _key(self, ticket: Ticket, media: Sequence[Medium]) -> CacheKey:
        digests = tuple(medium.digest for medium in media)
        return CacheKey(model=self._model, tenant=ticket.job.request.principal, media=digests)
