"""Layers of a generator whose maps stand for continuous signals (StyleGAN3).

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.layers.activations import LeakyReLU
from tfgan_zoo.layers.lowpass import lowpass
from tfgan_zoo.layers.modulated import ModulatedConv2D
from tfgan_zoo.layers.resampling import along, depthwise, filtered, is_small

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class AliasFreeConv2D(ModulatedConv2D):
    """A convolution modulated by a style, of maps brought to a mean square of 1 on average.

    Called on `[feature_map, latent]`, `[B, H, W, C]` and `[B, D]`. The map grows by the kernel's size
    less 1, since the convolution reaches over its edge. Kernel and style are normalized first, so that
    half precision holds what comes of them. The map is divided by the root of a moving average of its
    mean square. Training updates the average, for the next call on; not in a layer that is not
    trainable, such as those of an averaged generator.

    Different from the authors' code: the style is normalized by its own mean square instead of that of
    the batch's styles, which lengths of kernels cancel but for their epsilon, so that an image does not
    depend on its batch; and a batch is divided by the average of those before it.

    Args:
        filters: Int. Output channels.
        kernel_size: Int.
        demodulate: Whether kernels are brought to unit length for each output channel.
        momentum: Float in [0, 1]. Share of the moving average that an update keeps.

    Reference: Karras et al. 2021, section 3.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        demodulate: bool = True,
        momentum: float = 0.999,
        **kwargs: Any,
    ):
        super().__init__(filters, kernel_size, demodulate, **kwargs)
        self.momentum = momentum

    def build(self, input_shape):
        super().build(input_shape)
        self.magnitude = self.add_weight(
            shape=(), initializer="ones", trainable=False, autocast=False, name="magnitude"
        )

    def call(self, inputs, training=False):
        images, latents = inputs
        gain = tf.math.rsqrt(tf.convert_to_tensor(self.magnitude))
        if training and self.trainable:
            square = tf.reduce_mean(tf.square(tf.cast(tf.stop_gradient(images), tf.float32)))
            self.magnitude.assign_add((1 - self.momentum) * (square - self.magnitude))
        kernel, styles, scale = self._normalized(self.styles(latents))
        images *= tf.cast(styles, images.dtype)[:, None, None]
        spare = (self.kernel_size - 1, self.kernel_size - 1)
        images = tf.pad(images, [(0, 0), spare, spare, (0, 0)])
        outputs = tf.nn.conv2d(images, tf.cast(kernel, images.dtype), 1, "VALID")
        return self._with_bias(outputs * tf.cast(gain * scale, outputs.dtype)[:, None, None])

    def _normalized(self, styles):
        """Kernel `[k, k, C, O]`, styles `[B, C]` of at most 1, and the scale of what they give."""
        if self.demodulate:
            styles = styles * tf.math.rsqrt(tf.reduce_mean(tf.square(styles), 1, True) + _EPSILON)
        largest = tf.stop_gradient(tf.reduce_max(tf.abs(styles), axis=1, keepdims=True)) + _EPSILON
        if not self.demodulate:
            return self.scaled_kernel(), styles / largest, largest
        kernel = tf.math.l2_normalize(tf.convert_to_tensor(self.kernel), axis=[0, 1, 2])
        energy = tf.reduce_sum(tf.square(kernel), axis=[0, 1])
        scale = largest * tf.math.rsqrt(tf.matmul(tf.square(styles), energy) + _EPSILON)
        return kernel, styles / largest, scale

    def compute_output_shape(self, input_shape):
        batch, *sides, _ = input_shape[0]
        return (batch, *(side + self.kernel_size - 1 for side in sides), self.filters)

    def get_config(self):
        config = {**super().get_config(), "momentum": self.momentum}
        return {name: value for name, value in config.items() if name not in ("up", "taps")}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class FilteredLeakyReLU(keras.layers.Layer):
    """Leaky units, times sqrt(2), of a map that is sampled more finely for them: `[B, H, W, C]` ->
    `[B, size, size, C]`.

    The new frequencies that the units' kinks make are stopped before the map is sampled at its new rate.
    What the map has too much at its edges is cropped, and what it has too little is 0.

    Args:
        size: Int. Edge of the result.
        rates: Floats `(before, between, after)`. Samples for each unit of length; the one between is a
            multiple of the others.
        cutoffs: Floats `(before, after)`. Of the filters before and after the units.
        half_widths: Floats `(before, after)`. Half the transitions of these filters.
        filter_size: Int. Taps of a filter for each sample of the coarser map.
        radial: Whether the second filter is radial.
        clamp: Float. Values are clipped to [-clamp, clamp] before the second filter; None does not.

    Reference: Karras et al. 2021, section 3 and appendix C.
    """

    def __init__(
        self,
        size: int,
        rates: Sequence[float],
        cutoffs: Sequence[float],
        half_widths: Sequence[float],
        filter_size: int = 6,
        radial: bool = False,
        clamp: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.size, self.rates, self.cutoffs = size, tuple(rates), tuple(cutoffs)
        self.half_widths, self.filter_size = tuple(half_widths), filter_size
        self.radial, self.clamp = radial, clamp
        before, between, after = self.rates
        self._up, self._down = round(between / before), round(between / after)
        self.up_filter = self._filter(self._up, 0, False)
        self.down_filter = self._filter(self._down, 1, radial)
        self._units = LeakyReLU(0.2, 2**0.5, dtype=self.dtype_policy)

    def _filter(self, factor, end, radial):
        """float64 `[K]` or `[K, K]`; `[1]` where nothing is resampled."""
        if factor == 1:
            return np.ones(1)
        taps, width = self.filter_size * factor, 2 * self.half_widths[end]
        return lowpass(taps, self.cutoffs[end], width, self.rates[1], radial)

    def call(self, inputs):
        x = inputs
        for axis in (1, 2):
            taps = len(self.up_filter) + len(self.down_filter) - 2
            total = (self.size - 1) * self._down + 1 - x.shape[axis] * self._up + taps
            before = (total + self._up) // 2
            x = upsample(x, self.up_filter, self._up, (before, total - before), axis)
        x = self._units(x)
        x = x if self.clamp is None else tf.clip_by_value(x, -self.clamp, self.clamp)
        return downsample(x, self.down_filter, self._down)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self):
        own = {
            "size": self.size,
            "rates": self.rates,
            "cutoffs": self.cutoffs,
            "half_widths": self.half_widths,
            "filter_size": self.filter_size,
            "radial": self.radial,
            "clamp": self.clamp,
        }
        return {**super().get_config(), **own}


