"""The network of Qwen3-VL in PyTorch, without deepstack and video, with the weights named as Hugging Face
names them.

The language half is the one of `tiny` with positions of three axes (time, row, column; interleaved as
Qwen3-VL does it). The vision half is a transformer over patches of 16 pixels, four of which become one token.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call,no-any-return,unused-ignore"
# PyTorch is installed where training happens and nowhere else, so its types may be missing.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..recipe.network import Body, Shape
from .sizes import CHANNELS, MERGE, PATCH


@dataclass(frozen=True)
class VisionShape:
    """The sizes of the vision half."""

    width: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 512
    side: int = 8
    """The learnt positions are a square of so many patches a side; other grids are interpolated."""
    theta: float = 10_000.0
    eps: float = 1e-6


@dataclass(frozen=True)
class Special:
    """The numbers of the special tokens."""

    end: int
    pad: int
    vision_start: int
    vision_end: int
    image: int
    video: int


def sections(head_dim: int) -> list[int]:
    """Return how many of a head's angles follow the time, row and column: about a third each, time first."""
    half = head_dim // 2
    return [half - 2 * (half // 3), half // 3, half // 3]


def config(language: Shape, vision: VisionShape, special: Special, context: int) -> dict[str, Any]:
    """Return the content of config.json."""
    return {
        "architectures": ["Qwen3VLForConditionalGeneration"],
        "model_type": "qwen3_vl",
        "image_token_id": special.image,
        "video_token_id": special.video,
        "vision_start_token_id": special.vision_start,
        "vision_end_token_id": special.vision_end,
        "eos_token_id": special.end,
        "pad_token_id": special.pad,
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "text_config": {
            "model_type": "qwen3_vl_text",
            "vocab_size": language.vocab,
            "hidden_size": language.hidden,
            "num_hidden_layers": language.layers,
            "intermediate_size": language.intermediate,
            "num_attention_heads": language.heads,
            "num_key_value_heads": language.kv_heads,
            "head_dim": language.head_dim,
            "hidden_act": "silu",
            "attention_bias": False,
            "attention_dropout": 0.0,
            "rms_norm_eps": language.eps,
            "rope_theta": language.theta,
            "rope_scaling": {
                "rope_type": "default",
                "mrope_interleaved": True,
                "mrope_section": sections(language.head_dim),
            },
            "tie_word_embeddings": True,
            "max_position_embeddings": context,
            "eos_token_id": special.end,
            "pad_token_id": special.pad,
        },
        "vision_config": {
            "model_type": "qwen3_vl",
            "depth": vision.layers,
            "hidden_size": vision.width,
            "intermediate_size": vision.intermediate,
            "num_heads": vision.heads,
            "in_channels": CHANNELS,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 1,
            "out_hidden_size": language.hidden,
            "num_position_embeddings": vision.side**2,
            "hidden_act": "gelu_pytorch_tanh",
            "deepstack_visual_indexes": [],
        },
    }


def merged_order(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Return row and column of every patch of a grid, in the order of the processor: cell by cell."""
    cells = torch.cartesian_prod(
        torch.arange(rows // MERGE), torch.arange(columns // MERGE), torch.arange(MERGE), torch.arange(MERGE)
    )
    return cells[:, 0] * MERGE + cells[:, 2], cells[:, 1] * MERGE + cells[:, 3]


class VisionAttention(nn.Module):
    """Attention of all patches of a picture on each other."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.proj = nn.Linear(shape.width, shape.width)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Return what each patch takes from the others, of `x` (pictures, patches, width)."""
        pictures, patches, width = x.shape
        q, k, v = self.qkv(x).view(pictures, patches, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.proj(seen.transpose(1, 2).reshape(pictures, patches, width))
        return out


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return `x` (pictures, heads, patches, head_dim) turned by the patches' places, halves paired."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class VisionMlp(nn.Module):
    """The feed-forward layer of a vision block."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.linear_fc1 = nn.Linear(shape.width, shape.intermediate)
        self.linear_fc2 = nn.Linear(shape.intermediate, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return the layer's output for `x`."""
        out: Tensor = self.linear_fc2(functional.gelu(self.linear_fc1(x), approximate="tanh"))
        return out


class VisionBlock(nn.Module):
    """Attention, then the feed-forward layer, each added to what came in."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(shape.width, shape.eps)
        self.norm2 = nn.LayerNorm(shape.width, shape.eps)
        self.attn = VisionAttention(shape)
        self.mlp = VisionMlp(shape)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Return the block's output for `x`."""
        x = x + self.attn(self.norm1(x), cos, sin, mask)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Merger(nn.Module):
    """Makes one token of the language half from the four patches of a cell."""

    def __init__(self, shape: VisionShape, out: int) -> None:
        super().__init__()
        wide = shape.width * MERGE**2
        self.norm = nn.LayerNorm(shape.width, shape.eps)
        self.linear_fc1 = nn.Linear(wide, wide)
        self.linear_fc2 = nn.Linear(wide, out)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens (pictures, cells, out) of the patches `x` (pictures, 4 * cells, width)."""
        cells = self.norm(x).reshape(x.shape[0], -1, self.linear_fc1.in_features)
        out: Tensor = self.linear_fc2(functional.gelu(self.linear_fc1(cells)))
        return out


class PatchEmbed(nn.Module):
    """The first layer: a patch's pixels to a vector."""

    def __init__(self, shape: VisionShape) -> None:
        super().__init__()
        self.proj = nn.Linear(CHANNELS * PATCH**2, shape.width)


class Tower(nn.Module):
    """Everything under the prefix `model.visual.` in the weights."""

    def __init__(self, shape: VisionShape, out: int) -> None:
        super().__init__()
        self.shape = shape
        self.patch_embed = PatchEmbed(shape)
        self.pos_embed = nn.Embedding(shape.side**2, shape.width)
        self.blocks = nn.ModuleList(VisionBlock(shape) for _ in range(shape.layers))
        self.merger = Merger(shape, out)

    def _positions(self, rows: int, columns: int) -> Tensor:
        """Return the learnt positions (rows * columns, width) of a grid, drawn out of the square by lines."""
        row, column = merged_order(rows, columns)
        top = self.shape.side - 1
        down = torch.linspace(0, top, rows)[row]
        right = torch.linspace(0, top, columns)[column]
        r0, c0 = down.int(), right.int()
        r1, c1 = (r0 + 1).clamp(max=top), (c0 + 1).clamp(max=top)
        dr, dc = (down - r0)[:, None], (right - c0)[:, None]
        at = self.pos_embed.weight
        side = self.shape.side
        return (
            (1 - dr) * (1 - dc) * at[r0 * side + c0]
            + (1 - dr) * dc * at[r0 * side + c1]
            + dr * (1 - dc) * at[r1 * side + c0]
            + dr * dc * at[r1 * side + c1]
        )

    def _angles(self, rows: int, columns: int) -> Tensor:
        """Return the turning angles (rows * columns, head_dim / 2): by row and by column."""
        row, column = merged_order(rows, columns)
        half = self.shape.width // self.shape.heads // 2
        turns = self.shape.theta ** (-torch.arange(0, half, 2) / half)
        return torch.cat((row[:, None] * turns, column[:, None] * turns), dim=1)

    def forward(self, pixels: Tensor, grids: list[tuple[int, int]]) -> Tensor:
        """Return the tokens (pictures, cells, out) of pictures that are padded to the same number of patches.

        `pixels` is (pictures, patches, 768); `grids` holds each picture's rows and columns of patches.
        """
        patches = pixels.shape[1]
        kinds = {grid: index for index, grid in enumerate(dict.fromkeys(grids))}
        chosen = torch.tensor([kinds[grid] for grid in grids])
        position = torch.stack([_padded(self._positions(*grid), patches) for grid in kinds])
        angle = torch.stack([_padded(self._angles(*grid), patches) for grid in kinds])
        real = torch.stack([torch.arange(patches) < rows * columns for rows, columns in kinds])
        mask = torch.zeros(real.shape).masked_fill(~real, float("-inf"))[chosen][:, None, None]
        x = self.patch_embed.proj(pixels) + position[chosen]
        cos, sin = angle.cos()[chosen][:, None], angle.sin()[chosen][:, None]
        if torch.is_autocast_enabled("cpu"):
            x, cos, sin, mask = (t.to(torch.bfloat16) for t in (x, cos, sin, mask))
        for block in self.blocks:
            x = block(x, cos, sin, mask)
        out: Tensor = self.merger(x)
        return out


def _padded(rows: Tensor, length: int) -> Tensor:
    return functional.pad(rows, (0, 0, 0, length - rows.shape[0]))


class Halves(nn.Module):
    """Everything under the prefix `model.` in the weights."""

    def __init__(self, language: Shape, vision: VisionShape) -> None:
        super().__init__()
        self.language_model = Body(language)
        self.visual = Tower(vision, language.hidden)


class Network(nn.Module):
    """The whole model; the embedding is the output layer too."""

    def __init__(self, language: Shape, vision: VisionShape) -> None:
        super().__init__()
        self.language = language
        self.vision = vision
        self.model = Halves(language, vision)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                narrow = name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight"))
                embedding = "embed_tokens" in name or "pos_embed" in name
                std = 0.02 if embedding else weight.shape[1] ** -0.5 * (0.5 if narrow else 1.0)
                nn.init.normal_(weight, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def _angles(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosine and sine (n, 1, head_dim / 2) of positions (3, n).

        Of three angles one turns by the time, one by the row and one by the column.
        """
        half = self.language.head_dim // 2
        turns = self.language.theta ** (-torch.arange(half) / half)
        axis = torch.zeros(half, dtype=torch.long)
        _, rows, columns = sections(self.language.head_dim)
        axis[1 : 3 * rows : 3] = 1
        axis[2 : 3 * columns : 3] = 2
        angles = positions[axis].T * turns
        return angles.cos()[:, None], angles.sin()[:, None]

    def forward(
        self, ids: Tensor, positions: Tensor, lengths: list[int], learnt: Tensor, seen: Tensor, image: int
    ) -> Tensor:
        """Return the logits (k, vocab) of the `k` places where `learnt` is true.

        `ids` and `learnt` are (n,): conversations of these `lengths`, one after the other, none of which sees
        another. `positions` is (3, n), and `seen` (tokens, hidden) stands, in order, where `ids` is `image`.
        """
        body = self.model.language_model
        x = body.embed_tokens(ids).masked_scatter((ids == image)[:, None], seen.float())[None]
        cos, sin = self._angles(positions)
        if torch.is_autocast_enabled("cpu"):
            x, cos, sin = (t.to(torch.bfloat16) for t in (x, cos, sin))
        for layer in body.layers:
            x = layer(x, cos, sin, lengths)
        return functional.linear(body.norm(x[0, learnt]), body.embed_tokens.weight)
