"""Noise that a generator can use for what no latent needs to say."""

import contextlib
import threading
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.layers.rng import Rng, active_rng

NOISE_MODES = ("const", "random", "none")
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


@contextlib.contextmanager
def drawn_noise(mode, seed, rows):
    """`noise_mode` of a name, whose random noise is a function of a seed and the place in the batch.

    Args:
        mode: One of `NOISE_MODES`.
        seed: Int in [0, 2**31).
        rows: Int, the size of the batch; None where it is not known.

    Raises:
        ValueError: An unknown mode, another seed, one that is a tensor of a graph too, or random noise
            of a batch whose size is not known.
    """
    if mode not in NOISE_MODES:
        raise ValueError(
            f"noise_mode must be one of {', '.join(map(repr, NOISE_MODES))}. Received: "
            f"noise_mode={mode!r}."
        )
    seed = numbers.integer("noise_seed", seed, 0, 2**31 - 1)
    if mode != "random":
        with noise_mode(mode):
            yield
        return
    if rows is None:
        raise ValueError("Random noise needs a batch whose size is known where it is traced.")
    rng = Rng(seed, tf.constant(0, tf.int64), 0, rows)
    with noise_mode(mode), rng.active():
        yield


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
