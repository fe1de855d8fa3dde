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
