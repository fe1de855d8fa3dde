"""Grids of images, PNG files and animations."""

import math
import pathlib

import numpy as np
import tensorflow as tf

from tfgan_zoo.files import beside

ANIMATIONS = {".gif": "GIF", ".apng": "PNG", ".webp": "WEBP"}


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


def enlarged(images, scale):
    """Each pixel of uint8 images `[..., H, W, C]` as `scale` x `scale` pixels."""
    return images.repeat(scale, axis=-3).repeat(scale, axis=-2)


def write_animation(path, frames, fps=20):
    """Writes frames, uint8 `[T, H, W, 1 or 3]`, that repeat for ever.

    Args:
        path: Its suffix is .gif, .apng or .webp (lossless).
        fps: Number of frames in a second; in a .gif a frame lasts a multiple of 10 ms.

    Raises:
        ImportError: Pillow is not here: `pip install tfgan_zoo[animation]`.
        ValueError: Another suffix, no frames, frames of other shapes, or fps out of (0, 100].
    """
    format = ANIMATIONS.get(pathlib.Path(path).suffix.lower())
    if format is None:
        raise ValueError(f"Animations are {', '.join(ANIMATIONS)} files. Received: {path}.")
    if frames.ndim != 4 or not len(frames) or frames.shape[-1] not in (1, 3):
        raise ValueError(f"Frames have shape [T, H, W, 1 or 3]. Received: {frames.shape}.")
    if not 0 < fps <= 100:
        raise ValueError(f"fps must lie in (0, 100]. Received: {fps}.")
    try:
        from PIL import Image  # TensorFlow reads animations, but writes none
    except ImportError as error:
        raise ImportError("Animations need Pillow: pip install tfgan_zoo[animation].") from error
    first, *others = (Image.fromarray(x[..., 0] if x.shape[-1] == 1 else x) for x in frames)
    options = {"save_all": True, "append_images": others, "duration": 1000 / fps, "loop": 0}
    with beside(path) as temporary:
        first.save(temporary, format, **options, **({"lossless": True} if format == "WEBP" else {}))
