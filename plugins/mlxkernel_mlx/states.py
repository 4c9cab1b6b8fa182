"""States: the layer caches of rows, as the cache classes of mlx_lm and mlx_vlm have them in common.

Two kinds are told apart by name throughout. A *state* is a list of layer caches for one row. A *batch* is
a list of layer caches for several rows, as the classes' ``merge`` gives it. The tests of each engine hold
what is relied on, for every kind of layer cache.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import mlx.core as mx

State: TypeAlias = list[Any]
"""The layer caches of one row."""

Batch: TypeAlias = list[Any]
"""The layer caches of several rows."""


class Traits(NamedTuple):
    """What a model's states allow.

    `batchable`: rows can be merged. `paddable`: rows of different lengths can be prefilled together
    (a recurrent state would take the padding in: not every model masks it). `trimmable`: a state can be
    shortened at any time, so it serves every shorter prefix.
    """

    batchable: bool
    paddable: bool
    trimmable: bool


def traits(state: State, recurrent: type, sliding: type) -> Traits:
    """What states like this one, which must be empty, allow; the classes are those of its library."""
    layers = list(leaves(state))
    batchable = all(hasattr(layer, "merge") for layer in layers)
    return Traits(
        batchable=batchable,
        paddable=batchable and not any(isinstance(layer, recurrent) for layer in layers),
        trimmable=all(layer.is_trimmable() and not isinstance(layer, sliding) for layer in layers),
    )


def leaves(state: Sequence[Any]) -> Iterator[Any]:
    """The caches of a state one by one, also those that a layer keeps several of (``CacheList``)."""
    for layer in state:
        members = getattr(layer, "caches", None)
        if members is None:
            yield layer
        else:
            yield from leaves(members)


def duplicate(state: State) -> State:
    """An independent state with the same content; buffers are shared until one side writes."""
    return copy.deepcopy(state)


def merge(states: Sequence[State]) -> Batch:
    """A batch with one row per state. The states are copied."""
    return [layers[0].merge(list(layers)) for layers in zip(*states, strict=True)]


def extend(batch: Batch, other: Batch) -> None:
    """Append the other batch's rows. `other` must not be used afterwards."""
    for mine, theirs in zip(batch, other, strict=True):
        mine.extend(theirs)


def gather(batch: Batch, rows: Sequence[int]) -> None:
    """Keep these rows, in this order; a row may be named more than once."""
    index = mx.array(list(rows))
    for layer in batch:
        layer.filter(index)


def extract(batch: Batch, row: int) -> State:
    """A copy of one row's state."""
    return [layer.extract(row) for layer in batch]


def arrays(state: State | Batch) -> list[Any]:
    """What `mx.eval` takes to compute this state."""
    return [layer.state for layer in state]


@contextmanager
def padded(batch: State | Batch, lengths: Sequence[int]) -> Iterator[int]:
    """Within it, rows of these lengths are processed padded on the right to the longest, which it gives.

    Afterwards the padding is out of the caches again.
    """
    longest = max(lengths)
    if min(lengths) == longest:
        yield longest
        return
    for layer in batch:
        layer.prepare(lengths=list(lengths), right_padding=[longest - length for length in lengths])
    yield longest
    for layer in batch:
        layer.finalize()
