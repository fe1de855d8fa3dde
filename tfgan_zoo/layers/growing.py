"""Layers of networks that grow: images and features of two sizes, faded from one into the other.

Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, figure 2).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers.former_names import Renamed
from tfgan_zoo.layers.resampling import resample

BOX = (1, 1)  # the filter of nearest neighbours, and of averages


def upscale2d(images: tf.Tensor):
    """Each pixel as four: `[B, H, W, C]` -> `[B, 2 H, 2 W, C]`."""
    return resample(images, BOX, up=2, padding=(1, 0), gain=4.0)


def downscale2d(images: tf.Tensor):
    """The mean of each four pixels: `[B, H, W, C]` -> `[B, H / 2, W / 2, C]`."""
    return resample(images, BOX, down=2)


def lerp(old, new, alpha: tf.Tensor):
    """Linear interpolation: the old values at `alpha` = 0, the new ones at 1."""
    alpha = tf.cast(alpha, new.dtype)
    return (1 - alpha) * old + alpha * new


class _FadeIn(Renamed):
    """A layer that knows how far the networks are grown (`ProGAN.growth`), a weight of its own."""

    def build(self, input_shape):
        self.growth = self.add_weight(
            shape=(), initializer="zeros", trainable=False, autocast=False, name="growth"
        )


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class FadeInImages(_FadeIn, former="GrownImages"):
    """Images of the current size, enlarged to the largest. Its inputs are of all sizes, smallest first.

    While a size fades in, they are interpolated between it and the size before. Outside training they
    are clipped to [-1, 1].
    """

    def call(self, inputs, training=False):
        images = inputs[0]
        for level, larger in enumerate(inputs[1:], start=1):
            alpha = tf.clip_by_value(self.growth - (level - 1), 0.0, 1.0)
            images = lerp(upscale2d(images), larger, alpha)
        return images if training else tf.clip_by_value(images, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape[-1]


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class FadeInFeatures(_FadeIn, former="GrownFeatures"):
    """Features of a level, interpolated between old ones, of downscaled images, and new ones."""

    def call(self, inputs, level):
        return lerp(*inputs, tf.clip_by_value(self.growth - level, 0.0, 1.0))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ChannelBias(layers.Layer):
    """Adds a learned number to each channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, inputs):
        return inputs + tf.convert_to_tensor(self.bias)

    def compute_output_shape(self, input_shape):
        return input_shape
