"""Small parts of style-based generators."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.equalized import Equalized
from tfgan_zoo.layers.former_names import Renamed


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ConstantInput(Renamed, former="LearnedConstant"):
    """The same learned feature map for every row of the input, `[B, ...]` -> `[B, *shape]`.

    It starts from N(0, 1), as in StyleGAN2. (StyleGAN starts from ones, a plane without variance, which
    its instance normalization divides by next to nothing.)

    Args:
        shape: `(height, width, channels)`.

    Reference: Karras et al., "A Style-Based Generator Architecture", 2019 (section 2).
    """

    def __init__(self, shape: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape):
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.constant = self.add_weight(
            shape=self.shape, initializer=normal, autocast=False, name="constant"
        )

    def call(self, inputs):
        constant = tf.cast(tf.convert_to_tensor(self.constant), self.compute_dtype)
        return tf.broadcast_to(constant, [tf.shape(inputs)[0], *self.shape])

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class MovingAverage(Renamed, former="StyleAverage"):
    """Returns its input `[B, D]`; in training, updates the moving average of its rows.

    Of styles, StyleGAN's code calls it `w_avg`.

    Args:
        momentum: Float in [0, 1). Share of the average that an update keeps.

    Reference: Karras et al., "A Style-Based Generator Architecture", 2019 (appendix B).
    """

    def __init__(self, momentum: float = 0.995, **kwargs: Any):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, input_shape):
        self.mean = self.add_weight(
            shape=(input_shape[-1],),
            initializer="zeros",
            trainable=False,
            autocast=False,
            name="mean",
        )

    def call(self, inputs, training=False):
        if training:
            mean = tf.reduce_mean(tf.cast(tf.stop_gradient(inputs), tf.float32), axis=0)
            self.mean.assign_add((1 - self.momentum) * (mean - self.mean))
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class AdaptiveInstanceNormalization(Equalized):
    """Gives each channel of each image the mean and scale that a linear layer makes of a style.

    Called on `[feature_map, style]`, `[B, H, W, C]` and `[B, D]`. Statistics are float32 (equation 1).
    """

    def build(self, input_shape):
        (*_, channels), (_, size) = input_shape
        self._add_weights((size, 2 * channels))

    def call(self, inputs):
        images, styles = (tf.cast(value, tf.float32) for value in inputs)
        affine = self._with_bias(tf.matmul(styles, self.scaled_kernel()))[:, None, None]
        scale, mean = tf.split(affine, 2, axis=-1)
        images -= tf.reduce_mean(images, axis=[1, 2], keepdims=True)
        variance = tf.reduce_mean(tf.square(images), axis=[1, 2], keepdims=True)
        images *= tf.math.rsqrt(variance + 1e-8)
        return tf.cast(images * (1 + scale) + mean, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
