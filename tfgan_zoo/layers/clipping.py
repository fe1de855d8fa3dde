"""Values kept within a range."""

from typing import Any

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


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Clamp(keras.layers.Layer):
    """Clips a feature map to [-limit, limit], in training too, so that half precision can hold it.

    Args:
        limit: Float above 0.

    Reference: Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020
    (arXiv:2006.06676, appendix D).
    """

    def __init__(self, limit: float, **kwargs: Any):
        super().__init__(**kwargs)
        if not limit > 0:
            raise ValueError(f"limit must be above 0. Received: {limit}.")
        self.limit = limit

    def call(self, inputs):
        return keras.ops.clip(inputs, -self.limit, self.limit)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "limit": self.limit}
