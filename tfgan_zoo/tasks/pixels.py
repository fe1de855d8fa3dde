"""From floats to pixels."""

import numpy as np
import tensorflow as tf


def to_uint8(images):
    """uint8 images from float ones in [-1, 1], rounded to nearest; values outside are clipped.

    Raises:
        ValueError: Images that hold NaN, as a generator draws them that has diverged.
    """
    images = np.asarray(images, np.float32)
    if np.isnan(images).any():
        count = int(np.isnan(images).reshape(len(images), -1).any(axis=1).sum())
        raise ValueError(
            f"{count} of {len(images)} images hold NaN, which no pixel shows. If a model drew them, go "
            "back to an earlier checkpoint."
        )
    return quantized(images).numpy()


def quantized(images):
    """The same in a graph, without the check."""
    levels = tf.round((images + 1) * 127.5)
    return tf.cast(tf.clip_by_value(levels, 0, 255), tf.uint8)
