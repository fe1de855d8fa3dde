"""Gradients between a player's loss and the replicas: parts of a batch, and transforms of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES

import tfgan_zoo
from tfgan_zoo.engine import gradients
from tfgan_zoo.layers import Rng

BOUND, RATE = 1.05, 0.5


def rng(start=0, count=8):
    return Rng(5, tf.constant(3, tf.int64), start, count)


def test_the_random_numbers_of_parts_are_those_of_the_whole():
    whole, base = rng(start=4), rng(start=4)
    base.normal([1])  # what was drawn before a part was made changes none of its numbers
    parts = [base.part(first, count) for first, count in ((0, 3), (3, 1), (4, 4))]
    for shape in ([2], [3, 2], []):
        draws = [part.normal(shape) for part in parts]
        np.testing.assert_allclose(tf.concat(draws, 0), whole.normal(shape), 2e-6)  # of logarithms
        draws = [part.uniform(shape, -1.0, 1.0) for part in parts]
        np.testing.assert_array_equal(tf.concat(draws, 0), whole.uniform(shape, -1.0, 1.0))
    again = base.part(3, 5).part(1, 4)  # a part of a part
    np.testing.assert_array_equal(again.uniform([2]), rng(start=4).uniform([2])[4:])
    assert again.player_update is base.player_update and again.stage == base.stage


def clip_each(compute):
    """A transform: the mean of the gradients of examples, each cut to a length of `BOUND`."""

    def clipped(batch, rng, share):
        def one(row):
            rows = gradients.rows_of(batch, row, 1)
            found, logs = compute(rows, rng.part(row, 1), 1.0)
            found, _ = tf.clip_by_global_norm(found, BOUND)
            return tf.nest.map_structure(lambda value: value * share / rng.count, (found, logs))

        add = lambda sums, row: tf.nest.map_structure(tf.add, sums, one(row))  # noqa: E731
        return tf.foldl(add, tf.range(1, rng.count), one(0))

    return clipped


class Clipped(tfgan_zoo.DCGAN):
    def players(self):
        discriminator, generator = super().players()
        return [discriminator._replace(transforms=(clip_each,)), generator]


def by_a_loop(gan, images):
    """The mean of the cut gradients, in NumPy, and their lengths before, of one image after another."""
    variables, total, lengths = gan.discriminator.trainable_variables, 0.0, []
    for row, image in enumerate(images):
        alone = Rng(gan.seed, tf.constant(0, tf.int64), row, 1)
        with tf.GradientTape() as tape:
            loss, _ = gan.discriminator_loss({"images": tf.constant(image[None])}, alone)
        flat = np.concatenate([np.float64(g).ravel() for g in tape.gradient(loss, variables)])
        lengths.append(np.linalg.norm(flat))
        total += flat * min(1.0, BOUND / lengths[-1]) / len(images)
    return total, np.array(lengths)


def weights(gan):
    return np.concatenate([np.ravel(v.numpy()) for v in gan.discriminator.trainable_variables])


@pytest.mark.parametrize(("replicas", "parts"), [(1, 2), (2, 1)])
def test_a_transform_that_clips_each_example(replicas, parts, images, mirrored):
    """As a loop over the images, on one replica and on two, and within parts of a batch."""
    plain = dict.fromkeys(("generator_normalization", "discriminator_normalization"))
    options = {**CASES["DCGAN"], **plain, "seed": 5, "gradient_accumulation_steps": parts}
    with (mirrored if replicas == 2 else tf.distribute.get_strategy()).scope():
        gan = Clipped(**options)
    for network in gan.networks().values():
        network.set_weights([5 * weight for weight in network.get_weights()])
    expected, lengths = by_a_loop(gan, images[:8])
    assert lengths.min() < BOUND < lengths.max()  # some are cut, and some are not
    before = weights(gan)
    sgd = keras.optimizers.SGD
    gan.compile(sgd(RATE), sgd(RATE), run_eagerly=replicas == 1)
    gan.fit(images[:8], batch_size=8, shuffle=False, verbose=0)
    np.testing.assert_allclose(weights(gan), before - RATE * expected, rtol=1e-5, atol=1e-7)
