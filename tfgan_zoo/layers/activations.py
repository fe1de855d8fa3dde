"""Leaky rectified linear units that a gradient penalty can pass twice at the price of once."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class LeakyReLU(keras.layers.Layer):
    """`x` where positive, `negative_slope * x` elsewhere.

    The function is linear on both sides, so its second derivative is 0. TensorFlow's gradient of the
    gradient returns zeros for it, which are then carried back through the whole critic; here there is
    nothing to carry. Values and gradients are those of `keras.layers.LeakyReLU`.

    Args:
        negative_slope: Float above 0.
    """

    def __init__(self, negative_slope=0.2, **kwargs):
        super().__init__(**kwargs)
        if not negative_slope > 0:
            raise ValueError(f"negative_slope must be above 0. Received: {negative_slope}.")
        self.negative_slope = negative_slope

    def call(self, inputs):
        slope = self.negative_slope

        @tf.custom_gradient
        def leaky_relu(x):
            y = tf.nn.leaky_relu(x, slope)

            def gradient(upstream):
                side = tf.stop_gradient(y)  # has the sign of x
                return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=side, alpha=slope)

            return y, gradient

        return leaky_relu(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "negative_slope": self.negative_slope}
