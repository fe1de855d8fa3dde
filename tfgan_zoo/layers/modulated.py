"""Convolutions whose kernel depends on a style."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.equalized import Equalized
from tfgan_zoo.layers.resampling import resample

_TAPS = (1, 3, 3, 1)


def modulated_convolution(
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    styles: tf.Tensor,
    demodulate: bool = True,
    up: bool = False,
    taps: Sequence[float] = _TAPS,
) -> tf.Tensor:
    """A convolution with kernel_bijo = scale_bi kernel_ijo, brought to unit length for each o.

    Scaling a kernel's inputs is scaling the feature map that it is applied to, and its length divides
    the result; so one kernel serves the whole batch. The styles are first divided by their largest one:
    what is convolved in half precision is then no larger than `inputs`. Lengths are float32.

    Args:
        inputs: Float `[B, H, W, C]`, H and W known.
        kernel: float32 `[k, k, C, O]`.
        styles: float32 `[B, C]`.
        demodulate: Whether the kernels are brought to unit length.
        up: Whether the inputs are upsampled first (with zeros) and smoothed after.
        taps: Floats, two at least, that it is smoothed by along each axis.

    Returns:
        `[B, H, W, O]` or `[B, 2 H, 2 W, O]`, of the dtype of `inputs`.

    Reference: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020
    (arXiv:1912.04958; equations 1 to 3, appendix B).
    """
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(styles), axis=1, keepdims=True)) + 1e-8
    styles = styles / largest
    scale = largest
    if demodulate:
        energy = tf.reduce_sum(tf.square(kernel), axis=[0, 1])
        scale = tf.math.rsqrt(tf.matmul(tf.square(styles), energy) + 1e-8)
    outputs = inputs * tf.cast(styles, inputs.dtype)[:, None, None]
    kernel = tf.cast(kernel, inputs.dtype)
    outputs = _doubling_convolution(outputs, kernel, taps) if up else _convolution(outputs, kernel)
    return outputs * tf.cast(scale, inputs.dtype)[:, None, None]


def _convolution(inputs, kernel):
    return tf.nn.conv2d(inputs, kernel, 1, "SAME")


def _doubling_convolution(inputs, kernel, taps):
    """Convolves the upsampled inputs where they are not 0, then smooths: a quarter of the products."""
    rows, (height, width) = tf.shape(inputs)[0], inputs.shape[1:3]
    size = kernel.shape[0]
    shape = [rows, 2 * height - 2 + size, 2 * width - 2 + size, kernel.shape[-1]]
    flipped = tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2])
    outputs = tf.nn.conv2d_transpose(inputs, flipped, shape, 2, padding="VALID")
    outputs = tf.ensure_shape(outputs, [None, *shape[1:]])
    spare = len(taps) + 1 - size
    return resample(outputs, taps, padding=((spare + 1) // 2, spare // 2), gain=4.0)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ModulatedConv2D(Equalized):
    """`modulated_convolution` of a feature map by a style, a linear layer of a latent `[B, D]`.

    Called on `[feature_map, latent]`. All weights have an equalized learning rate; the style's bias
    starts from 1, so that kernels begin near their own scale.

    Args:
        filters: Int. Output channels.
        kernel_size: Int, odd.
        demodulate: See `modulated_convolution`.
        up: See `modulated_convolution`.
        taps: See `modulated_convolution`.

    All other arguments: see `EqualizedDense`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        demodulate: bool = True,
        up: bool = False,
        taps: Sequence[float] = _TAPS,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, kernel_size
        self.demodulate, self.up, self.taps = demodulate, up, tuple(taps)

    def build(self, input_shape):
        (*_, channels), (_, size) = input_shape
        self._add_weights((self.kernel_size, self.kernel_size, channels, self.filters))
        self.style_kernel = self.add_weight(
            shape=(size, channels),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
            name="style_kernel",
        )
        self.style_bias = self.add_weight(
            shape=(channels,), initializer="ones", autocast=False, name="style_bias"
        )

    def scaled_style_kernel(self):
        """The kernel of the style's linear layer that is applied, float32 `[D, C]`."""
        return tf.convert_to_tensor(self.style_kernel) / self.style_kernel.shape[0] ** 0.5

    def styles(self, latents):
        """The scale of each input channel, float32 `[B, C]`."""
        return tf.matmul(tf.cast(latents, tf.float32), self.scaled_style_kernel()) + self.style_bias

    def call(self, inputs):
        images, latents = inputs
        styles = self.styles(latents)
        kernel = self.scaled_kernel()
        outputs = modulated_convolution(images, kernel, styles, self.demodulate, self.up, self.taps)
        return self._with_bias(outputs)

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape[0]
        return (batch, *(side * (2 if self.up else 1) for side in sides), self.filters)

    def get_config(self):
        own = {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "demodulate": self.demodulate,
            "up": self.up,
            "taps": self.taps,
        }
        return {**super().get_config(), **own}
