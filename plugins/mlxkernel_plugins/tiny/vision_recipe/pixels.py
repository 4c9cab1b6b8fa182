"""What the processor of Qwen3-VL makes of an image: patches of 16 pixels, cell by cell, of a size that fits.

mlx_vlm does this when the model is served. It is written again here because training needs no MLX; a test
holds the two together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .sizes import CELL, CHANNELS, LEAST_PIXELS, MERGE, MOST_PIXELS, PATCH

Patches = NDArray[np.float32]


def fitted(height: int, width: int) -> tuple[int, int]:
    """Return height and width in pixels as the model sees them: whole cells, neither too many nor too few."""
    rows, columns = round(height / CELL) * CELL, round(width / CELL) * CELL
    if rows * columns > MOST_PIXELS:
        shrink = math.sqrt(height * width / MOST_PIXELS)
        rows, columns = (max(CELL, math.floor(side / shrink / CELL) * CELL) for side in (height, width))
    elif rows * columns < LEAST_PIXELS:
        grow = math.sqrt(LEAST_PIXELS / (height * width))
        rows, columns = (math.ceil(side * grow / CELL) * CELL for side in (height, width))
    return rows, columns


def patches(image: Image.Image) -> tuple[Patches, tuple[int, int]]:
    """Return the image's patches (count, 768), from -1 to 1, and its rows and columns of patches."""
    height, width = fitted(image.height, image.width)
    if (height, width) != (image.height, image.width):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    rows, columns = height // PATCH, width // PATCH
    pixels = np.asarray(image, np.float32) / 127.5 - 1.0
    cut = pixels.reshape(rows // MERGE, MERGE, PATCH, columns // MERGE, MERGE, PATCH, CHANNELS)
    return cut.transpose(0, 3, 1, 4, 6, 2, 5).reshape(rows * columns, -1), (rows, columns)
