"""Activations with a gain; leaky units that a gradient penalty passes twice at the price of once."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class LeakyReLU(keras.layers.Layer):
    """`x` where positive, `negative_slope * x` elsewhere, times `gain`.

    The function is linear on both sides, so its second derivative is 0. TensorFlow's gradient of the
    gradient returns zeros for it, which are then carried back through the whole critic; here there is
    nothing to carry. Values and gradients are those of `keras.layers.LeakyReLU`.

    Args:
        negative_slope: Float above 0.
        gain: Float. With sqrt(2) the units keep the variance of their inputs (StyleGAN2).
    """

    def __init__(self, negative_slope: float = 0.2, gain: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        if not negative_slope > 0:
            raise ValueError(f"negative_slope must be above 0. Received: {negative_slope}.")
        self.negative_slope, self.gain = negative_slope, gain

    def call(self, inputs):
        slope = self.negative_slope

        @tf.custom_gradient
        def leaky_relu(x):
            y = tf.nn.leaky_relu(x, slope)

            def gradient(upstream):
                side = tf.stop_gradient(y)  # has the sign of x
                return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=side, alpha=slope)

            return y, gradient

        outputs = leaky_relu(inputs)
        return outputs if self.gain == 1 else outputs * tf.cast(self.gain, outputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"negative_slope": self.negative_slope, "gain": self.gain}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ScaledActivation(keras.layers.Layer):
    """An activation of Keras times a factor.

    Args:
        activation: Its name, "swish" or another one that `keras.activations.get` knows.
        gain: Float.
    """

    def __init__(self, activation: str, gain: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation, self.gain = activation, gain
        self._function = keras.activations.get(activation)

    def call(self, inputs):
        outputs = self._function(inputs)
        return outputs if self.gain == 1 else outputs * tf.cast(self.gain, outputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "activation": self.activation, "gain": self.gain}
