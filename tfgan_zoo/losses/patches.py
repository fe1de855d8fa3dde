"""Losses of discriminators that give several logits for an image, one for each of its patches."""

from collections.abc import Callable

import tensorflow as tf


def by_image(loss: Callable, *logits: tf.Tensor | None, **means: tf.Tensor) -> tf.Tensor:
    """A loss of patches, averaged over those of an image.

    Args:
        loss: Of an `Objective`, from logits `[N]` to float32 `[N]` or a scalar.
        logits: What it takes, `[B, P]` each or None; real and generated patches meet by their places.
        means: What else it takes.

    Returns:
        float32 `[B]`, or the scalar.
    """
    flat = [None if values is None else tf.reshape(values, [-1]) for values in logits]
    found = loss(*flat, **means)
    if found.shape.rank == 0:
        return found
    return tf.reduce_mean(tf.reshape(found, [-1, logits[0].shape[-1]]), axis=1)
