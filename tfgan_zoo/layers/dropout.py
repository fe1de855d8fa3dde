"""Dropout whose masks a resumed or distributed run repeats."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.rng import active_rng


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Dropout(keras.layers.Layer):
    """Zeroes a share of its inputs while training, and scales up the rest.

    `keras.layers.Dropout` keeps its state in a `SeedGenerator`, which draws the same mask on every
    replica and is not restored from a `.keras` file. Here the masks come from the training step.

    Args:
        rate: Float in [0, 1). The share of inputs set to zero.

    Reference: Srivastava et al., "Dropout", JMLR 2014.
    """

    def __init__(self, rate: float, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must lie in [0, 1). Received: rate={rate}.")
        self.rate = rate

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        rng = active_rng()
        shape = inputs.shape[1:]
        uniform = rng.uniform(shape) if rng else tf.random.uniform(tf.shape(inputs))
        scaled = inputs / tf.cast(1 - self.rate, inputs.dtype)
        return tf.where(uniform >= self.rate, scaled, tf.zeros_like(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate}
