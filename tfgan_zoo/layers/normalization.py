"""Normalizations: of a batch by TensorFlow's fused kernel, of each image, of each pixel."""

import math
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.convolution import is_cpu_graph

_ON_ROW = 1e-4  # of a table: how far float32 may be beside a row


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, whose training pass over `[B, H, W, C]` is one kernel instead of a dozen.

    The statistics are those of the rows of one replica; the training step averages the moving ones
    over the replicas.

    Args:
        by_image: Whether each image `[H, W, C]` is normalized by its own statistics where it is not
            trained, in place of the moving ones.

    All other arguments: see `keras.layers.BatchNormalization`.
    """

    def __init__(self, *args: Any, by_image: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.by_image = by_image

    def get_config(self):
        return {**super().get_config(), **({"by_image": True} if self.by_image else {})}

    def call(self, inputs, training=None, mask=None):
        if self.by_image and not (training and self.trainable):
            return _by_image(
                inputs, self.epsilon, self.gamma, self.beta
            )  # None where there is none
        fused = training and len(inputs.shape) == 4 and self.axis in (-1, 3) and self.trainable
        if not fused:
            return super().call(inputs, training=training, mask=mask)
        none, zeros = tf.constant([], tf.float32), tf.zeros([inputs.shape[-1]])
        outputs = tf.raw_ops.FusedBatchNormV3(
            x=tf.cast(inputs, tf.float32) if _is_slow(inputs) else inputs,
            scale=tf.cast(self.gamma, tf.float32) if self.scale else zeros + 1,
            offset=tf.cast(self.beta, tf.float32) if self.center else zeros,
            mean=none,
            variance=none,
            epsilon=self.epsilon,
            is_training=True,
        )
        pixels = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        # The kernel's variance is that of a sample, Keras's that of the population.
        self._move(self.moving_mean, outputs.batch_mean)
        self._move(self.moving_variance, outputs.batch_variance * (pixels - 1) / pixels)
        return tf.cast(outputs.y, inputs.dtype)

    def _move(self, variable, value):
        variable.assign(variable * self.momentum + tf.stop_gradient(value) * (1 - self.momentum))


def _is_slow(inputs):
    """Whether oneDNN has no fast kernel: of bfloat16 it has them for 16 channels and their multiples,
    and takes up to three times as long for others as for float32."""
    return is_cpu_graph() and inputs.dtype == tf.bfloat16 and inputs.shape[-1] % 16 != 0


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class TruncationBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization whose moving statistics are a table, `[rows, C]`, with a row for each of
    `rows` truncations from 0 to 1 in equal steps.

    Inputs: feature maps `[B, H, W, C]`, and truncations `[B]` in [0, 1]. Outside of training each
    example is normalized by the statistics of its truncation. Between two rows they are a mean of both,
    where the weight of the lower row is the share of the way to the upper one: so does the code that
    the published BigGAN-deep comes with (github.com/huggingface/pytorch-pretrained-BigGAN), and a usual
    interpolation swaps the two. Training normalizes by the batch, and moves the row of truncation 1.

    Args:
        rows: Int, 2 or more.

    All other arguments: see `keras.layers.BatchNormalization`.
    """

    def __init__(self, rows: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.rows = rows
        self.input_spec = None  # Keras's is that of one input

    def build(self, input_shape):
        channels = input_shape[0][-1]
        own = {"trainable": False, "autocast": False, "shape": (self.rows, channels)}
        self.moving_mean = self.add_weight(name="moving_mean", initializer="zeros", **own)
        self.moving_variance = self.add_weight(name="moving_variance", initializer="ones", **own)
        own = {"autocast": False, "shape": (channels,)}
        if self.scale:
            self.gamma = self.add_weight(name="gamma", initializer=self.gamma_initializer, **own)
        if self.center:
            self.beta = self.add_weight(name="beta", initializer=self.beta_initializer, **own)

    def call(self, inputs, training=None, mask=None):
        x, truncations = (tf.cast(value, tf.float32) for value in inputs)
        if training and self.trainable:
            mean, variance = tf.nn.moments(x, axes=[0, 1, 2])
            self._move(self.moving_mean, mean)
            self._move(self.moving_variance, variance)
        else:
            tables = [self.moving_mean, self.moving_variance]
            mean, variance = (_between(table, truncations)[:, None, None] for table in tables)
        scale = tf.math.rsqrt(variance + self.epsilon)
        scale = scale * self.gamma if self.scale else scale
        outputs = (x - mean) * scale + (self.beta if self.center else 0.0)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "rows": self.rows}

    def _move(self, table, value):
        last = table[-1] * self.momentum + tf.stop_gradient(value) * (1 - self.momentum)
        table.assign(tf.concat([table[:-1], last[None]], axis=0))


