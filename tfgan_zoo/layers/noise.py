"""Noise that a generator can use for what no latent needs to say."""

import contextlib
import threading
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.rng import active_rng

_mode = threading.local()


@contextlib.contextmanager
def noise_mode(mode):
    """What `NoiseInjection` adds within, in this thread: "const", what it adds by itself; "random",
    noise of the active `Rng`, in training or not; "none", nothing."""
    previous, _mode.value = getattr(_mode, "value", "const"), mode
    try:
        yield
    finally:
        _mode.value = previous


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class NoiseInjection(keras.layers.Layer):
    """Adds one plane of normal noise to all channels, `[B, H, W, C]`, times a learned strength.

    While training every image has noise of its own, from the training step. Else the noise is the
    layer's constant plane, a weight that is not trained, so that an image is a function of its latents.

    Args:
        per_channel: Whether each channel has its own strength (StyleGAN), or all share one (StyleGAN2).

    Reference: Karras et al., "A Style-Based Generator Architecture for Generative Adversarial
    Networks", 2019 (arXiv:1812.04948, section 2).
    """

    def __init__(self, per_channel: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.per_channel = per_channel

    def build(self, input_shape):
        _, height, width, channels = input_shape
        self.strength = self.add_weight(
            shape=(channels,) if self.per_channel else (),
            initializer="zeros",
            autocast=False,
            name="strength",
        )
        self.noise = self.add_weight(
            shape=(height, width, 1),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
            autocast=False,
            name="noise",
        )

    def call(self, inputs, training=False):
        mode = getattr(_mode, "value", "const")
        if mode == "none":
            return inputs
        rng = active_rng() if training or mode == "random" else None
        noise = rng.normal(self.noise.shape) if rng else tf.convert_to_tensor(self.noise)
        strength = tf.convert_to_tensor(self.strength)
        return inputs + tf.cast(strength * noise, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "per_channel": self.per_channel}
