"""The network: a model of mlx_vlm as the batch sees it.

Pictures enter through the family's own ``get_input_embeddings``; here each is encoded once, kept, and put
into the prompt's embeddings at its tokens' places. Families whose pictures take fewer positions than tokens
(multimodal rotary positions) get every position told: what their classes remember of the last prompt is
wrong for a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_vlm.models.cache import ArraysCache, RotatingKVCache, make_prompt_cache

from mlxkernel_mlx import states
from mlxkernel_mlx.jobs import Prompt
from mlxkernel_mlx.network import Feed, Piece, PlainFeed
from mlxkernel_mlx.states import Batch, State, Traits
from mlxkernel_plugins.mlx_vision.features import FeatureCache, Features
from mlxkernel_plugins.mlx_vision.sight import Album, Inputs, Sight

_ALIGNED = ("per_layer_inputs",)
"""What a family gives per token besides embeddings, positions and deep features, and takes back in pieces."""


class VisionNetwork:
    """A model of mlx_vlm. `positioned` families are told positions; `features` keeps encoded pictures."""

    def __init__(self, model: Any, features: FeatureCache) -> None:
        self.model = model
        self.language = model.language_model
        self.features = features
        self.traits: Traits = states.traits(self.fresh(), recurrent=ArraysCache, sliding=RotatingKVCache)
        self.positioned = hasattr(self.language, "_rope_deltas")

    def fresh(self) -> State:
        """An empty state."""
        state: State = make_prompt_cache(self.language)
        return state

    def feed(self, prompt: Prompt, done: int, tenant: str) -> Feed:
        """The prompt's tokens, or what its pictures make of them."""
        if not isinstance(prompt.content, Sight):
            return PlainFeed(prompt.tokens)
        return PictureFeed(self, prompt, prompt.content, done, tenant)

    def prefill(self, cache: State | Batch, pieces: Sequence[Piece]) -> mx.array:
        """Process one piece per row; returns the logits [B, L, V]."""
        feed = pieces[0].feed
        if isinstance(feed, PictureFeed):
            (piece,) = pieces
            tokens = mx.array([piece.tokens])
            return self._run(tokens, cache, feed.piece(piece.start, piece.stop))
        rows = [piece.tokens for piece in pieces]
        with states.padded(cache, [len(row) for row in rows]) as longest:
            tokens = mx.array([[*row, *[0] * (longest - len(row))] for row in rows])
            starts = mx.array([piece.start for piece in pieces])[:, None]
            return self._run(tokens, cache, self._positions(starts + mx.arange(longest)[None]))

    def step(self, cache: State | Batch, tokens: mx.array, positions: Sequence[int]) -> mx.array:
        """Process one token [B] per row, each at its position; returns the logits [B, V]."""
        told = self._positions(mx.array(list(positions))[:, None]) if self.positioned else {}
        return self._run(tokens[:, None], cache, told)[:, -1, :]

    def hidden(self, tokens: mx.array, cache: State | None = None) -> mx.array:
        """The last layer's states [B, L, H] of these tokens [B, L], after the final norm.

        Raises `LookupError` for an architecture whose layers cannot be run without its head.
        """
        layers = getattr(self.language, "model", None)
        if not callable(layers):
            raise LookupError(f"{type(self.language).__module__} does not show the states of its layers")
        seen: mx.array = layers(tokens, cache=cache or self.fresh())
        return seen

    def _run(self, tokens: mx.array, cache: State | Batch, arguments: Mapping[str, Any]) -> mx.array:
        logits: mx.array = self.language(tokens, cache=cache, **arguments).logits
        return logits

    def _positions(self, places: mx.array) -> dict[str, mx.array]:
        """The positions [B, L] of text, in each of the three dimensions."""
        if not self.positioned:
            return {}
        return {"position_ids": mx.broadcast_to(places[None], (3, *places.shape))}

    # --- pictures ---------------------------------------------------------------------------------

    def embed(self, tokens: Sequence[int], inputs: Inputs) -> dict[str, Any]:
        """What the family's ``get_input_embeddings`` gives for these tokens and pictures, None left out."""
        own = {key: _array(value) for key, value in inputs.items()}
        pixels = own.pop("pixel_values", None)
        ids = mx.array([list(tokens)])
        with _prompts_own_fault():
            given = self.model.get_input_embeddings(ids, pixels, mask=mx.ones_like(ids), **own)
        return {key: value for key, value in given.to_dict().items() if value is not None}

    def encode(self, album: Album, image_token: int) -> Features:
        """The features of an album: its tokens are embedded alone, and nothing but pictures is in them."""
        given = self.embed([image_token] * len(album.places), album.inputs)
        deep = given.get("deepstack_visual_embeds")
        features = Features(given["inputs_embeds"][0], tuple(deep) if deep is not None else ())
        mx.eval(features)
        return features

    def places(self, tokens: Sequence[int], inputs: Inputs) -> tuple[mx.array, int]:
        """The positions [3, 1, L] of a prompt with pictures, and the shift of what comes after it."""
        grid = _array(inputs.get("image_grid_thw"))
        ids = mx.array([list(tokens)])
        with _prompts_own_fault():
            positions, deltas = self.language.get_rope_index(ids, grid, None, mx.ones_like(ids))
        if positions.ndim == 2:
            positions = mx.broadcast_to(positions[None], (3, *positions.shape))
        shift: int = mx.array(deltas).astype(mx.int32).reshape(-1)[0].item()  # type: ignore[assignment]
        return positions, shift


