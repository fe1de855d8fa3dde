"""The end of generators whose paper puts no tanh there."""

import keras


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Clip(keras.layers.Layer):
    """Clips images to [-1, 1], but not in training.

    A generator without a last activation leaves the range at times. While it learns, the discriminator
    must see that, and its gradient must pass; what is generated and served lies in the range.
    """

    def call(self, inputs, training=False):
        return inputs if training else keras.ops.clip(inputs, -1.0, 1.0)

    def compute_output_shape(self, input_shape):
        return input_shape
