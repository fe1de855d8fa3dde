"""The input of StyleGAN3's generator: waves over an infinite plane, of which it sees a part.

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423,
section 3).
"""

import contextlib
import math
import threading
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.layers.equalized import Equalized

_given = threading.local()


@contextlib.contextmanager
def input_transform(transform):
    """What `FourierFeatures` takes in place of its own `transform` within, in this thread: floats
    `[3, 3]` or `[B, 3, 3]`; None leaves it."""
    previous, _given.transform = getattr(_given, "transform", None), transform
    try:
        yield
    finally:
        _given.transform = previous


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class FourierFeatures(Equalized):
    """Mixed sine waves where a style and a transform put them: `[B, D]` -> `[B, size, size, channels]`.

    Frequencies and phases are drawn once and not learned. A linear layer of the style gives a rotation
    and a translation, which are none at first, and a learned matrix mixes the waves. The weight
    `transform`, `[3, 3]`, moves the plane as well: it maps homogeneous coordinates (x to the right, y
    down, 1) of the image to those of what is seen without it, so that it is the inverse of how the image
    moves. The unit of length is the edge of the image. Waves that a transform makes too short for the
    sampling rate are damped.

    Args:
        channels: Int C.
        size: Int. Edge of the feature map.
        sampling_rate: Float. Samples for each unit of length.
        bandwidth: Float. Of the waves' frequencies.
    """

    def __init__(
        self, channels: int, size: int, sampling_rate: float, bandwidth: float, **kwargs: Any
    ):
        super().__init__(use_bias=False, **kwargs)
        self.channels, self.size = channels, size
        self.sampling_rate, self.bandwidth = sampling_rate, bandwidth

    def build(self, input_shape):
        self._add_weights((self.channels, self.channels))
        self.style_kernel = self._weight("style_kernel", (input_shape[-1], 4), "zeros", True)
        self.style_bias = self._weight("style_bias", (4,), _constant([1.0, 0.0, 0.0, 0.0]), True)
        normal = keras.initializers.RandomNormal(stddev=1.0)((self.channels, 2))
        radii = tf.norm(normal, axis=1, keepdims=True)
        spread = normal / (radii * tf.exp(tf.square(radii) / 4))
        uniform = keras.initializers.RandomUniform(-0.5, 0.5)
        waves = _constant(self.bandwidth * spread)
        self.frequencies = self._weight("frequencies", (self.channels, 2), waves)
        self.phases = self._weight("phases", (self.channels,), uniform)
        self.transform = self._weight("transform", (3, 3), _constant(tf.eye(3)))

    def _weight(self, name, shape, initializer, trainable=False):
        return self.add_weight(
            shape=shape, initializer=initializer, trainable=trainable, autocast=False, name=name
        )

    def scaled_style_kernel(self):
        """The kernel of the style's linear layer that is applied, float32 `[D, 4]`."""
        return tf.convert_to_tensor(self.style_kernel) / self.style_kernel.shape[0] ** 0.5

    def call(self, inputs):
        waves = tf.cast(self._waves(tf.cast(inputs, tf.float32)), self.compute_dtype)
        return tf.tensordot(waves, tf.cast(self.scaled_kernel(), waves.dtype), 1)

    def _waves(self, latents):
        """float32 `[B, size, size, C]`."""
        transforms = self._transforms(latents)
        frequencies = tf.convert_to_tensor(self.frequencies)
        phases = self.phases + tf.einsum("cj,bj->bc", frequencies, transforms[:, :2, 2])
        frequencies = tf.einsum("cj,bjk->bkc", frequencies, transforms[:, :2, :2])
        excess = tf.norm(frequencies, axis=1) - self.bandwidth
        amplitudes = 1 - excess / (self.sampling_rate / 2 - self.bandwidth)
        amplitudes = tf.clip_by_value(amplitudes, 0.0, 1.0)
        places = ((np.arange(self.size) + 0.5 - self.size / 2) / self.sampling_rate).astype("f")
        across = places[:, None] * frequencies[:, None, 0]
        down = places[:, None] * frequencies[:, None, 1] + phases[:, None]
        cycles = across[:, None] + down[:, :, None]
        return tf.sin(2 * math.pi * cycles) * amplitudes[:, None, None]

    def _transforms(self, latents):
        """Matrices `[B, 3, 3]`: translation and rotation of the style after the given transform."""
        values = tf.matmul(latents, self.scaled_style_kernel()) + self.style_bias
        values = values / tf.norm(values[:, :2], axis=1, keepdims=True)
        cosine, sine, x, y = tf.unstack(values, axis=1)
        zero, one = tf.zeros_like(x), tf.ones_like(x)
        rotation = _matrices([[cosine, -sine, zero], [sine, cosine, zero], [zero, zero, one]])
        translation = _matrices([[one, zero, -x], [zero, one, -y], [zero, zero, one]])
        given = getattr(_given, "transform", None)
        given = tf.convert_to_tensor(self.transform) if given is None else given
        return rotation @ translation @ tf.cast(given, tf.float32)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, self.channels)

    def get_config(self):
        config = super().get_config()
        del config["use_bias"]
        own = {
            "channels": self.channels,
            "size": self.size,
            "sampling_rate": self.sampling_rate,
            "bandwidth": self.bandwidth,
        }
        return {**config, **own}


def _constant(values):
    """An initializer that gives these."""
    return lambda *_, **__: tf.convert_to_tensor(values)


def _matrices(rows):
    return tf.stack([tf.stack(row, axis=1) for row in rows], axis=1)
