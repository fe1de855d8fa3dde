"""Batches in which each example is by a draw of its own: Poisson sampling, in tensors of one size."""

import math

import tensorflow as tf

from tfgan_zoo.datasets.stream import PARALLEL_READS, options
from tfgan_zoo.layers.rng import threefry

OVERFLOW = 1e-18  # the probability that a batch has more examples than places, an upper bound
NAMES = INDEX, SLOT, MASK = "private/index", "private/slot", "private/mask"


def places(count, probability):
    """The least number of places that a Poisson-sampled batch of `count` examples exceeds with a
    probability below `OVERFLOW`, by Chernoff's bound: P(X >= k) <= exp(-count * KL(k / count, q))."""
    least = math.ceil(count * probability)
    for size in range(least, count):
        share = (size + 1) / count  # one more than there are places for
        if count * _divergence(share, probability) > -math.log(OVERFLOW):
            return size
    return count


def _divergence(p, q):
    """The Kullback-Leibler divergence of two Bernoulli distributions, in nats."""
    rest = 0.0 if p >= 1 else (1 - p) * math.log((1 - p) / (1 - q))
    return p * math.log(p / q) + rest if q < 1 else 0.0


def selected(key, update, count, probability):
    """Which examples are in the batch of an update, bool `[count]`, and 32 random bits of each, uint32.

    Each is in it with probability `floor(probability * 2**32) / 2**32`, never above what is accounted.

    Args:
        key: Pair of uint32 scalar tensors, secret.
        update: Int64 scalar tensor.
        count: Int.
        probability: Float in (0, 1].
    """
    counter = (tf.range(count, dtype=tf.int64), update)
    first, second = threefry(key, tuple(tf.cast(x, tf.uint32) for x in counter))
    threshold = math.floor(probability * 2**32)
    return tf.cast(first, tf.int64) < threshold, second


def poisson_stream(source, secret, batch_size, updates, size, replicas, start_step=0):
    """An endless data set of steps, each of `updates` batches drawn anew.

    Args:
        source: A `datasets.Source`.
        secret: Four ints in [0, 2**32), of which the last two are for noise alone.
        batch_size: Int. Images that a batch has in the mean, over all replicas.
        updates: Int. Batches in a step.
        size: Int. Places of a batch over all replicas, a multiple of these.
        replicas: Int. The rows of a batch are dealt out to them in turn.
        start_step: Int. Step of the first element.

    Returns:
        A `tf.data.Dataset` of dictionaries as `Source.fetch` gives them, `size * updates` rows of each,
        and `INDEX`, int64, the number of the image; `SLOT`, int32, random bits of it; and `MASK`,
        float32, 1 for images and 0 for places that are left over.
    """
    key = tuple(tf.constant(word, tf.uint32) for word in secret[:2])
    seed = int.from_bytes(b"".join(word.to_bytes(4) for word in secret[:2]), signed=True)

    def batch(update):
        chosen, bits = selected(key, update, source.count, batch_size / source.count)
        indices = tf.where(chosen)[:, 0]
        drawn = tf.size(indices)
        message = "More images were drawn for a batch than it has places:"
        fits = tf.debugging.Assert(drawn <= size, [message, drawn, size])
        with tf.control_dependencies([fits]):
            indices = tf.pad(indices, [[0, size - drawn]])
        slots = tf.bitwise.right_shift(tf.gather(bits, indices), tf.constant(1, tf.uint32))
        mask = tf.cast(tf.range(size) < drawn, tf.float32)
        rows = {INDEX: indices, SLOT: tf.cast(slots, tf.int32), MASK: mask}
        return {name: _dealt(value, replicas) for name, value in rows.items()}

    def step(number):
        batches = [batch(number * updates + turn) for turn in range(updates)]
        rows = {name: _woven([each[name] for each in batches]) for name in batches[0]}
        images = source.fetch(rows[INDEX], tf.stack([tf.constant(seed, tf.int64), number]))
        rows |= images
        return {k: tf.ensure_shape(v, [size * updates, *v.shape[1:]]) for k, v in rows.items()}

    steps = tf.data.Dataset.counter(start_step)
    steps = steps.map(step, num_parallel_calls=PARALLEL_READS, deterministic=True)
    return steps.prefetch(2).with_options(options())


def _dealt(rows, replicas):
    """Row i goes to replica i % replicas, so that all have about as many images."""
    return tf.reshape(tf.transpose(tf.reshape(rows, [-1, replicas])), [-1])


def _woven(batches):
    """`n` batches `[B]` as `[B * n]`, as the training step takes them apart."""
    return tf.reshape(tf.stack(batches, axis=1), [-1])
