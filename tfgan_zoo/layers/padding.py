"""Padding by reflection, also of images smaller than what is added."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ReflectionPadding2D(keras.layers.Layer):
    """Pads `[B, H, W, C]` on all sides by what is beside the border, mirrored: `[B, H + 2p, W + 2p, C]`.

    It is TensorFlow's MirrorPad, which ONNX and LiteRT have too.

    Args:
        padding: Int p, less than H and W.
    """

    def __init__(self, padding: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs):
        around = [self.padding] * 2
        return tf.pad(inputs, [[0, 0], around, around, [0, 0]], "REFLECT")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = [side and side + 2 * self.padding for side in (height, width)]
        return (batch, *sides, channels)

    def get_config(self):
        return {**super().get_config(), "padding": self.padding}


def reflected(images: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor) -> tf.Tensor:
    """Images `[B, H, W, C]` made `[B, height, width, C]` by mirroring them to the right and down, as
    often as it takes.

    Args:
        images: Tensor.
        height, width: Ints or int32 scalars, at least H and W.
    """
    shape = tf.shape(images)
    images = tf.gather(images, _places(shape[1], height), axis=1)
    return tf.gather(images, _places(shape[2], width), axis=2)


def reflected_to_multiple(images: tf.Tensor, whole: int, least: int = 1) -> tf.Tensor:
    """Images `[B, H, W, C]` mirrored to the right and down, to sides that are multiples of `whole`, and
    `least` or more."""
    height, width = (
        tf.maximum((side + whole - 1) // whole, -(-least // whole)) * whole
        for side in tf.unstack(tf.shape(images)[1:3])
    )
    sides = images.shape[1:3]
    fits = None not in sides and all(not side % whole and side >= least for side in sides)
    return images if fits else reflected(images, height, width)


def _places(size, wanted):
    """Which pixel stands at each place: 0, 1, …, size - 1, size - 2, …, 1, 0, 1, …"""
    period = tf.maximum(2 * (size - 1), 1)
    places = tf.range(wanted) % period
    return tf.where(places < size, places, period - places)
