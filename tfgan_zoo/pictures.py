"""Grids of images, and PNG files."""

import math

import numpy as np
import tensorflow as tf

from tfgan_zoo.files import beside


def image_grid(images, columns=None, gap=2):
    """Puts images side by side, row after row, on white.

    Args:
        images: uint8 `[n, H, W, C]`.
        columns: Int. By default as many as make the grid square, or nearly.
        gap: Int. Pixels between two images.

    Returns:
        uint8 `[rows * (H + gap) - gap, columns * (W + gap) - gap, C]`.
    """
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.full((rows, height + gap, columns, width + gap, channels), 255, np.uint8)
    for index, image in enumerate(images):
        grid[index // columns, :height, index % columns, :width] = image
    grid = grid.reshape(rows * (height + gap), columns * (width + gap), channels)
    return grid[: len(grid) - gap, : grid.shape[1] - gap]


def write_png(path, image):
    """Writes one image, uint8 `[H, W, C]` with 1 to 4 channels, as a PNG file."""
    if image.shape[-1] > 4:
        raise ValueError(f"A PNG file has 1 to 4 channels. Received: {image.shape[-1]}.")
    with beside(path) as temporary:
        temporary.write_bytes(tf.io.encode_png(image).numpy())
