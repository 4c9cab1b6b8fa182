"""Probe: one picture through a loaded model, both in its family's own way and in this engine's.

What a family cannot do here, and what this engine would get wrong, is found before the first request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import numpy as np
from PIL import Image as Pillow

from mlxkernel.errors import MlxKernelError, RequestFailed
from mlxkernel_mlx.jobs import Prompt
from mlxkernel_mlx.network import Piece
from mlxkernel_mlx.reading import Read
from mlxkernel_plugins.mlx_vision.network import VisionNetwork
from mlxkernel_plugins.mlx_vision.reading import VisionReader
from mlxkernel_plugins.mlx_vision.sight import Sight

_ELSEWHERE = {
    "cross_attention_states": "looks at pictures by cross-attention",
    "cross_attention_mask": "looks at pictures by cross-attention",
    "decoder_inputs_embeds": "is an encoder with a decoder",
    "attention_mask": "is an encoder with a decoder",
    "pos_hw": "places pictures by rows and columns",
    "full_text_row_masked_out_mask": "looks at pictures by cross-attention",
}
"""What some families' embeddings bring, and what it says of them."""

_ROUNDING = 0.05
"""Of the logits' range: far above what half precision makes of another order of sums."""


def probe(name: str, architecture: str, network: VisionNetwork, reader: VisionReader) -> None:
    """Compare the two ways' logits after a prompt with a picture. Raises `MlxKernelError` by name."""
    try:
        read = reader.example(_picture())
        given = network.embed(read.tokens, read.content.inputs)
        for key, what in _ELSEWHERE.items():
            if key in given:
                raise _unable(name, architecture, f"it {what}")
        reader.solid = not _in_pieces(network, read, given)
        read = reader.example(_picture())
        own = _own_way(network, read, given)
        here = _engines_way(network, read)
    except RequestFailed as error:
        raise MlxKernelError(f"model '{name}' cannot take in a picture: {error}") from error
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise _unable(name, architecture, f"a picture ends in {type(error).__name__}: {error}") from error
    far = mx.max(mx.abs(own - here)) > _ROUNDING * (mx.max(own) - mx.min(own))
    if bool(far.item()):
        raise _unable(name, architecture, "its prompts cannot be processed in pieces")


def _picture() -> Pillow.Image:
    ramp = np.arange(64, dtype=np.uint8) * 4
    blue = np.full((64, 64), 128, dtype=np.uint8)
    return Pillow.fromarray(np.dstack([np.tile(ramp, (64, 1)), np.tile(ramp[:, None], (1, 64)), blue]))


def _in_pieces(network: VisionNetwork, read: Read, given: Mapping[str, Any]) -> bool:
    """Whether the family processes prompts with pictures in pieces of any length."""
    arguments = {**_arrays(read.content), **given}
    for part in (network.model, network.language):
        policy = getattr(part, "chunked_prefill_policy", None)
        if getattr(part, "no_chunked_prefill", False):
            return False
        if callable(policy) and not policy(prefill_kwargs=arguments):
            return False
    return True


def _arrays(sight: Sight) -> dict[str, Any]:
    """All that the processor gave of pictures, as the library hands it to the language model too."""
    given = {**sight.inputs, **sight.types}
    return {key: mx.array(value) for key, value in given.items() if isinstance(value, np.ndarray)}


def _unable(name: str, architecture: str, why: str) -> MlxKernelError:
    return MlxKernelError(
        f"model '{name}': this engine cannot run the pictures of mlx-vlm's '{architecture}': {why}"
    )


def _own_way(network: VisionNetwork, read: Read, given: Mapping[str, Any]) -> mx.array:
    """The last token's logits [V] of the whole prompt in one pass, as the library generates."""
    arguments = {**_arrays(read.content), **given}
    arguments.pop("pixel_values", None)
    embeddings = arguments.pop("inputs_embeds")
    tokens = mx.array([list(read.tokens)])
    output = network.language(tokens, inputs_embeds=embeddings, cache=network.fresh(), **arguments)
    logits: mx.array = output.logits[0, -1].astype(mx.float32)
    return logits


def _engines_way(network: VisionNetwork, read: Read) -> mx.array:
    """The same, with the picture apart, the prompt in two pieces and its last token by itself."""
    prompt = Prompt(read.tokens, 1, media=read.media, content=read.content, solid=read.solid)
    feed = network.feed(prompt, 0, "")
    while not feed.ready:
        feed.advance()
    state, last = network.fresh(), len(read.tokens) - 1
    middle = max(last // 2, min(read.solid, last))
    for start, stop in ((0, middle), (middle, last)):
        if start < stop:
            network.prefill(state, [Piece(feed, start, stop)])
    token = mx.array([read.tokens[-1]])
    return network.step(state, token, [last + feed.shift])[0].astype(mx.float32)