def _between(table, truncations):
    """`[B, C]` of a table's rows, for truncations `[B]`."""
    table = tf.convert_to_tensor(table)
    last = table.shape[0] - 1
    step = 1.0 / last
    # On rows, the places that float64 gives for a truncation in decimals, 0.58 / 0.02 < 29.
    exact = [math.modf(round(row * step, 10) / step) for row in range(last + 1)]
    shares, starts = (tf.constant(values, tf.float32) for values in zip(*exact, strict=True))
    place = truncations * last
    nearest = tf.cast(tf.clip_by_value(tf.round(place), 0, last), tf.int32)
    is_row = tf.abs(place - tf.round(place)) < _ON_ROW
    start = tf.where(is_row, tf.gather(starts, nearest), tf.floor(place))
    share = tf.where(is_row, tf.gather(shares, nearest), place - tf.floor(place))
    share = tf.where(share == 0, 1.0, share)[:, None]
    start = tf.clip_by_value(tf.cast(start, tf.int32), 0, last)
    above = tf.minimum(start + 1, last)
    return share * tf.gather(table, start) + (1 - share) * tf.gather(table, above)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class InstanceNormalization(keras.layers.Layer):
    """Brings each channel of each image, `[B, H, W, C]`, to mean 0 and variance 1; sums are float32.

    A map of a single place becomes 0, and of `beta` what that adds: never NaN.

    Args:
        affine: Whether there are gains and biases to learn, of each channel.
        epsilon: Float, added to the variance.
        gamma_initializer: Of the gains.

    Reference: Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast
    Stylization", 2016 (arXiv:1607.08022).
    """

    def __init__(
        self,
        affine: bool = True,
        epsilon: float = 1e-5,
        gamma_initializer: str | keras.initializers.Initializer = "ones",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.affine, self.epsilon = affine, epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (input_shape[-1],)
        if self.affine:
            self.gamma = self.add_weight(
                shape=shape, initializer=self.gamma_initializer, name="gamma"
            )
            self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, inputs):
        own = (self.gamma, self.beta) if self.affine else (None, None)
        return _by_image(inputs, self.epsilon, *own)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        initializer = keras.initializers.serialize(self.gamma_initializer)
        own = {"affine": self.affine, "epsilon": self.epsilon, "gamma_initializer": initializer}
        return {**super().get_config(), **own}


def _by_image(inputs, epsilon, gamma, beta):
    x = tf.cast(inputs, tf.float32)
    mean, variance = tf.nn.moments(x, axes=[1, 2], keepdims=True)
    scale = tf.math.rsqrt(variance + epsilon)
    scale = scale if gamma is None else scale * tf.cast(gamma, tf.float32)
    x = (x - mean) * scale
    return tf.cast(x if beta is None else x + tf.cast(beta, tf.float32), inputs.dtype)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class PixelNormalization(keras.layers.Layer):
    """Brings each vector of channels, `[..., C]`, to a mean square of 1; the sums are float32.

    Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, section 4.2).
    """

    def call(self, inputs):
        x = tf.cast(inputs, tf.float32)
        square = tf.reduce_mean(tf.square(x), axis=-1, keepdims=True)
        return tf.cast(x * tf.math.rsqrt(square + 1e-8), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
