"""Sums of clipped gradients, one of each example."""

import contextlib
import logging

import tensorflow as tf

from tfgan_zoo.privacy.sampling import MASK

ROWS = 16  # computed at once by default


def clipped_sum(gradients_of, rows, shapes, l2_norm_clip, part):
    """The sum of the gradients of all rows that are not masked, each cut to a length.

    An example whose gradient is not finite counts as 0: the sum of others must not tell that there is
    one.

    Args:
        gradients_of: From one row, a dictionary of tensors without the axis of rows, to a list of
            gradients.
        rows: Dictionary of tensors `[B, …]`, B a multiple of `part`; a `MASK` of 1 comes first.
        shapes: List of shapes of the gradients.
        l2_norm_clip: Float.
        part: Int. How many rows are computed at once.

    Returns:
        List of float32 tensors.
    """

    def one(row):
        gradients = [tf.cast(g, tf.float32) for g in gradients_of(row)]
        length = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(g)) for g in gradients]))
        counts = (row[MASK] > 0) & tf.math.is_finite(length)
        scale = tf.minimum(1.0, l2_norm_clip / length)  # infinity of a length of 0
        return [tf.where(counts, scale * g, 0.0) for g in gradients]

    def add(number, sums):
        first = number * part
        piece = {
            name: tf.ensure_shape(value[first:][:part], [part, *value.shape[1:]])
            for name, value in rows.items()
        }
        with _without_advice():
            found = tf.vectorized_map(one, piece, warn=False)
        found = [tf.reduce_sum(gradients, axis=0) for gradients in found]
        return number + 1, [a + b for a, b in zip(sums, found, strict=True)]

    drawn = tf.cast(tf.reduce_sum(rows[MASK]), tf.int32)
    nothing = [tf.zeros(shape) for shape in shapes]
    return tf.while_loop(lambda number, _: number * part < drawn, add, (0, nothing))[1]


@contextlib.contextmanager
def _without_advice():
    """Within it TensorFlow does not say which of its operations it vectorises by a loop."""
    logger = logging.getLogger("tensorflow")
    told = lambda record: "while_loop" not in record.getMessage()  # noqa: E731
    logger.addFilter(told)
    try:
        yield
    finally:
        logger.removeFilter(told)
