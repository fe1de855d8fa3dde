"""Maps made larger, smaller or smoother by a finite impulse response filter."""

import keras
import tensorflow as tf


def resample(images, taps, up=1, down=1, padding=(0, 0), gain=1.0):
    """Inserts zeros, filters, and keeps every `down`-th pixel, along both axes.

    Sums of shifted maps, one axis after the other, which XLA makes one kernel of, and whose gradients of
    any order are of the same kind.

    Args:
        images: Float `[B, H, W, C]`, H, W and C known.
        taps: Floats `[K]`, scaled to a sum of 1; the filter is their outer product with themselves.
        up: Int. After each pixel, along both axes, come `up - 1` zeros.
        down: Int.
        padding: Zeros before and after, along both axes, once those of `up` are inserted.
        gain: Float. Factor of the result.

    Returns:
        `[B, H', W', C]` of the same dtype, with H' = (H up + padding - K) // down + 1.
    """
    scale = gain**0.5 / sum(taps)
    taps = [float(tap) * scale for tap in reversed(taps)]  # a convolution, not a correlation
    for axis in (1, 2):
        images = _filtered(_with_zeros(images, axis, up, padding), axis, taps, down)
    return images


def _with_zeros(images, axis, up, padding):
    shape = list(images.shape)
    if up > 1:
        paddings = [[0, 0]] * (axis + 1) + [[0, up - 1]] + [[0, 0]] * (3 - axis)
        shape[0], shape[axis] = -1, shape[axis] * up
        images = tf.reshape(tf.pad(tf.expand_dims(images, axis + 1), paddings), shape)
    return tf.pad(images, [padding if i == axis else (0, 0) for i in range(4)])


def _filtered(images, axis, taps, down):
    length = (images.shape[axis] - len(taps)) // down + 1

    def shifted(start):
        rows = slice(start, start + (length - 1) * down + 1, down)
        return images[:, rows] if axis == 1 else images[:, :, rows]

    return sum(tap * shifted(start) for start, tap in enumerate(taps))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Resample(keras.layers.Layer):
    """Filters a map, and makes it `up` times larger or `down` times smaller.

    `[B, H, W, C]` -> `[B, H up / down, W up / down, C]`, centred, with zeros around the map; a constant
    stays the same constant away from the border. With the taps (1, 3, 3, 1) of StyleGAN2 doubling is
    bilinear interpolation.

    Args:
        up, down: Ints, of which one at most is above 1.
        padding: Zeros (before, after); None for as many as give the size above.
        taps: Ints or floats. The filter along one axis; scaled by the layer.

    References: Zhang, "Making Convolutional Networks Shift-Invariant Again", 2019; Karras et al.,
    "Analyzing and Improving the Image Quality of StyleGAN", 2020 (arXiv:1912.04958, appendix B).
    """

    def __init__(self, up=1, down=1, padding=None, taps=(1, 3, 3, 1), **kwargs):
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
        sides = [(side * self.up + spare) // self.down + 1 for side in sides]
        return (batch, *sides, channels)

    def get_config(self):
        own = {"up": self.up, "down": self.down, "padding": self.padding, "taps": self.taps}
        return {**super().get_config(), **own}
