"""The blur of what the discriminator is shown."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.regularizers import Blur


def test_blur():
    """Of a point: a Gaussian bell, to 1e-6 of its sum; half as wide in the middle of its steps, and none
    at their end."""
    gan = make("StyleGAN3", regularizers=[Blur(1.5, steps=4)])
    point = np.zeros((1, 33, 33, 1), np.float32)
    point[:, 16, 16] = 1
    gan.observe("discriminator", {})  # the first update, by which its steps begin
    places = np.arange(-5, 6)
    for step, stddev in ((0, 1.5), (2, 0.75), (4, 1e-3)):
        gan.iterations.assign(step)
        bell = np.exp(-0.5 * (places / stddev) ** 2)
        expected = np.outer(bell, bell) / bell.sum() ** 2
        found = gan.augment_images(tf.constant(point), None).numpy()
        np.testing.assert_allclose(found[0, 11:22, 11:22, 0], expected, atol=1e-6)
        assert found.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_what_is_no_longer_blurred(mode):
    """The images themselves, infinities too, of which a filter would make NaN; gradients pass. Before
    the end all are filtered."""
    gan = make("StyleGAN3", regularizers=[Blur(1.5, steps=4)])
    gan.observe("discriminator", {})
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)
    images[0, 0, 0] = np.inf

    def blurred(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            found = gan.augment_images(images, None)
        return found, tape.gradient(found, images)

    function = tf.function(blurred, jit_compile=mode == "xla") if mode != "eager" else blurred
    for step, kept in ((3, False), (4, True), (5, True)):
        gan.iterations.assign(step)
        found, gradient = function(tf.constant(images))
        assert np.array_equal(found, images) is kept
        assert np.array_equal(gradient, np.ones_like(images)) is kept
        assert np.isfinite(found[1]).all() and np.isnan(found[0]).any() == (not kept)
