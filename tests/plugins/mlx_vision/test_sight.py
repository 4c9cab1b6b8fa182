"""Which inputs of several pictures are told apart, so that each is encoded and kept by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mlxkernel_plugins.mlx_vision.sight import Sight, see


def seen(outputs: Mapping[str, Any], count: int, tokens: int, skip: int = 0) -> Sight:
    return see(outputs, [f"p{place}" for place in range(count)], range(3, 3 + tokens), skip)


def test_patches_are_told_apart_by_their_grid() -> None:
    grid = np.array([[1, 4, 6], [1, 2, 4]])
    sight = seen({"pixel_values": mx.arange(32 * 5).reshape(32, 5), "image_grid_thw": grid}, 2, 8)
    first, second = sight.albums
    assert (first.digest, first.places) == ("p0", tuple(range(3, 9)))
    assert (second.digest, second.places) == ("p1", (9, 10))
    assert first.inputs["pixel_values"].shape == (24, 5)
    assert second.inputs["pixel_values"][0].tolist() == list(range(120, 125))
    assert second.inputs["image_grid_thw"].tolist() == [[1, 2, 4]]
    assert isinstance(first.inputs["pixel_values"], np.ndarray), "MLX arrays belong to their thread"


def test_pictures_of_one_size_are_told_apart_by_their_rows() -> None:
    sizes = np.array([[16, 16], [16, 16]])
    sight = seen({"pixel_values": np.zeros((2, 3, 16, 16)), "image_sizes": sizes}, 2, 10)
    assert [album.places for album in sight.albums] == [tuple(range(3, 8)), tuple(range(8, 13))]
    assert [album.inputs["pixel_values"].shape for album in sight.albums] == [(1, 3, 16, 16)] * 2


@pytest.mark.parametrize(
    "outputs",
    [
        {"pixel_values": np.zeros((1, 9, 3, 16, 16))},
        {"pixel_values": np.zeros((2, 3, 16, 16)), "image_sizes": np.array([[16, 16], [8, 16]])},
        {"pixel_values": np.zeros((30, 5)), "image_grid_thw": np.array([[1, 4, 6], [1, 2, 4]])},
        {
            "pixel_values": np.zeros((32, 5)),
            "image_grid_thw": np.array([[1, 4, 6], [1, 2, 4]]),
            "order": np.zeros(32),
        },
        {"pixel_values": [np.zeros((3, 8, 8)), np.zeros((3, 16, 16))]},
    ],
    ids=["tiles", "two sizes", "a grid of other patches", "an input that is not known", "a list"],
)
def test_what_cannot_be_told_apart_stays_together(outputs: Mapping[str, Any]) -> None:
    (album,) = seen(outputs, 2, 8).albums
    assert album.digest == "p0+p1"
    assert album.places == tuple(range(3, 11))
    assert set(album.inputs) == set(outputs)


def test_one_picture_has_all_the_inputs() -> None:
    (album,) = seen({"pixel_values": np.zeros((1, 9, 3, 16, 16)), "rows": None}, 1, 4).albums
    assert (album.digest, set(album.inputs)) == ("p0", {"pixel_values"})


def test_what_is_said_of_tokens_is_no_input_and_loses_those_that_were_added() -> None:
    types = np.array([[0, 0, 1, 1, 0]])
    outputs = {
        "input_ids": types,
        "attention_mask": types,
        "pixel_values": np.zeros((1, 2)),
        "mm_token_type_ids": types,
    }
    sight = seen(outputs, 1, 2, skip=1)
    assert set(sight.inputs) == {"pixel_values"}
    assert sight.types["mm_token_type_ids"].tolist() == [[0, 1, 1, 0]]


def test_a_prompt_without_a_token_for_a_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="the prompt has no token for a picture"):
        seen({"pixel_values": np.zeros((1, 2))}, 1, 0)
