"""Gain and bias of feature maps, given for each example."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Modulation(keras.layers.Layer):
    """`x * (1 + gain) + bias`, with a gain and bias for each example that another layer made.

    After batch normalization without a gain and a bias of its own, this is conditional batch
    normalization: the numbers are linear in the label (Dumoulin et al. 2017; Miyato and Koyama 2018,
    section 4) or in latents and a class embedding (Brock et al. 2019, section 3). They are applied in
    float32, since 1 + gain in half precision would round small gains away.

    Inputs: feature maps `[B, H, W, C]`, gains `[B, C]` and biases `[B, C]`, of any float dtype;
    the output has the dtype of the policy.
    """

    def call(self, inputs):
        x, gains, biases = (tf.cast(value, tf.float32) for value in inputs)
        outputs = x * (1 + gains[:, None, None]) + biases[:, None, None]
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
