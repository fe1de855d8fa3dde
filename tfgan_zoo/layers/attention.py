"""Attention of a feature map to itself."""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.spectral import SpectralConv2D


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class SelfAttention(keras.layers.Layer):
    """Adds to every place of `[B, H, W, C]` a mean over all places, weighted by how well they match.

    Queries and keys have C / 8 channels and values C / 2; all four are spectrally normalized 1x1
    convolutions without bias. Keys and values are max-pooled to half the side, as in the authors'
    code (github.com/brain-research/self-attention-gan) and BigGAN's. The sum is scaled by a learned
    `gamma` that starts at 0, so that the layer starts as the identity. The weights, a softmax, are
    computed in float32.

    Args:
        kernel_initializer: As in `keras.layers.Conv2D`; a name, or the class of an initializer.
        mode: Of all four convolutions: "iterated", "stored", or None for no spectral normalization; see
            `SpectralConv2D`.

    Reference: Zhang et al., "Self-Attention Generative Adversarial Networks", 2019 (equations 1 to 3).
    """

    def __init__(
        self,
        kernel_initializer: Any = "glorot_uniform",
        mode: str | None = "iterated",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.kernel_initializer, self.mode = kernel_initializer, mode

    def build(self, input_shape):
        channels = input_shape[-1]
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query, self.key, self.value = (self._map(size) for size in (narrow, narrow, half))
        self.output_map = self._map(channels)
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.output_map.build((*input_shape[:-1], half))
        self.gamma = self.add_weight(shape=(), initializer="zeros", name="gamma")

    def call(self, inputs):
        _, height, width, _ = inputs.shape
        queries = _as_rows(self.query(inputs))
        keys, values = (_as_rows(_pooled(layer(inputs))) for layer in (self.key, self.value))
        scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32)
        weights = tf.cast(tf.nn.softmax(scores), values.dtype)
        found = tf.reshape(tf.matmul(weights, values), [-1, height, width, values.shape[-1]])
        return inputs + self.gamma * self.output_map(found)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {} if self.mode == "iterated" else {"mode": self.mode}
        return {**super().get_config(), "kernel_initializer": self.kernel_initializer, **own}

    def _map(self, channels):
        return SpectralConv2D(
            channels,
            1,
            use_bias=False,
            kernel_initializer=self.kernel_initializer,
            mode=self.mode,
            dtype=self.dtype_policy,
        )


def _pooled(x):
    """The largest of each four pixels, as `tf.nn.max_pool2d` has it.

    XLA's gradient of that op's gradient, which penalties take, compares and gives values rounded to
    bfloat16, and there is none in half precision.
    """
    _, height, width, channels = x.shape
    height, width = height // 2, width // 2
    x = tf.reshape(x[:, : 2 * height, : 2 * width], [-1, height, 2, width, 2, channels])
    return tf.maximum(*tf.unstack(tf.maximum(*tf.unstack(x, axis=2)), axis=3))


def _as_rows(x):
    """`[B, H, W, C]` -> `[B, H * W, C]`."""
    return tf.reshape(x, [-1, x.shape[1] * x.shape[2], x.shape[3]])
