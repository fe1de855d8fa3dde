"""Maps made larger, smaller or smoother by a finite impulse response filter."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers


def resample(
    images: tf.Tensor,
    taps: Sequence[float],
    up: int = 1,
    down: int = 1,
    padding: tuple[int, int] = (0, 0),
    gain: float = 1.0,
) -> tf.Tensor:
    """Inserts zeros, filters, and keeps every `down`-th pixel, along both axes.

    The filter is one convolution for each channel, or two products with matrices where maps are small:
    many times as fast on CPUs as sums of shifted images.

    Args:
        images: Float `[B, H, W, C]`, C known, and H and W where `up` is above 1.
        taps: Floats `[K]`, scaled to a sum of 1; the filter is their outer product with themselves.
        up: Int. After each pixel, along both axes, come `up - 1` zeros.
        down: Int.
        padding: Zeros before and after, along both axes, once those of `up` are inserted.
        gain: Float. Factor of the result.

    Returns:
        `[B, H', W', C]` of the same dtype, with H' = (H up + padding - K) // down + 1.
    """
    return filtered(images, np.array(taps, np.float64) / sum(taps), up, down, padding, gain)


def filtered(
    images: tf.Tensor,
    taps: np.ndarray,
    up: int = 1,
    down: int = 1,
    padding: tuple[int, int] = (0, 0),
    gain: float = 1.0,
) -> tf.Tensor:
    """`resample` by taps as they are."""
    if is_small(images):
        rows = along(images, gain * taps, up, down, padding, 1)
        return along(rows, taps, up, down, padding, 2)
    # One pass of all taps: on CPUs strides along one axis take many times as long. They are reversed,
    # for a convolution, not a correlation.
    kernel = gain * np.outer(taps, taps)[::-1, ::-1]
    images = tf.pad(_with_zeros(images, up), [(0, 0), padding, padding, (0, 0)])
    return depthwise(images, kernel, down)


def is_small(images: tf.Tensor) -> bool:
    """Whether maps `[B, H, W, C]` are filtered faster by products with matrices than by convolutions.

    So it is on CPUs up to 64 places of float32 along an edge, and up to 128 of bfloat16: of that type a
    convolution of each channel that keeps every second place has a gradient which takes ten times as
    long. Compiled by XLA the convolutions of StyleGAN3 took 40 times as long as products, at 36 places.
    """
    edges = images.shape[1:3]
    return None not in edges and max(edges) * images.dtype.size <= 256


def along(
    images: tf.Tensor,
    taps: Sequence[float],
    up: int,
    down: int,
    padding: tuple[int, int],
    axis: int,
) -> tf.Tensor:
    """Inserts zeros, filters, and keeps every `down`-th place, along one axis: a product with a matrix.

    Args:
        images: Float `[B, H, W, C]`, all but B known.
        taps: Floats `[K]`, as they are.
        up, down: Ints.
        padding: Zeros before and after, once those of `up` are inserted; places to leave out below 0.
        axis: 1 or 2.

    Returns:
        The same with H or W of (H up + padding - K) // down + 1, of the same dtype.
    """
    before, shape = images.shape[1:axis], images.shape[axis:]
    count = (shape[0] * up + sum(padding) - len(taps)) // down + 1
    # Of the tap, from the last to the first, that joins a place of the result and one of the images.
    index = up * np.arange(shape[0]) + padding[0] - down * np.arange(count)[:, None]
    taps = np.array([*taps[::-1], 0, 0])[np.clip(index, -1, len(taps))]  # 0 at both ends
    matrix = tf.constant(taps, images.dtype)
    made = tf.matmul(matrix, tf.reshape(images, [-1, shape[0], math.prod(shape[1:])]))
    return tf.reshape(made, [-1, *before, count, *shape[1:]])


def depthwise(images: tf.Tensor, kernel: np.ndarray, stride: int = 1) -> tf.Tensor:
    """Correlates each channel of `[B, H, W, C]`, C known, with a kernel `[K, L]`, without padding."""
    kernel = np.tile(kernel[:, :, None, None], [1, 1, images.shape[-1], 1])
    strides = [1, stride, stride, 1]
    return tf.nn.depthwise_conv2d(images, tf.cast(kernel, images.dtype), strides, "VALID")


def _with_zeros(images, up):
    if up == 1:
        return images
    _, height, width, channels = images.shape
    spare = [(0, 0), (0, 0), (0, up - 1), (0, 0)]  # rank 4, which LiteRT can pad
    rows = tf.pad(tf.reshape(images, [-1, height, 1, width * channels]), spare)
    pixels = tf.pad(tf.reshape(rows, [-1, height * up * width, 1, channels]), spare)
    return tf.reshape(pixels, [-1, height * up, width * up, channels])


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Resample(keras.layers.Layer):
    """Filters a feature map, and makes it `up` times larger or `down` times smaller.

    `[B, H, W, C]` -> `[B, H up / down, W up / down, C]`, centred, with zeros around it; a constant
    stays the same constant away from the border. With the taps (1, 3, 3, 1) of StyleGAN2 doubling is
    bilinear interpolation.

    Args:
        up, down: Ints, of which one at most is above 1.
        padding: Zeros (before, after); None for as many as give the size above.
        taps: Ints or floats. The filter along one axis; scaled by the layer.

    References: Zhang, "Making Convolutional Networks Shift-Invariant Again", 2019; Karras et al.,
    "Analyzing and Improving the Image Quality of StyleGAN", 2020 (arXiv:1912.04958, appendix B).
    """

    def __init__(
        self,
        up: int = 1,
        down: int = 1,
        padding: tuple[int, int] | None = None,
        taps: Sequence[float] = (1, 3, 3, 1),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if min(up, down) != 1:
            raise ValueError(f"One of up and down must be 1. Received: up={up}, down={down}.")
        spare = len(taps) - max(up, down)
        centred = ((spare + 1) // 2 + up - 1, spare // 2)
        self.up, self.down, self.taps = up, down, tuple(taps)
        self.padding = centred if padding is None else tuple(padding)

    def call(self, inputs):
        return resample(inputs, self.taps, self.up, self.down, self.padding, gain=self.up**2)

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        spare = sum(self.padding) - len(self.taps)
        sides = [side and (side * self.up + spare) // self.down + 1 for side in sides]
        return (batch, *sides, channels)

    def get_config(self):
        own = {"up": self.up, "down": self.down, "padding": self.padding, "taps": self.taps}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BilinearUpsampling(keras.layers.Layer):
    """Enlarges feature maps by linear interpolation: `[B, H, W, C]` -> `[B, rows * H, columns * W, C]`.

    The map's edge is repeated around it; to double is the filter (1, 3, 3, 1). It gives what Keras's
    `UpSampling2D(size, interpolation="bilinear")` does, which needs known H and W: here they may be
    unknown.

    Args:
        size: Int, or two: `(rows, columns)`.

    Raises:
        ValueError: Other sizes than positive integers.
    """

    def __init__(self, size: int | tuple[int, int] = 2, **kwargs: Any):
        super().__init__(**kwargs)
        rows, columns = size if isinstance(size, list | tuple) else (size, size)
        self.size = numbers.integer("size", rows), numbers.integer("size", columns)

    def call(self, inputs):
        for axis, factor in enumerate(self.size, 1):
            inputs = _enlarged(inputs, axis, factor)
        return inputs

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        rows, columns = self.size
        return (batch, height and rows * height, width and columns * width, channels)

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def _enlarged(x, axis, factor):
    """Longer along an axis, 1 or 2: each new place is a mean of a place and its nearer neighbour."""
    if factor == 1:
        return x
    places = lambda *ends: x[(slice(None),) * axis + (slice(*ends),)]  # noqa: E731
    before = tf.concat([places(0, 1), places(0, -1)], axis)
    after = tf.concat([places(1, None), places(-1, None)], axis)
    away = [(i + 0.5) / factor - 0.5 for i in range(factor)]  # from the middle of the place
    means = [(1 - abs(far)) * x + abs(far) * (before if far < 0 else after) for far in away]
    sides = [side or tf.shape(x)[i] for i, side in enumerate(x.shape)]
    sides[axis] *= factor
    return tf.reshape(tf.stack(means, axis + 1), sides)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class NearestUpsampling2D(keras.layers.Layer):
    """Each pixel as `factor` x `factor` pixels: `[B, H, W, C]` -> `[B, factor * H, factor * W, C]`.

    It gives what Keras's `UpSampling2D` does; but that one forgets the number of channels where H and W
    are not known, and without it LiteRT has no convolution.

    Args:
        factor: Int.
    """

    def __init__(self, factor: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        copies = tf.tile(inputs, [1, 1, 1, self.factor**2])
        return tf.nn.depth_to_space(copies, self.factor) if self.factor > 1 else inputs

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, *(side and side * self.factor for side in (height, width)), channels)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class BilinearResize(keras.layers.Layer):
    """Brings feature maps `[B, H, W, C]` to `[B, size, size, C]` by linear interpolation.

    It is two products with matrices, whose gradient XLA has on every device. H and W must be known.

    Args:
        size: Int. To make maps smaller is not to average them: every place is a mean of two.
        aligned: Whether the first and the last place stay where they are, as PyTorch's `align_corners`
            has it; else the edges do.
    """

    def __init__(self, size: int, aligned: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.size, self.aligned = size, aligned

    def call(self, inputs):
        rows, columns = (
            tf.constant(_interpolation(side, self.size, self.aligned), inputs.dtype)
            for side in inputs.shape[1:3]
        )
        return tf.einsum("yh,xw,bhwc->byxc", rows, columns, inputs)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "aligned": self.aligned}


def _interpolation(side, size, aligned):
    """A matrix from `side` values to `size` of their linear interpolation."""
    places = np.arange(size)
    if aligned:
        places = places * (side - 1) / max(size - 1, 1)
    else:
        places = np.clip((places + 0.5) * side / size - 0.5, 0, side - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(side)))
