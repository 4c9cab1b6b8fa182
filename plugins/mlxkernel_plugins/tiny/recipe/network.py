"""The network of Qwen3 in PyTorch, with the weights named as Hugging Face names them, so that they save as
they are.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_BLOCK = 256


@dataclass(frozen=True)
class Shape:
    """The sizes of the network."""

    vocab: int = 2048
    hidden: int = 160
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    intermediate: int = 384
    theta: float = 10_000.0
    eps: float = 1e-6

    def config(self, end: int, pad: int, context: int) -> dict[str, Any]:
        """Return the content of config.json; `end` and `pad` are token numbers."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "vocab_size": self.vocab,
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "intermediate_size": self.intermediate,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "rms_norm_eps": self.eps,
            "rope_theta": self.theta,
            "rope_scaling": None,
            "use_sliding_window": False,
            "tie_word_embeddings": True,
            "max_position_embeddings": context,
            "initializer_range": 0.02,
            "bos_token_id": None,
            "eos_token_id": end,
            "pad_token_id": pad,
            "torch_dtype": "float16",
        }


class Norm(nn.Module):
    """Root-mean-square normalisation with one weight a channel."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` normalised over its last axis."""
        return functional.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return `x` (batch, length, heads, head_dim) turned by its positions, halves paired as in Qwen3."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def runs(document: Tensor) -> list[int]:
    """Return the lengths of the conversations of a batch, one row after the other."""
    starts = torch.ones_like(document, dtype=torch.bool)
    starts[:, 1:] = document[:, 1:] != document[:, :-1]
    edges = [*starts.flatten().nonzero().flatten().tolist(), document.numel()]
    return [end - start for start, end in pairwise(edges)]


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return causal attention within one conversation, all of the shape (heads, length, head_dim).

    In blocks of queries, which leave out most of what lies ahead. PyTorch's own kernel takes up to twice as
    long on the CPU with heads of 32 (PyTorch 2.13).
    """
    heads, length, size = q.shape
    taken = []
    for start in range(0, length, _BLOCK):
        end = min(start + _BLOCK, length)
        unseen = q.new_full((end - start, end), float("-inf")).triu(start + 1).expand(heads, -1, -1)
        scores = torch.baddbmm(unseen, q[:, start:end], k[:, :end].transpose(1, 2), alpha=size**-0.5)
        taken.append(torch.bmm(scores.softmax(-1), v[:, :end]))
    return torch.cat(taken, dim=1)


class Attention(nn.Module):
    """Grouped-query attention with normalised queries and keys."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.q_proj = nn.Linear(shape.hidden, shape.heads * shape.head_dim, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.kv_heads * shape.head_dim, bias=False)
        self.o_proj = nn.Linear(shape.heads * shape.head_dim, shape.hidden, bias=False)
        self.q_norm = Norm(shape.head_dim, shape.eps)
        self.k_norm = Norm(shape.head_dim, shape.eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: list[int]) -> Tensor:
        """Return what each token takes from the earlier ones of its conversation.

        Attention over each conversation by itself costs a fraction of attention over whole rows with a mask.
        """
        rows, length, _ = x.shape
        q = self.q_proj(x).view(rows, length, self.shape.heads, self.shape.head_dim)
        k = self.k_proj(x).view(rows, length, self.shape.kv_heads, self.shape.head_dim)
        v = self.v_proj(x).view(rows * length, self.shape.kv_heads, self.shape.head_dim)
        q = rotated(self.q_norm(q), cos, sin).flatten(0, 1)
        k = rotated(self.k_norm(k), cos, sin).flatten(0, 1)
        groups = self.shape.heads // self.shape.kv_heads
        k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
        parts = zip(q.split(lengths), k.split(lengths), v.split(lengths), strict=True)
        seen = torch.cat(
            [attended(*(part.transpose(0, 1) for part in talk)).transpose(0, 1) for talk in parts]
        )
        out: Tensor = self.o_proj(seen.view(rows, length, -1))
        return out


class Mlp(nn.Module):
    """The gated feed-forward layer (SwiGLU)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.intermediate, bias=False)
        self.down_proj = nn.Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for `x`."""
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """One block: attention, then the feed-forward layer, each added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = Mlp(shape)
        self.input_layernorm = Norm(shape.hidden, shape.eps)
        self.post_attention_layernorm = Norm(shape.hidden, shape.eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, lengths: list[int]) -> Tensor:
        """Return the block's output for `x`."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, lengths)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Body(nn.Module):
    """Everything under the prefix `model.` in the weights."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden, shape.eps)


class Network(nn.Module):
    """The whole model; the embedding is the output layer too."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Body(shape)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                narrow = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(
                    weight,
                    std=0.02 if "embed" in name else (weight.shape[1] ** -0.5) * (0.5 if narrow else 1.0),
                )

    def _angles(self, length: int) -> tuple[Tensor, Tensor]:
        half = self.shape.head_dim // 2
        turns = self.shape.theta ** (-torch.arange(half) / half)
        angles = torch.outer(torch.arange(length), turns)
        return angles.cos(), angles.sin()

    def forward(self, ids: Tensor, document: Tensor, learnt: Tensor) -> Tensor:
        """Return the logits (n, vocab) of the `n` places where `learnt` is true.

        `document` numbers the conversations of a row: a token sees the earlier ones of its own only.
        """
        cos, sin = (angles[:, None] for angles in self._angles(ids.shape[1]))
        lengths = runs(document)
        x = self.model.embed_tokens(ids)
        if torch.is_autocast_enabled("cpu"):
            x, cos, sin = (t.to(torch.bfloat16) for t in (x, cos, sin))
        for layer in self.model.layers:
            x = layer(x, cos, sin, lengths)
        return functional.linear(self.model.norm(x[learnt]), self.model.embed_tokens.weight)
