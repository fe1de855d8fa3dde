"""The number that a marked image carries: bits of a hash of the latents that drew it."""

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.layers.rng import threefry

_STEPS = 64  # of latents from one integer to the next: rounding of another machine rarely moves one


def numbers_of(latents, bits: int):
    """Numbers of latents, int64 `[B]` in [0, 2**bits): a hash, so that no two latents share one but by
    chance. It is no secret, and needs no key.

    Args:
        latents: Floats `[B, D]`.
        bits: Int, 0 to 32.
    """
    numbers.integer("bits", bits, 0, 32)
    latents = tf.cast(latents, tf.float32)
    levels = tf.clip_by_value(tf.round(latents * _STEPS), -(2.0**30), 2.0**30)
    words = tf.bitcast(tf.cast(levels, tf.int32), tf.uint32)
    columns = tf.constant(np.arange(words.shape[1]), tf.uint32)
    zero = tf.zeros_like(columns)
    hashes, _ = threefry((words, zero), (columns, zero))
    sums = tf.reduce_sum(tf.cast(hashes, tf.int64), axis=1)
    low = tf.cast(sums & 0xFFFFFFFF, tf.uint32)
    high = tf.cast(tf.bitwise.right_shift(sums, tf.constant(32, tf.int64)), tf.uint32)
    mixed, _ = threefry((low, high), (tf.zeros_like(low), tf.zeros_like(low)))
    return tf.cast(mixed, tf.int64) & (2**bits - 1)
