"""Random draws that are a function of (seed, step, place in the global batch) and of nothing else."""

import contextlib
import threading

import tensorflow as tf

_active = threading.local()  # one per thread: MirroredStrategy traces each replica in its own


class Draws:
    """The random numbers of one update, for `count` examples of a global batch.

    Every draw is made for the whole global batch and cut to the rows asked for. An example thus gets
    the same numbers on one replica and on many, and a resumed run repeats those of an unbroken one.
    The generator is Philox by name, since the default differs between XLA and the TensorFlow kernels.

    Args:
        seed: Int in [0, 2**31). The model's seed.
        update: Int64 scalar tensor. Counts the updates of all players since the model was made.
        total: Int. Examples in the global batch.
        start: Int or int32 scalar tensor. Place of this part's first example in the global batch.
        count: Int. Examples in this part.
    """

    def __init__(self, seed, update, total, start, count):
        self.seed, self.update = seed, update
        self.total, self.start, self.count = total, start, count
        self._made = 0

    def normal(self, shape):
        """Standard normal draws, float32 `[count, *shape]`."""
        return self._rows(tf.random.stateless_normal, shape)

    def uniform(self, shape, low=0.0, high=1.0):
        """Uniform draws from [low, high), float32 `[count, *shape]`."""
        return low + (high - low) * self._rows(tf.random.stateless_uniform, shape)

    def _rows(self, draw, shape):
        self._made += 1
        seed = tf.stack([tf.constant(self.seed << 20 | self._made, tf.int64), self.update])
        everything = draw([self.total, *shape], seed, alg="philox")
        return tf.slice(everything, [self.start, *(0 for _ in shape)], [self.count, *shape])

    @contextlib.contextmanager
    def active(self):
        """Makes these the draws that layers such as `Dropout` use, in this thread."""
        previous, _active.draws = getattr(_active, "draws", None), self
        try:
            yield self
        finally:
            _active.draws = previous


def active_draws():
    """The draws of the update being traced in this thread, or None outside of one."""
    return getattr(_active, "draws", None)
