"""Four bands of frequencies, and images with some of them amplified."""

import functools

import numpy as np
import tensorflow as tf

# Of an image's power, what is expected in each band, the lowest first.
EXPECTED_POWER = np.array([10, 1, 1, 1], np.float32) / 13
# What the wavelet sym2 keeps of a signal, there and back: the lower half of the frequencies.
_LOWER = np.array([-1, 0, 9, 16, 9, 0, -1]) / 32


def band_gains(amplifications):
    """Gains `[B, 4]` of the bands, for one amplification after the other, `[B, 4]`.

    After each, all is scaled such that an image of `EXPECTED_POWER` keeps its power.
    """
    power = 1 + EXPECTED_POWER * (tf.square(amplifications) - 1)
    return amplifications / tf.sqrt(tf.reduce_prod(power, axis=1, keepdims=True))


def equalised(images, gains):
    """Images `[B, H, W, C]`, their bands multiplied by gains, float32 `[B, 4]`, along both axes.

    Beyond the border images go on as in a mirror. Gains of 1 leave an image as it is.
    """
    for axis, equation in ((1, "bij,bjwc->biwc"), (2, "bij,bhjc->bhic")):
        bank = tf.constant(_matrices(images.shape[axis]))
        # The bands add up to the image: what is computed, and rounded, is the change alone.
        change = tf.einsum("bk,kij->bij", gains - 1, bank)
        images += tf.einsum(equation, change, images)
    return images


@functools.cache
def filter_bank():
    """Symmetric filters of the bands [0, pi/8], [pi/8, pi/4], [pi/4, pi/2] and [pi/2, pi], float64
    `[4, 43]`, whose sum is the identity.

    The frequencies are halved, then three times in all the lower half of them, by the same filter with
    zeros between its taps.
    """
    upper = -_LOWER
    upper[len(upper) // 2] += 1
    bank = [np.ones(1)]
    for _ in range(3):
        spread = [np.insert(band, np.arange(1, len(band)), 0) for band in bank]
        bank = [np.convolve(_LOWER, band) for band in spread] + [upper]
    size = max(map(len, bank))
    return np.stack([np.pad(band, (size - len(band)) // 2) for band in bank])


@functools.cache
def _matrices(size):
    """The filters for a row of `size` pixels and its mirror images, float32 `[4, size, size]`."""
    bank, period = filter_bank(), max(1, 2 * (size - 1))
    reach = bank.shape[1] // 2
    pixels = np.arange(size)[:, None]
    read = (pixels + np.arange(-reach, reach + 1)) % period
    matrices = np.zeros([len(bank), size, size])
    np.add.at(matrices, (slice(None), pixels, np.minimum(read, period - read)), bank[:, None])
    return matrices.astype(np.float32)
