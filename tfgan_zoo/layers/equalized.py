"""Layers with an equalized learning rate.

Weights start from N(0, 1), and He's constant is multiplied in at every call rather than once into the
initial values. Optimizers that divide by the size of the gradient, such as Adam, then move all weights
at the same speed, whatever their layer's scale.

Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, section 4.1); the
multiplier: Karras et al., "A Style-Based Generator Architecture", 2019 (arXiv:1812.04948, appendix C).
"""

import math
from typing import Any

import keras
import tensorflow as tf


class Equalized(keras.layers.Layer):
    """The base: a kernel and a bias, both float32, and their factors at run time."""

    def __init__(
        self,
        gain: float = 1.0,
        learning_rate_multiplier: float = 1.0,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not learning_rate_multiplier > 0:
            raise ValueError(
                "learning_rate_multiplier must be above 0. Received: "
                f"learning_rate_multiplier={learning_rate_multiplier}."
            )
        self.gain, self.learning_rate_multiplier = gain, learning_rate_multiplier
        self.use_bias, self.bias_initializer = use_bias, keras.initializers.get(bias_initializer)

    def _add_weights(self, shape):
        self._scale = self.gain * self.learning_rate_multiplier / math.sqrt(math.prod(shape[:-1]))
        normal = keras.initializers.RandomNormal(stddev=1.0 / self.learning_rate_multiplier)
        self.kernel = self.add_weight(
            shape=shape, initializer=normal, autocast=False, name="kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight(
                shape=shape[-1:], initializer=self.bias_initializer, autocast=False, name="bias"
            )

    def scaled_kernel(self):
        """The kernel that is applied, float32: weights times gain times multiplier over sqrt(fan in)."""
        return tf.convert_to_tensor(self.kernel) * self._scale

    def _with_bias(self, outputs):
        if not self.use_bias:
            return outputs
        bias = tf.convert_to_tensor(self.bias) * self.learning_rate_multiplier
        return outputs + tf.cast(bias, outputs.dtype)

    def get_config(self):
        own = {
            "gain": self.gain,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "use_bias": self.use_bias,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class EqualizedDense(Equalized):
    """A linear map with an equalized learning rate: `[B, D]` -> `[B, units]`.

    Args:
        units: Int. Outputs.
        gain: Float. Factor of the kernel; sqrt(2) keeps the variance through rectified units.
        learning_rate_multiplier: Float above 0. Weights and bias move as if the learning rate were
            multiplied by it.
        use_bias: Whether a bias is added.
        bias_initializer: As in `keras.layers.Dense`; of the bias before the multiplier.
    """

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self._add_weights((input_shape[-1], self.units))

    def call(self, inputs):
        return self._with_bias(tf.matmul(inputs, tf.cast(self.scaled_kernel(), inputs.dtype)))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class EqualizedConv2D(Equalized):
    """A convolution with an equalized learning rate: `[B, H, W, C]` -> `[B, H', W', filters]`.

    Args:
        filters: Int. Output channels.
        kernel_size: Int. Height and width of the kernel.
        strides: Int.
        padding: "same" or "valid", as in `keras.layers.Conv2D`.

    All other arguments: see `EqualizedDense`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int = 1,
        padding: str = "same",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.strides, self.padding = strides, padding

    def build(self, input_shape):
        self._add_weights((self.kernel_size, self.kernel_size, input_shape[-1], self.filters))

    def call(self, inputs):
        kernel = tf.cast(self.scaled_kernel(), inputs.dtype)
        return self._with_bias(
            tf.nn.conv2d(inputs, kernel, self.strides, padding=self.padding.upper())
        )

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape
        lost = self.kernel_size - 1 if self.padding == "valid" else 0
        return (batch, *(-(-(side - lost) // self.strides) for side in sides), self.filters)

    def get_config(self):
        own = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
        }
        return {**super().get_config(), **own}
