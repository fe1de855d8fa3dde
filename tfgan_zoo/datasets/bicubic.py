"""Bicubic resizing as Matlab's `imresize` does it, by which super-resolution is measured."""

import numpy as np
import tensorflow as tf


def imresize(images: tf.Tensor, scale: float) -> tf.Tensor:
    """Images as many times as large, pixel for pixel those of Matlab for uint8 images.

    The kernel is Keys's with a = -0.5, widened when images shrink; what lies beyond the border is the
    nearest pixel. Rows come first, and are rounded to integers before the columns.

    Args:
        images: Floats in [0, 255] `[B, H, W, C]`, H and W known.
        scale: Float above 0; a shrunk side is rounded up.

    Returns:
        Integers as float32 `[B, ceil(scale * H), ceil(scale * W), C]` in [0, 255].
    """
    down, right = (_weights(side, scale) for side in images.shape[1:3])
    rows = _levels(tf.einsum("bhwc,ih->biwc", tf.cast(images, tf.float32), down))
    return _levels(tf.einsum("biwc,jw->bijc", rows, right))


def _levels(images):
    return tf.clip_by_value(tf.floor(images + 0.5), 0.0, 255.0)


def _weights(before, scale):
    """What each pixel takes of each of `before` ones, float32 `[after, before]`."""
    after, stretch = int(np.ceil(before * scale - 1e-9)), max(1 / scale, 1.0)
    centres = (np.arange(after) + 0.5) / scale - 0.5
    offsets = np.arange(-int(np.ceil(2 * stretch)) - 1, int(np.ceil(2 * stretch)) + 2)
    places = np.floor(centres)[:, None] + offsets
    values = _keys((centres[:, None] - places) / stretch)
    values /= values.sum(axis=1, keepdims=True)
    weights = np.zeros((after, before))
    rows = np.broadcast_to(np.arange(after)[:, None], places.shape)
    np.add.at(weights, (rows, np.clip(places, 0, before - 1).astype(int)), values)
    return weights.astype(np.float32)


def _keys(x):
    """Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, equation 15."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
