"""Random draws that are a function of (seed, step, place in the global batch) and of nothing else.

TensorFlow's stateless draws are not used: with a seed that is computed, XLA's numbers differ from those
of the kernels, on CPUs, even where Philox is asked for by name (measured with TensorFlow 2.21).
"""

import contextlib
import hashlib
import threading

import numpy as np
import tensorflow as tf

_active = threading.local()  # one per thread: MirroredStrategy traces each replica in its own
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(key, counter):
    """The Threefry-2x32 generator with 20 rounds: two words for each key and counter.

    Args:
        key, counter: Pairs of uint32 tensors of shapes that broadcast.

    Returns:
        A pair of uint32 tensors.

    Reference: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011.
    """
    words = (*key, key[0] ^ key[1] ^ tf.constant(0x1BD11BDA, tf.uint32))
    first, second = counter[0] + words[0], counter[1] + words[1]
    for block in range(5):
        for rotation in _ROTATIONS[block % 2]:
            first += second
            left = tf.bitwise.left_shift(second, tf.constant(rotation, tf.uint32))
            right = tf.bitwise.right_shift(second, tf.constant(32 - rotation, tf.uint32))
            second = (left | right) ^ first
        first += words[(block + 1) % 3]
        second += words[(block + 2) % 3] + tf.constant(block + 1, tf.uint32)
    return first, second


@tf.function(autograph=False)  # one node of the graph that uses it, traced once for each shape
def uniform_rows(key, rows, size):
    """Uniform draws from [0, 1) on a grid of 2**-24, float32 `[N, size]`: row i of the generator `key`.

    Args:
        key: Pair of uint32 tensors that broadcast with `[N, 1]`.
        rows: uint32 `[N]`.
        size: Int.
    """
    pairs = tf.constant(np.arange((size + 1) // 2)[None], tf.uint32)
    bits = tf.concat(threefry(key, (rows[:, None], pairs)), axis=1)[:, :size]
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24


@tf.function(autograph=False)
def normal_rows(key, rows, size):
    """Standard normal draws, float32 `[N, size]`, by Box and Muller; arguments as `uniform_rows`."""
    half = (size + 1) // 2
    uniform = uniform_rows(key, rows, 2 * half)
    length = tf.sqrt(-2 * tf.math.log(1 - uniform[:, :half]))
    angle = 2 * np.pi * uniform[:, half:]
    return tf.concat([length * tf.cos(angle), length * tf.sin(angle)], axis=1)[:, :size]


class Rng:
    """The random numbers of one update, for `count` examples of a global batch.

    Row i of a draw belongs to the example at place `start + i` of the global batch. An example thus
    gets the same numbers on one replica and on many, and a resumed run repeats those of an unbroken one.

    Args:
        seed: Int in [0, 2**31). The model's seed.
        update: Int64 scalar tensor. Counts the updates of all players since the model was made.
        start: Int or int32 scalar tensor. Place of this part's first example in the global batch.
        count: Int. Examples in this part.
        stage: Int. The stage of training that the update is in, for models with several.
        player_update: Int64 scalar tensor. Counts the updates of this player alone; None for `update`.
    """

    def __init__(
        self,
        seed: int,
        update: tf.Tensor,
        start: int,
        count: int,
        stage: int = 0,
        player_update: tf.Tensor | None = None,
    ):
        self.seed, self.update, self.stage = seed, update, stage
        self.start, self.count = start, count
        self.player_update = update if player_update is None else player_update
        self.rows = tf.cast(start + tf.range(count), tf.uint32)
        self._made = 0

    def part(self, first, count):
        """New random numbers of this update, for `count` of the examples, from number `first`."""
        start = self.start + first
        return Rng(self.seed, self.update, start, count, self.stage, self.player_update)

    def of_examples(self, numbers, after):
        """New random numbers of this update, for the examples with these numbers, uint32 `[N]`, wherever
        they are in a batch. The draws follow those that `after`, an `Rng` of the update, has made."""
        found = self.part(0, numbers.shape[0])
        found.rows, found._made = numbers, after._made
        return found

    def normal(self, shape):
        """Standard normal draws, float32 `[count, *shape]`."""
        return self._draw(normal_rows, shape)

    def uniform(self, shape, low=0.0, high=1.0):
        """Uniform draws from [low, high), float32 `[count, *shape]`."""
        return low + (high - low) * self._draw(uniform_rows, shape)

    def latents(self, length, distribution):
        """Draws `[count, length]`: "normal", "truncated_normal" within [-2, 2], or "uniform" over
        [-1, 1)."""
        if distribution == "uniform":
            return self.uniform([length], -1.0, 1.0)
        drawn = self.normal([length])
        return drawn if distribution == "normal" else within(drawn, 2.0)

    def shared_uniform(self, shape):
        """Uniform draws from [0, 1), float32 `shape`, the same for all examples and on all replicas."""
        rows, self.rows = self.rows, tf.zeros([1], tf.uint32)
        try:
            return self._draw(uniform_rows, shape)[0]
        finally:
            self.rows = rows

    def _draw(self, function, shape):
        """The next draw of this update: each has a key of its own."""
        self._made += 1
        digest = hashlib.blake2b(f"{self.seed} {self._made}".encode(), digest_size=4).digest()
        key = (tf.constant(int.from_bytes(digest), tf.uint32), tf.cast(self.update, tf.uint32))
        values = function(key, self.rows, int(np.prod(shape)))
        return tf.reshape(values, [self.rows.shape[0], *shape])

    @contextlib.contextmanager
    def subsampled(self, k):
        """Within, random numbers are for every k-th example only."""
        rows, self.rows = self.rows, self.rows[::k]
        try:
            yield self
        finally:
            self.rows = rows

    @contextlib.contextmanager
    def active(self):
        """Makes these the random numbers that layers such as `Dropout` use, in this thread."""
        previous, _active.rng = getattr(_active, "rng", None), self
        try:
            yield self
        finally:
            _active.rng = previous


def active_rng():
    """The `Rng` of the update being traced in this thread, or None outside of one."""
    return getattr(_active, "rng", None)


def within(latents, bound):
    """Normal latents as normal ones within [-bound, bound], by the increasing map between the two."""
    share = tf.math.erf(bound / 2**0.5)  # of normal values within
    return 2**0.5 * tf.math.erfinv(share * tf.math.erf(latents / 2**0.5))