def upsample(images, taps, up, padding, axis):
    """Inserts `up - 1` zeros after each place along an axis, pads, filters, and multiplies by `up`.

    Each of the `up` places between two of the inputs has taps of its own: the zeros are never made.

    Args:
        images: Float `[B, H, W, C]`, all but B known.
        taps: Floats `[K]`.
        up: Int.
        padding: Zeros before and after, once those of `up` are inserted; places to leave out below 0.
        axis: 1 or 2.

    Returns:
        The same with H or W of H up + padding - K + 1, of the same dtype.
    """
    taps = up * np.asarray(taps)
    if is_small(images):
        return along(images, taps, up, 1, padding, axis)
    before, count = padding[0], images.shape[axis] * up + sum(padding) - len(taps) + 1
    first, last = -(before // up), -((before - count + 1) // up)  # of the first input of a result
    length = -(-len(taps) // up)
    images = _places(images, first, last + length, axis)
    flipped = np.zeros(length * up)
    flipped[: len(taps)] = taps[::-1]
    phases = [_along(images, flipped[r::up], axis) for r in range(up)[::-1]]
    made = tf.stack(phases, axis=axis + 1)
    sides = [-1, *images.shape[1:]]
    sides[axis] = (last - first + 1) * up
    start = up - 1 - before - up * first
    return _places(tf.reshape(made, sides), start, start + count, axis)


def downsample(images, taps, down):
    """Filters, and keeps every `down`-th place of each axis, from the first one that has all taps.

    Args:
        images: Float `[B, H, W, C]`, C known.
        taps: Floats, of both axes `[K, K]` or of each one `[K]`.
        down: Int.

    Returns:
        `[B, (H - K) // down + 1, (W - K) // down + 1, C]` of the same dtype.
    """
    if np.size(taps) == 1:
        return images[:, ::down, ::down] * tf.cast(np.sum(taps), images.dtype)
    taps = np.asarray(taps)
    if taps.ndim == 1:
        return filtered(images, taps, down=down)
    return depthwise(images, taps[::-1, ::-1], down)


def _places(x, start, stop, axis):
    """The places from `start` to before `stop` of an axis, which are 0 beyond its ends."""
    length = x.shape[axis]
    low, high = max(start, 0), min(stop, length)
    padding, begin, size = [(0, 0)] * 4, [0] * 4, [-1] * 4
    begin[axis], size[axis] = low, high - low
    padding[axis] = (low - start, stop - high)
    x = x if (low, high) == (0, length) else tf.slice(x, begin, size)
    return x if padding[axis] == (0, 0) else tf.pad(x, padding)


def _along(x, taps, axis):
    return depthwise(x, taps[:, None] if axis == 1 else taps[None])
