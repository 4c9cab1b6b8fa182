"""minGRU as a language model, in the shape that mlx_lm loads, batches and quantises.

The recurrence is the one of Feng et al., "Were RNNs All We Needed?" (arXiv 2410.01201): gate and
candidate depend on the input alone, so that a prompt is computed by a parallel scan::

    z_t = sigmoid(W_z x_t)      c_t = W_c x_t      h_t = (1 - z_t) h_{t-1} + z_t c_t

Around it stand pre-norm residual blocks with a gated feed-forward layer. The state of a layer is the
last h, whatever the length of the prompt; it is kept in mlx_lm's `ArraysCache`, which knows how to
join, split and extract the rows of a batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import mlx.core as mx
import mlx.nn as nn
from mlx_lm.models.base import BaseModelArgs, create_ssm_mask
from mlx_lm.models.cache import ArraysCache


@dataclass
class ModelArgs(BaseModelArgs):
    """config.json. Sizes are widths; `max_position_embeddings` is the longest text in training, in tokens."""

    model_type: str
    vocab_size: int
    hidden_size: int = 64
    inner_size: int = 96
    intermediate_size: int = 96
    num_hidden_layers: int = 2
    max_position_embeddings: int = 512
    rms_norm_eps: float = 1e-6


def scan(keep: mx.array, add: mx.array) -> tuple[mx.array, mx.array]:
    """All prefixes of ``h = keep_t * h + add_t`` at once, in log2(T) rounds.

    Arrays are [B, T, D]. The state after token t is ``keeps[t] * h_0 + adds[t]``.
    """
    reach = 1
    while reach < keep.shape[1]:
        shift = [(0, 0), (reach, 0), (0, 0)]
        before_keep = mx.pad(keep[:, :-reach], shift, constant_values=1.0)
        before_add = mx.pad(add[:, :-reach], shift)
        keep, add = keep * before_keep, add + keep * before_add
        reach *= 2
    return keep, add


class MinGRU(nn.Module):
    """The recurrent layer."""

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        self.in_proj = nn.Linear(args.hidden_size, 2 * args.inner_size, bias=False)
        self.out_proj = nn.Linear(args.inner_size, args.hidden_size, bias=False)

    def __call__(self, x: mx.array, mask: mx.array | None, cache: ArraysCache | None) -> mx.array:
        """Take x [B, T, hidden] and the state on; `mask` [B, T] is False where a row is only padding."""
        gate, candidate = mx.split(self.in_proj(x), 2, axis=-1)
        gate = mx.sigmoid(gate)
        if mask is not None:
            gate = mx.where(mask[..., None], gate, 0.0)  # a closed gate: padding leaves the state as it is
        keeps, states = scan(1.0 - gate, gate * candidate)
        if cache is not None:
            if cache[0] is not None:
                states = states + keeps * cache[0][:, None]
            cache[0] = states[:, -1]
            cache.advance(x.shape[1])
        return self.out_proj(states)


class FeedForward(nn.Module):
    """A gated feed-forward layer."""

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        self.up_proj = nn.Linear(args.hidden_size, args.intermediate_size, bias=False)
        self.gate_proj = nn.Linear(args.hidden_size, args.intermediate_size, bias=False)
        self.down_proj = nn.Linear(args.intermediate_size, args.hidden_size, bias=False)

    def __call__(self, x: mx.array) -> mx.array:
        """The same shape, each position on its own."""
        return self.down_proj(nn.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    """Recurrence, then feed-forward, each around a residual."""

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        self.mixer_norm = nn.RMSNorm(args.hidden_size, eps=args.rms_norm_eps)
        self.mixer = MinGRU(args)
        self.mlp_norm = nn.RMSNorm(args.hidden_size, eps=args.rms_norm_eps)
        self.mlp = FeedForward(args)

    def __call__(self, x: mx.array, mask: mx.array | None, cache: ArraysCache | None) -> mx.array:
        """The same shape."""
        x = x + self.mixer(self.mixer_norm(x), mask, cache)
        return x + self.mlp(self.mlp_norm(x))


class Model(nn.Module):
    """The language model: tokens [B, T] in, logits [B, T, V] out. The head is the embedding."""

    def __init__(self, args: ModelArgs) -> None:
        super().__init__()
        self.args = args
        self.model_type = args.model_type
        self.embed_tokens = nn.Embedding(args.vocab_size, args.hidden_size)
        self.layers = [Block(args) for _ in range(args.num_hidden_layers)]
        self.norm = nn.RMSNorm(args.hidden_size, eps=args.rms_norm_eps)

    def __call__(self, inputs: mx.array, cache: list[ArraysCache] | None = None) -> mx.array:
        """Logits for every position; with a cache, the text goes on where the cache ends."""
        x = self.embed_tokens(inputs)
        mask = create_ssm_mask(x, cache[0] if cache else None)
        for index, layer in enumerate(self.layers):
            x = layer(x, mask, cache[index] if cache else None)
        logits: mx.array = self.embed_tokens.as_linear(self.norm(x))
        return logits

    def make_cache(self) -> list[ArraysCache]:
        """An empty state: one array a layer."""
        return [ArraysCache(size=1) for _ in self.layers]
