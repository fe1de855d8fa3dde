"""Blur of all images."""

import math

import tensorflow as tf

from tfgan_zoo.regularizers.scheduled import Scheduled


class Blur(Scheduled):
    """Blurs all images that the discriminator sees, so that it learns coarse structure first.

    The filter is Gaussian, of three standard deviations to each side; beyond the border images are 0.
    Penalties are taken at the blurred images.

    Args:
        stddev: Float. The filter's standard deviation in pixels.
        steps: Int. Steps, from the first with this regularizer, in which it falls to 0, in a straight
            line; 0 leaves it as it is.

    Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423).
    """

    bounds = {"stddev": ">= 0", "steps": ">= 0"}

    def __init__(self, stddev: float = 10.0, steps: int = 0):
        self.stddev = stddev
        self.steps = steps

    def augment_images(self, model, images, rng):
        if not self.stddev:
            return images
        if not self.steps:
            return self._blurred(images, self.stddev)
        share = 1 - self.progress(model)
        return tf.cond(
            share > 0, lambda: self._blurred(images, self.stddev * share), lambda: images
        )

    def _blurred(self, images, stddev):
        reach = math.ceil(3 * self.stddev)
        places = tf.range(-reach, reach + 1, dtype=tf.float32)
        taps = tf.exp(-0.5 * tf.square(places / tf.maximum(stddev, 1e-3)))
        taps = tf.tile((taps / tf.reduce_sum(taps))[:, None], [1, images.shape[-1]])
        for kernel in (taps[:, None, :, None], taps[None, :, :, None]):
            images = tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "SAME")
        return images
