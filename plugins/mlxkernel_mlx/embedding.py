"""Embedding: prompts become vectors, a bounded piece per step, beside the rows that decode."""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import mlx.core as mx
from msgspec import Struct

from mlxkernel.api import ModelSpec
from mlxkernel.errors import MlxKernelError
from mlxkernel.events import Embedding, Finished, Started, StepOutput, Usage
from mlxkernel.request import Embed, Request
from mlxkernel_mlx import states
from mlxkernel_mlx.network import Network
from mlxkernel_mlx.states import State


class Pooling(Enum):
    """How the states of a text's tokens become one vector."""

    MEAN = "mean"
    LAST = "last"
    FIRST = "first"


class Dense(NamedTuple):
    """A layer after the pooling: weight [out, in], bias [out] or None, and its activation."""

    weight: mx.array
    bias: mx.array | None
    activation: Callable[[mx.array], mx.array]


class Head(NamedTuple):
    """What makes a text's vector from the states of its tokens, before it is scaled to length 1."""

    pooling: Pooling
    layers: tuple[Dense, ...] = ()

    def apply(self, pooled: mx.array) -> mx.array:
        """The vectors [B, D] of these pooled states [B, H], in 32 bits."""
        vectors = pooled.astype(mx.float32)
        for layer in self.layers:
            vectors = vectors @ layer.weight.T
            vectors = layer.activation(vectors if layer.bias is None else vectors + layer.bias)
        return vectors


class EmbedJob(Struct, frozen=True):
    """A request for vectors, one per prompt of token ids."""

    request: Request
    prompts: tuple[tuple[int, ...], ...]

    @property
    def dimensions(self) -> int | None:
        """The components that are wanted of each vector; None: all."""
        task = self.request.task
        return task.dimensions if isinstance(task, Embed) else None


_POOLINGS = {
    "pooling_mode_mean_tokens": Pooling.MEAN,
    "pooling_mode_lasttoken": Pooling.LAST,
    "pooling_mode_cls_token": Pooling.FIRST,
}

_ACTIVATIONS: dict[str, Callable[[mx.array], mx.array]] = {
    "Identity": lambda vectors: vectors,
    "Tanh": mx.tanh,
    "ReLU": lambda vectors: mx.maximum(vectors, 0),
}


def read_head(spec: ModelSpec, folder: Path) -> Head:
    """The head that the model's folder describes, in the layout of the library sentence-transformers.

    ``modules.json`` lists the folders of a pooling and of dense layers. Raises `MlxKernelError` for a
    pooling or an activation that is not known.
    """
    modules = _json(folder / "modules.json") or []
    kinds = [(str(module.get("type", "")).split(".")[-1], module.get("path", "")) for module in modules]
    chosen = None if spec.pooling == "auto" else Pooling(spec.pooling)
    layers: list[Dense] = []
    for kind, path in kinds:
        match kind:
            case "Pooling" if chosen is None:
                chosen = _pooling(spec, _json(folder / path / "config.json") or {})
            case "Dense":
                layers.append(_dense(spec, folder / path))
    return Head(chosen or Pooling.MEAN, tuple(layers))


def _pooling(spec: ModelSpec, table: dict[str, Any]) -> Pooling:
    wished = [name for name, value in table.items() if name.startswith("pooling_mode_") and value is True]
    if len(wished) != 1 or wished[0] not in _POOLINGS:
        raise MlxKernelError(
            f"model '{spec.name}': its pooling ({', '.join(wished) or 'none'}) is not known here; "
            f'write pooling = "mean", "last" or "first" under [models.{spec.name}]'
        )
    return _POOLINGS[wished[0]]


def _dense(spec: ModelSpec, folder: Path) -> Dense:
    name = str((_json(folder / "config.json") or {}).get("activation_function", "Tanh")).split(".")[-1]
    if name not in _ACTIVATIONS:
        known = ", ".join(_ACTIVATIONS)
        raise MlxKernelError(
            f"model '{spec.name}': the activation '{name}' of {folder.name} is not known here "
            f"(known: {known})"
        )
    weights = mx.load(str(folder / "model.safetensors"))
    assert isinstance(weights, dict)
    weight = weights["linear.weight"].astype(mx.float32)
    bias = weights.get("linear.bias")
    return Dense(weight, None if bias is None else bias.astype(mx.float32), _ACTIVATIONS[name])


