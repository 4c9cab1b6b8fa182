"""Pictures reach the network in training as mlx_vlm's processor and model give them to it in service."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tokenizers import Tokenizer

from mlxkernel_plugins.tiny import vision_recipe
from mlxkernel_plugins.tiny.vision_recipe.drawing import draw
from mlxkernel_plugins.tiny.vision_recipe.evaluate import messages
from mlxkernel_plugins.tiny.vision_recipe.mixture import conversation
from mlxkernel_plugins.tiny.vision_recipe.packing import batch, encoded, joined
from mlxkernel_plugins.tiny.vision_recipe.pixels import fitted, patches
from mlxkernel_plugins.tiny.vision_recipe.rendering import (
    IMAGE,
    VIDEO,
    VISION_END,
    VISION_START,
    number,
    pictures,
)
from mlxkernel_plugins.tiny.vision_recipe.scenes import shapes

MODEL = Path(vision_recipe.__file__).parent.parent / "vision_model"
SIZES = [(128, 128), (100, 100), (64, 64), (1920, 1080), (30, 90), (333, 500), (33, 31), (2000, 20)]


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    """The model and the processor as mlx_vlm loads them, offline and unchanged."""
    import mlx_vlm

    library: Any = mlx_vlm
    model, processor = library.load(str(MODEL))
    return model, processor


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


@pytest.mark.parametrize("size", SIZES)
def test_an_image_is_cut_as_the_processor_cuts_it(loaded: tuple[Any, Any], size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    theirs = loaded[1].image_processor(images=[image])
    ours, grid = patches(image)
    assert theirs["image_grid_thw"].tolist() == [[1, *grid]]
    assert np.allclose(theirs["pixel_values"], ours, atol=1e-5)


def test_no_picture_is_more_than_sixteen_tokens() -> None:
    for size in SIZES[:-1]:
        height, width = fitted(*size)
        assert height * width <= 16 * 32 * 32 or min(size) < 40


def test_a_conversation_is_read_as_the_server_reads_it(loaded: tuple[Any, Any], tokenizer: Tokenizer) -> None:
    """Tokens and positions of whole conversations, with one, two and three pictures, are mlx_vlm's."""
    from mlx_vlm.utils import prepare_inputs

    model, processor = loaded
    for index in (1, 2, 4, 7, 11):
        written = conversation("positions", index)
        ours = encoded(tokenizer, written)
        asked = {"enable_thinking": False} if written.thinking == "off" else {}
        prompt = processor.apply_chat_template(
            messages(written), tokenize=False, add_generation_prompt=True, **asked
        )
        images = [draw(picture) for picture in pictures(written)]
        theirs: Any = prepare_inputs(processor, images=images or None, prompts=prompt)
        ids = np.array(theirs["input_ids"])[0]
        assert ours.ids[: len(ids)].tolist() == ids.tolist()
        if images:
            positions, _ = model.language_model.get_rope_index(theirs["input_ids"], theirs["image_grid_thw"])
            assert ours.positions[:, : len(ids)].tolist() == np.array(positions)[:, 0].tolist()


def test_one_conversation_is_not_learnt_from_another(tokenizer: Tokenizer) -> None:
    one, two = (encoded(tokenizer, conversation("joined", index)) for index in (0, 1))
    both = joined([one, two])
    end = tokenizer.token_to_id("<|im_end|>")
    assert both.lengths == [len(one.ids), len(two.ids)]
    assert both.positions[:, len(one.ids)].tolist() == [0, 0, 0]
    assert not both.asked[len(one.ids) - 1]
    assert (both.targets[both.asked] == end).sum() == sum(
        len(conversation("joined", index).turns) for index in (0, 1)
    )


def test_equal_steps_give_equal_batches(tokenizer: Tokenizer) -> None:
    one, again, other = (batch(tokenizer, "1", "detail", step, 600) for step in (3, 3, 4))
    assert one.ids.tolist() == again.ids.tolist() != other.ids.tolist()
    assert sum(one.lengths) == len(one.ids) >= 600
    assert sum(cut.tokens for cut in one.cut) == (one.ids == number(tokenizer, IMAGE)).sum()


def test_the_marks_of_pictures_stand_behind_the_entries_of_tiny(tokenizer: Tokenizer) -> None:
    text_only = Tokenizer.from_file(str(MODEL.parent / "model" / "tokenizer.json"))
    numbers = [number(tokenizer, token) for token in (VISION_START, VISION_END, IMAGE, VIDEO)]
    assert numbers == [tokenizer.get_vocab_size() - 4 + index for index in range(4)]
    with pytest.raises(ValueError, match=r"the tokenizer has no <\|image_pad\|>"):
        number(text_only, IMAGE)


def test_patches_are_those_of_the_drawn_picture() -> None:
    pixels, (rows, columns) = patches(draw(shapes(random.Random(1), 2)))
    assert pixels.shape == (rows * columns, 768)
    assert pixels.min() >= -1 and pixels.max() <= 1
