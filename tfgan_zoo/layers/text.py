"""Layers that condition on text."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.former_names import Renamed
from tfgan_zoo.layers.rng import active_rng


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class EmbeddingBag(Renamed, former="TokenSum"):
    """Token ids `[B, T]` -> the sum of their embeddings over the root of their number, `[B, units]`.

    An id of 0 is no token. The sum is taken in float32.

    Args:
        vocabulary_size: Int. Number of embeddings.
        units: Int. Their length.
    """

    def __init__(self, vocabulary_size: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.vocabulary_size, self.units = vocabulary_size, units

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=(self.vocabulary_size, self.units),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            autocast=False,
            name="embeddings",
        )

    def call(self, inputs):
        is_token = tf.cast(inputs > 0, tf.float32)
        found = tf.gather(tf.convert_to_tensor(self.embeddings), inputs) * is_token[..., None]
        count = tf.maximum(tf.reduce_sum(is_token, axis=1, keepdims=True), 1.0)
        return tf.cast(tf.reduce_sum(found, axis=1) / tf.sqrt(count), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        own = {"vocabulary_size": self.vocabulary_size, "units": self.units}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ConditioningAugmentation(keras.layers.Layer):
    """In training a normal draw around a learned mean, of a learned variance; else the mean.

    Args:
        units: Int. Length of the result.

    Reference: Zhang et al., "StackGAN", 2017, section 3.2.
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        initializer = keras.initializers.RandomNormal(stddev=0.02)
        self.dense = keras.layers.Dense(
            2 * units, kernel_initializer=initializer, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.dense.build(input_shape)

    def moments(self, inputs):
        """Mean and logarithm of the variance, float32 `[B, units]` each."""
        return tf.split(tf.cast(self.dense(inputs), tf.float32), 2, axis=1)

    def call(self, inputs, training=False):
        mean, log_variance = self.moments(inputs)
        rng = active_rng() if training else None
        if rng is not None:
            mean += tf.exp(0.5 * log_variance) * rng.normal([self.units])
        return tf.cast(mean, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