def _json(file: Path) -> Any:
    """What the file holds, None if there is none."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


class _Order:
    """A job under way: the numbers of the prompts that are left."""

    def __init__(self, job: EmbedJob) -> None:
        self.job = job
        self.left = deque(range(len(job.prompts)))
        self.started = False


class _Long:
    """A prompt of more than one piece: its state after `done` tokens, and what is pooled so far [1, H]."""

    def __init__(self, number: int, state: State) -> None:
        self.number = number
        self.state = state
        self.done = 0
        self.pooled: mx.array | None = None


class Embedder:
    """The requests for vectors, first come first served. The engine thread owns it."""

    def __init__(self, network: Network, head: Head) -> None:
        self._network: Network | None = network
        self._head = head
        self._orders: deque[_Order] = deque()
        self._long: _Long | None = None

    @property
    def ids(self) -> list[str]:
        """The requests that wait or are under way."""
        return [order.job.request.id for order in self._orders]

    def add(self, job: EmbedJob) -> None:
        """Queue a job."""
        self._orders.append(_Order(job))

    def forget(self, request_id: str) -> None:
        """Drop a job; unknown ids are ignored."""
        if self._orders and self._orders[0].job.request.id == request_id:
            self._long = None
        self._orders = deque(order for order in self._orders if order.job.request.id != request_id)

    def close(self) -> None:
        """Let go of the model and of all jobs."""
        self._orders.clear()
        self._long = self._network = None

    def step(self, limit: int) -> list[StepOutput]:
        """Process about `limit` (padded) tokens of the first job's prompts; its events."""
        if not self._orders or self._network is None:
            return []
        network = self._network
        order = self._orders[0]
        job, out = order.job, list[StepOutput]()
        prompt_tokens = sum(map(len, job.prompts))
        if not order.started:
            order.started = True
            out.append(StepOutput(job.request.id, Started(prompt_tokens)))
        if self._long is not None or len(job.prompts[order.left[0]]) > limit:
            numbers, pooled = self._advance(network, order, limit)
        else:
            numbers, pooled = self._group(network, order, limit)
        if pooled is not None:
            vectors = _unit(self._head.apply(pooled), job.dimensions)
            for number, vector in zip(numbers, vectors, strict=True):
                out.append(StepOutput(job.request.id, Embedding(number, vector)))
        if not order.left:
            self._orders.popleft()
            out.append(StepOutput(job.request.id, Finished(Usage(prompt_tokens=prompt_tokens))))
        return out

    def _group(self, network: Network, order: _Order, limit: int) -> tuple[Sequence[int], mx.array]:
        """Short prompts in one pass. Padding on the right is behind what a causal model looks at."""
        prompts, numbers, longest = order.job.prompts, list[int](), 0
        while order.left:
            longest = max(longest, len(prompts[order.left[0]]))
            if numbers and longest * (len(numbers) + 1) > limit:
                break
            numbers.append(order.left.popleft())
        rows = [prompts[number] for number in numbers]
        longest = max(map(len, rows))
        padded = mx.array([[*row, *[0] * (longest - len(row))] for row in rows])
        seen = network.hidden(padded)
        lengths = mx.array([len(row) for row in rows])[:, None]
        match self._head.pooling:
            case Pooling.FIRST:
                return numbers, seen[:, 0]
            case Pooling.LAST:
                return numbers, mx.take_along_axis(seen, lengths[:, :, None] - 1, axis=1)[:, 0]
            case Pooling.MEAN:
                real = mx.arange(longest)[None] < lengths
                return numbers, mx.where(real[:, :, None], seen, 0).astype(mx.float32).sum(axis=1) / lengths

    def _advance(self, network: Network, order: _Order, limit: int) -> tuple[Sequence[int], mx.array | None]:
        """A piece of a prompt that is longer than a step's share."""
        long = self._long = self._long or _Long(order.left[0], network.fresh())
        tokens = order.job.prompts[long.number]
        piece = tokens[long.done : long.done + limit]
        seen = network.hidden(mx.array([piece]), long.state)
        first, long.done = long.done == 0, long.done + len(piece)
        match self._head.pooling:
            case Pooling.FIRST:
                long.pooled = seen[:, 0] if first else long.pooled
            case Pooling.LAST:
                long.pooled = seen[:, -1]
            case Pooling.MEAN:
                sums = seen.astype(mx.float32).sum(axis=1) / len(tokens)
                long.pooled = sums if long.pooled is None else long.pooled + sums
        if long.done < len(tokens):
            mx.eval(long.pooled, states.arrays(long.state))
            return (), None
        self._long = None
        order.left.popleft()
        return (long.number,), long.pooled


def embedding_width(network: Network, head: Head) -> int | None:
    """How many components this model's vectors have; None when its architecture gives none."""
    try:
        seen = network.hidden(mx.array([[0]]))
    except LookupError:
        return None
    return int(head.apply(seen[:, 0]).shape[-1])


def _unit(vectors: mx.array, dimensions: int | None) -> list[bytes]:
    """The rows as bytes of 32-bit little-endian floats, cut to `dimensions` and scaled to length 1."""
    cut = vectors[:, :dimensions]
    lengths = mx.maximum(mx.linalg.norm(cut, axis=1, keepdims=True), 1e-12)
    rows: list[list[float]] = (cut / lengths).tolist()  # type: ignore[assignment]
    return [struct.pack(f"<{len(row)}f", *row) for row in rows]
