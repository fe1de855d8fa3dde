"""Normal noise of a secret key, for sums of clipped gradients."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.layers.rng import threefry


def normal(key, update, shapes):
    """Standard normal draws of these shapes, a list of float32 tensors.

    By Box and Muller in float64, of 64 bits for the length and 32 for the angle: draws reach beyond 9
    standard deviations, where those of float32 would end before 6.

    Args:
        key: Pair of uint32 scalar tensors.
        update: Int64 scalar tensor, a number that no other draw with the key has.
        shapes: List of `tf.TensorShape`, known.
    """
    sizes = [shape.num_elements() for shape in shapes]
    half = (sum(sizes) + 1) // 2
    number = tf.cast(update, tf.uint32)
    counters = tf.constant(np.arange(2 * half), tf.uint32)
    first, second = threefry(key, (counters, number))
    unit = 2.0**-32
    high, low = tf.cast(first[:half], tf.float64), tf.cast(second[:half], tf.float64)
    length = tf.sqrt(-2 * tf.math.log((high + (low + 0.5) * unit) * unit))
    angle = 2 * np.pi * unit * tf.cast(first[half:], tf.float64)
    draws = tf.concat([length * tf.cos(angle), length * tf.sin(angle)], axis=0)
    pieces = tf.split(tf.cast(draws, tf.float32)[: sum(sizes)], sizes)
    return [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
