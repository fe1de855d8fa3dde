"""Maps of twice the side, as PyTorch's bilinear interpolation makes them."""

import keras
import tensorflow as tf

from tfgan_zoo.layers.resampling import resample


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BilinearUpsampling2D(keras.layers.Layer):
    """`[B, H, W, C]` -> `[B, 2 H, 2 W, C]`, H and W known: bilinear, the border repeated.

    It is one convolution for each channel, whose gradient is deterministic, and which XLA has.
    """

    def call(self, inputs):
        _, height, width, _ = inputs.shape
        padded = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        doubled = resample(padded, (1, 3, 3, 1), up=2, gain=4.0)
        return doubled[:, : 2 * height, : 2 * width]

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)
