"""What networks that grow are made of: images and features of two sizes, mixed.

Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, figure 2).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers.resampling import resample

BOX = (1, 1)  # the filter of nearest neighbours, and of averages


def doubled(images):
    """Each pixel as four: `[B, H, W, C]` -> `[B, 2 H, 2 W, C]`."""
    return resample(images, BOX, up=2, padding=(1, 0), gain=4.0)


def halved(images):
    """The mean of each four pixels: `[B, H, W, C]` -> `[B, H / 2, W / 2, C]`."""
    return resample(images, BOX, down=2)


def mixed(old, new, alpha):
    """The new values with the share `alpha`, the old ones with the rest."""
    alpha = tf.cast(alpha, new.dtype)
    return (1 - alpha) * old + alpha * new


class _Growing(layers.Layer):
    """A layer that knows how far the networks are grown (`ProGAN.growth`), a weight of its own."""

    def build(self, input_shape):
        self.growth = self.add_weight(
            shape=(), initializer="zeros", trainable=False, autocast=False, name="growth"
        )


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class GrownImages(_Growing):
    """Of images `[B, H, W, C]`, each twice as large as the last, the current one at the largest size.

    Between two sizes it is the mixture of both. When drawn, it is clipped to [-1, 1].
    """

    def call(self, inputs, training=False):
        images = inputs[0]
        for level, larger in enumerate(inputs[1:], start=1):
            alpha = tf.clip_by_value(self.growth - (level - 1), 0.0, 1.0)
            images = mixed(doubled(images), larger, alpha)
        return images if training else tf.clip_by_value(images, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape[-1]


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class GrownFeatures(_Growing):
    """Features of a level, of which there are old ones, from halved images, and new ones."""

    def call(self, inputs, level):
        return mixed(*inputs, tf.clip_by_value(self.growth - level, 0.0, 1.0))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ChannelBias(layers.Layer):
    """Adds a learned number to each channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="bias")

    def call(self, inputs):
        return inputs + tf.convert_to_tensor(self.bias)

    def compute_output_shape(self, input_shape):
        return input_shape
