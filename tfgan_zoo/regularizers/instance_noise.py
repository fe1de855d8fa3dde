"""Noise on all images."""

import tensorflow as tf

from tfgan_zoo.regularizers.scheduled import Scheduled


class InstanceNoise(Scheduled):
    """Adds normal noise to all images that the discriminator sees.

    Args:
        stddev: Float. The noise's standard deviation.
        steps: Int. Steps, from the first with this regularizer, in which it falls to 0, in a straight
            line; 0 leaves it as it is.

    Reference: Sønderby et al., "Amortised MAP Inference for Image Super-resolution", 2017
    (arXiv:1610.04490), section 3.2.
    """

    bounds = {"stddev": ">= 0", "steps": ">= 0"}

    def __init__(self, stddev: float = 0.1, steps: int = 0):
        self.stddev = stddev
        self.steps = steps

    def augment_images(self, model, images, rng):
        if not self.stddev:
            return images
        scale = tf.constant(self.stddev, tf.float32)
        if self.steps:
            scale *= 1 - self.progress(model)
        return images + scale * rng.normal(images.shape[1:])
