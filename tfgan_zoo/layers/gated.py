"""Gated convolutions, which learn where a feature map is to be trusted."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.convolution import Conv2D


def _preserving():
    return keras.initializers.VarianceScaling(4.0, "fan_in", "untruncated_normal")


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class GatedConv2D(Conv2D):
    """A convolution whose outputs are multiplied by gates in (0, 1), the sigmoid of a second one.

    Initial weights have the variance 4 / fan_in: gates, a half at first, then keep signals as they are,
    where Glorot's weights would leave a thousandth after a few layers.

    Args:
        filters: Int. Channels of the output; the kernel has twice as many.
        kernel_size: Int, or two of them.
        activation: Of what is multiplied; None: linear.
        kwargs: Of `keras.layers.Conv2D`; `padding` is "same" where it is not given.

    Reference: Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019 (arXiv:1806.03589,
    equation 3).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        activation: Any = "elu",
        **kwargs: Any,
    ):
        own = {"padding": "same", "kernel_initializer": _preserving()}
        super().__init__(2 * filters, kernel_size, **{**own, **kwargs})
        self.feature_activation = keras.activations.get(activation)

    def call(self, inputs):
        features, gates = tf.split(super().call(inputs), 2, axis=-1)
        return self.feature_activation(features) * tf.sigmoid(gates)

    def compute_output_shape(self, input_shape):
        *places, channels = super().compute_output_shape(input_shape)
        return (*places, channels // 2)

    def get_config(self):
        activation = keras.activations.serialize(self.feature_activation)
        own = {"filters": self.filters // 2, "activation": activation}
        return {**super().get_config(), **own}
