"""Network: a language model as the batch sees it. This is what an engine plugin brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import mlx.core as mx

from mlxkernel_mlx import states
from mlxkernel_mlx.jobs import Prompt
from mlxkernel_mlx.states import Batch, State, Traits

_ROUNDING = 0.05
"""Of the logits' range: far above what half precision makes of another order of sums."""


class Feed(Protocol):
    """A prompt on its way into a network: made when its turn comes, used by the engine thread only."""

    @property
    def tokens(self) -> Sequence[int]:
        """The prompt's token ids."""

    @property
    def shift(self) -> int:
        """What is added to the place of a token after the prompt to give its position.

        Not 0 where a picture takes more tokens than positions (multimodal rotary positions). Known once
        the feed is ready.
        """

    @property
    def ready(self) -> bool:
        """Whether the prompt may be processed."""

    def advance(self) -> None:
        """Do one bounded piece of what must come before: encode a picture. Called until it is ready."""


class PlainFeed(NamedTuple):
    """The feed of a prompt that a network takes in as its token ids."""

    tokens: Sequence[int]
    shift: int = 0
    ready: bool = True

    def advance(self) -> None:
        """Nothing comes before."""


class Piece(NamedTuple):
    """Part of a prompt: its tokens from `start` to before `stop`."""

    feed: Feed
    start: int
    stop: int

    @property
    def tokens(self) -> list[int]:
        """The tokens of this part."""
        return list(self.feed.tokens[self.start : self.stop])


class Network(Protocol):
    """The model's operations, on the engine thread. What they return is not yet computed."""

    @property
    def traits(self) -> Traits:
        """What its states allow."""

    def fresh(self) -> State:
        """An empty state."""

    def feed(self, prompt: Prompt, done: int, tenant: str) -> Feed:
        """A way in for the prompt of a tenant, of which `done` tokens are in a state already."""

    def prefill(self, cache: State | Batch, pieces: Sequence[Piece]) -> mx.array:
        """Process one piece per row; returns the logits [B, L, V]. Shorter pieces are padded on the right.

        Several rows at once are asked for only where `traits.paddable` holds and the prompts have no media.
        """

    def step(self, cache: State | Batch, tokens: mx.array, positions: Sequence[int]) -> mx.array:
        """Process one token [B] per row, each at its position; returns the logits [B, V]."""

    def hidden(self, tokens: mx.array, cache: State | None = None) -> mx.array:
        """The last layer's states [B, L, H] of these tokens [B, L], after the final norm.

        Raises `LookupError` for an architecture whose layers cannot be run without its head.
        """


def whole(network: Network, tokens: Sequence[int]) -> list[Piece]:
    """These tokens as a prompt of their own, in one piece."""
    return [Piece(network.feed(Prompt(tokens=tuple(tokens), max_tokens=1), 0, ""), 0, len(tokens))]


def rows_agree(network: Network) -> bool:
    """Whether a row's logits beside a longer row are those that it has alone.

    Some architectures take positions from one number for the whole batch (learned positions, as in GPT-2);
    they fail here or give other logits, and must be run one row at a time.
    """
    long, short = network.fresh(), network.fresh()
    network.prefill(long, whole(network, [1, 2, 3, 1, 2, 3]))
    network.prefill(short, whole(network, [3]))
    alone = network.step(states.duplicate(short), mx.array([2]), [1])[0].astype(mx.float32)
    try:
        both = states.merge([long, short])
        beside = network.step(both, mx.array([1, 2]), [6, 1])[1].astype(mx.float32)
        return bool((mx.max(mx.abs(beside - alone)) < _ROUNDING * (mx.max(alone) - mx.min(alone))).item())
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False
