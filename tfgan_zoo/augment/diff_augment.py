"""The transformations of DiffAugment, and those of consistency regularisation."""

import tensorflow as tf


def color(images, rng):
    """Adds a number to all values; scales saturation; then contrast."""
    images += rng.uniform([1, 1, 1], -0.5, 0.5)
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = grey + rng.uniform([1, 1, 1], 0.0, 2.0) * (images - grey)
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return mean + rng.uniform([1, 1, 1], 0.5, 1.5) * (images - mean)


def translation(images, rng, share=1 / 8):
    """Shifts by whole pixels, up to `share` of the size each way; what comes in is 0."""
    uniform = rng.uniform([2])
    for axis, equation in ((1, "bij,bjwc->biwc"), (2, "bij,bhjc->bhic")):
        size = images.shape[axis]
        reach = int(size * share + 0.5)
        offset = tf.floor(uniform[:, axis - 1] * (2 * reach + 1)) - reach
        places = tf.range(size, dtype=tf.float32)
        source = places[None, :, None] - offset[:, None, None]
        images = tf.einsum(equation, tf.cast(source == places, tf.float32), images)
    return images


def cutout(images, rng, share=1 / 2):
    """Sets a box of `share` of the size to 0; its middle lies anywhere in the image."""
    uniform = rng.uniform([2])
    inside = True
    for axis, shape in ((1, [-1, 1, 1]), (2, [1, -1, 1])):
        size = images.shape[axis]
        box = int(size * share + 0.5)
        middle = tf.floor(uniform[:, axis - 1] * (size + 1 - box % 2))[:, None, None, None]
        places = tf.reshape(tf.range(size, dtype=tf.float32), shape) - middle + box // 2
        inside &= (places >= 0) & (places < box)
    return tf.where(inside, 0.0, images)


DIFF_AUGMENT = {"color": color, "translation": translation, "cutout": cutout}


def flip_and_shift(images, rng):
    """Mirrors half of the images, and shifts all: what consistency regularisation compares with."""
    mirrored = rng.uniform([1, 1, 1]) < 0.5
    return translation(tf.where(mirrored, images[:, :, ::-1], images), rng)
