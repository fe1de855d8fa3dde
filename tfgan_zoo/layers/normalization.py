"""Normalizations: of a batch by TensorFlow's fused kernel, of each image, of each pixel."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, whose training pass over `[B, H, W, C]` is one kernel instead of a dozen.

    The statistics are those of the rows of one replica; the training step averages the moving ones
    over the replicas.

    Args:
        by_image: Whether each image `[H, W, C]` is normalized by its own statistics where it is not
            trained, in place of the moving ones.

    All other arguments: see `keras.layers.BatchNormalization`.
    """

    def __init__(self, *args: Any, by_image: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.by_image = by_image

    def get_config(self):
        return {**super().get_config(), **({"by_image": True} if self.by_image else {})}

    def call(self, inputs, training=None, mask=None):
        if self.by_image and not (training and self.trainable):
            return _by_image(
                inputs, self.epsilon, self.gamma, self.beta
            )  # None where there is none
        fused = training and len(inputs.shape) == 4 and self.axis in (-1, 3) and self.trainable
        if not fused:
            return super().call(inputs, training=training, mask=mask)
        none, zeros = tf.constant([], tf.float32), tf.zeros([inputs.shape[-1]])
        outputs = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.cast(self.gamma, tf.float32) if self.scale else zeros + 1,
            offset=tf.cast(self.beta, tf.float32) if self.center else zeros,
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        pixels = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        # The kernel's variance is that of a sample, Keras's that of the population.
        self._move(self.moving_mean, outputs.batch_mean)
        self._move(self.moving_variance, outputs.batch_variance * (pixels - 1) / pixels)
        return outputs.y

    def _move(self, variable, value):
        variable.assign(variable * self.momentum + tf.stop_gradient(value) * (1 - self.momentum))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class InstanceNormalization(keras.layers.Layer):
    """Brings each channel of each image, `[B, H, W, C]`, to mean 0 and variance 1; sums are float32.

    A map of a single place becomes 0, and of `beta` what that adds: never NaN.

    Args:
        affine: Whether there are gains and biases to learn, of each channel.
        epsilon: Float, added to the variance.
        gamma_initializer: Of the gains.

    Reference: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast
    Stylization", 2016 (arXiv:1607.08022).
    """

    def __init__(
        self,
        affine: bool = True,
        epsilon: float = 1e-5,
        gamma_initializer: str | keras.initializers.Initializer = "ones",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.affine, self.epsilon = affine, epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        if self.affine:
            self.gamma = self.add_weight(
                shape=shape, initializer=self.gamma_initializer, name="gamma"
            )
            self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, inputs):
        own = (self.gamma, self.beta) if self.affine else (None, None)
        return _by_image(inputs, self.epsilon, *own)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        initializer = keras.initializers.serialize(self.gamma_initializer)
        own = {"affine": self.affine, "epsilon": self.epsilon, "gamma_initializer": initializer}
        return {**super().get_config(), **own}


def _by_image(inputs, epsilon, gamma, beta):
    x = tf.cast(inputs, tf.float32)
    mean, variance = tf.nn.moments(x, axes=[1, 2], keepdims=True)
    scale = tf.math.rsqrt(variance + epsilon)
    scale = scale if gamma is None else scale * tf.cast(gamma, tf.float32)
    x = (x - mean) * scale
    return tf.cast(x if beta is None else x + tf.cast(beta, tf.float32), inputs.dtype)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class PixelNormalization(keras.layers.Layer):
    """Brings each vector of channels, `[..., C]`, to a mean square of 1; the sums are float32.

    Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, section 4.2).
    """

    def call(self, inputs):
        x = tf.cast(inputs, tf.float32)
        square = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
        return tf.cast(x * tf.math.rsqrt(square + 1e-8), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