class PictureFeed:
    """A prompt with pictures. Those that lie wholly in its `done` tokens are not needed any more."""

    def __init__(self, network: VisionNetwork, prompt: Prompt, sight: Sight, done: int, tenant: str) -> None:
        self.tokens = prompt.tokens
        self._solid = prompt.solid
        self.shift = 0
        self.ready = False
        self._network = network
        self._sight = sight
        self._tenant = tenant
        self._needed = [album for album in sight.albums if album.places[-1] >= done]
        self._found: list[Features] = []
        self._look_up()

    def advance(self) -> None:
        """Encode one picture, or all if the family's inputs for them cannot be told apart."""
        album = self._needed[len(self._found)]
        features = self._network.encode(album, self.tokens[album.places[0]])
        self._network.features.put((self._tenant, album.digest), features)
        self._found.append(features)
        self._look_up()

    def _look_up(self) -> None:
        """Take the pictures that are kept, up to the first that is not; all found, the feed is ready."""
        for album in self._needed[len(self._found) :]:
            features = self._network.features.get((self._tenant, album.digest))
            if features is None:
                return
            self._found.append(features)
        self._assemble()

    def _assemble(self) -> None:
        given = self._network.embed(self.tokens, {})
        embeddings = given["inputs_embeds"]
        self._places = np.array([place for album in self._needed for place in album.places], dtype=np.int64)
        if self._found:
            rows = mx.concatenate([features.rows for features in self._found])
            embeddings[0, mx.array(self._places)] = rows.astype(embeddings.dtype)
        deep = [features.deep for features in self._found]
        self._deep = [mx.concatenate(list(layers)) for layers in zip(*deep, strict=True)]
        self._embeddings = embeddings
        self._aligned = {key: given[key] for key in _ALIGNED if key in given}
        self._positions: mx.array | None = None
        if self._network.positioned:
            self._positions, self.shift = self._network.places(self.tokens, self._sight.inputs)
        self.ready = True

    def piece(self, start: int, stop: int) -> dict[str, Any]:
        """What the language model is given for the tokens from `start` to before `stop`."""
        given: dict[str, Any] = {"inputs_embeds": self._embeddings[:, start:stop]}
        given.update({key: value[:, start:stop] for key, value in self._aligned.items()})
        if start < self._solid:
            given.update({key: mx.array(value[:, :stop]) for key, value in self._sight.types.items()})
        if self._positions is not None:
            given["position_ids"] = self._positions[..., start:stop]
        if self._deep:
            inside = np.flatnonzero((self._places >= start) & (self._places < stop))
        if self._deep and len(inside):
            mask = np.zeros((1, stop - start), dtype=np.bool_)
            mask[0, self._places[inside] - start] = True
            rows = mx.array(inside)
            given["visual_pos_masks"] = mx.array(mask)
            given["deepstack_visual_embeds"] = [layer[rows] for layer in self._deep]
        return given


@contextmanager
def _prompts_own_fault() -> Iterator[None]:
    """What a family's code trips over in one prompt ends that prompt, as a `ValueError`, and no other."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _array(value: Any) -> Any:
    """An input in MLX, on this thread."""
    if isinstance(value, list):
        return [_array(item) for item in value]
    return mx.array(value) if isinstance(value, np.ndarray) else value
