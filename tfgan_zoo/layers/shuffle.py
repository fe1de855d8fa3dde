"""Pixels from channels and back: sub-pixel enlargement.

Reference: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
Convolutional Neural Network", 2016 (arXiv:1609.05158).
"""

from typing import Any

import keras
import tensorflow as tf


class _Shuffle(keras.layers.Layer):
    def __init__(self, scale: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class PixelShuffle(_Shuffle):
    """`[B, H, W, s * s * C]` -> `[B, s * H, s * W, C]`.

    Channel (dy * s + dx) * C + c becomes channel c of the pixel (dy, dx) of each square, the order of
    `tf.nn.depth_to_space`; PyTorch's is c * s * s + dy * s + dx.

    Args:
        scale: Int s.
    """

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.scale)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [side and side * self.scale for side in sides]
        return (batch, *sides, channels // self.scale**2)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class PixelUnshuffle(_Shuffle):
    """The inverse of `PixelShuffle`: `[B, s * H, s * W, C]` -> `[B, H, W, s * s * C]`.

    Args:
        scale: Int s.
    """

    def call(self, inputs):
        return tf.nn.space_to_depth(inputs, self.scale)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        sides = [side and side // self.scale for side in sides]
        return (batch, *sides, channels * self.scale**2)
