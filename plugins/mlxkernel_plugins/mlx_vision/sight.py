"""Sight: what the pictures of a prompt are to its model, in arrays that any thread may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

Array: TypeAlias = "np.ndarray[Any, Any]"

Inputs: TypeAlias = Mapping[str, Any]
"""What a model's processor makes of pictures: ``pixel_values`` and what its family wants besides."""

_TEXT = ("input_ids", "attention_mask")
_TYPES = ("token_type_ids", "mm_token_type_ids")


class Album(Struct, frozen=True):
    """Pictures that are encoded together: one, where the family's inputs can be told apart, else all.

    `places` are the places of their tokens in the prompt.
    """

    digest: str
    places: tuple[int, ...]
    inputs: Inputs


class Sight(Struct, frozen=True):
    """The pictures of one prompt in order, and the family's inputs for all of them at once.

    `types` is what the family says of each token [1, L] (text, picture), by the name of the argument.
    """

    albums: tuple[Album, ...]
    inputs: Inputs
    types: Inputs


def see(outputs: Mapping[str, Any], digests: Sequence[str], places: Sequence[int], skip: int) -> Sight:
    """The sight in a processor's outputs. `places` are those of all the pictures' tokens after the first
    `skip`, which are left out.

    Raises `ValueError` when the prompt has no such token.
    """
    if not places:
        raise ValueError("the prompt has no token for a picture")
    given = {key: _plain(value) for key, value in outputs.items() if key not in _TEXT and value is not None}
    inputs = {key: value for key, value in given.items() if key not in _TYPES}
    types = {key: given[key][:, skip:] for key in _TYPES if key in given}
    parts = list(_split(inputs, len(digests), len(places)))
    if not parts:
        return Sight((Album("+".join(digests), tuple(places), inputs),), inputs, types)
    albums, first = [], 0
    for digest, (count, own) in zip(digests, parts, strict=True):
        albums.append(Album(digest, tuple(places[first : first + count]), own))
        first += count
    return Sight(tuple(albums), inputs, types)


def _plain(value: Any) -> Any:
    """The value without MLX: an array may be evaluated only by the thread that made it."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return np.array(value) if hasattr(value, "shape") else value


def _split(inputs: Inputs, count: int, tokens: int) -> Iterator[tuple[int, Inputs]]:
    """How many tokens each picture has, and its own inputs; nothing where they cannot be told apart."""
    pixels, grid = inputs.get("pixel_values"), inputs.get("image_grid_thw")
    if count == 1:
        yield tokens, inputs
    elif grid is not None:
        yield from _split_patches(inputs, grid.prod(axis=-1).tolist(), count, tokens)
    elif tokens % count == 0 and all(_has_rows(value, count) for value in inputs.values()):
        sizes = inputs.get("image_sizes")
        if pixels is not None and (sizes is None or (sizes == sizes[:1]).all()):
            for place in range(count):
                yield tokens // count, {key: value[place : place + 1] for key, value in inputs.items()}


def _split_patches(
    inputs: Inputs, patches: Sequence[int], count: int, tokens: int
) -> Iterator[tuple[int, Inputs]]:
    """As Qwen's processors lay pictures out: one row per patch, all pictures in one array."""
    pixels, total = inputs["pixel_values"], sum(patches)
    known = set(inputs) == {"pixel_values", "image_grid_thw"}
    whole = all(tokens * own % total == 0 for own in patches)
    if not known or not whole or len(patches) != count or len(pixels) != total:
        return
    first = 0
    for place, own in enumerate(patches):
        grid = inputs["image_grid_thw"][place : place + 1]
        yield tokens * own // total, {"pixel_values": pixels[first : first + own], "image_grid_thw": grid}
        first += own


def _has_rows(value: Any, count: int) -> bool:
    return hasattr(value, "shape") and value.ndim > 0 and len(value) == count
