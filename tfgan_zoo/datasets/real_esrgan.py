"""The degradation of Real-ESRGAN: blur, resizing, noise and JPEG, twice, as real pictures have them.

Reference: Wang, Xie, Dong and Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", 2021 (arXiv:2107.10833, section 3.1 and 4.1; ranges of the authors' code).
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

_SIDE = 21  # of kernels, the largest of the paper's
_SIZES = np.arange(7, _SIDE + 1, 2)
_METHODS = ("area", "bilinear", "bicubic")


class _Round(NamedTuple):
    """The ranges of one of both rounds.

    Attributes:
        blur: Probability of a blur.
        sigma: Standard deviations of Gaussian kernels, in pixels.
        shrink, grow: The least and the greatest factor of a resizing.
        choices: Probabilities of growing, shrinking, and keeping the size.
        noise: Standard deviations of Gaussian noise, of 255.
        poisson: Scales of Poisson noise.
    """

    blur: float
    sigma: tuple
    shrink: float
    grow: float
    choices: tuple
    noise: tuple
    poisson: tuple


_FIRST = _Round(1.0, (0.2, 3.0), 0.15, 1.5, (0.2, 0.7, 0.1), (1.0, 30.0), (0.05, 3.0))
_SECOND = _Round(0.8, (0.2, 1.5), 0.3, 1.2, (0.3, 0.4, 0.3), (1.0, 25.0), (0.05, 2.5))


def real_esrgan(images: tf.Tensor, seed: tf.Tensor, scale: int) -> tf.Tensor:
    """Images as a bad camera, editors and networks leave them, `scale` times smaller.

    Each image has draws of its own. Kernels are isotropic, elongated, generalized Gaussian and plateau
    ones, or a sinc (equations 2 to 7); noise is Gaussian or Poisson, of colours or grey; JPEG's quality
    is 30 to 95.

    Args:
        images: float32 `[B, H, W, C]` in [-1, 1], C 1 or 3.
        seed: int64 `[2]`.
        scale: Int.

    Returns:
        float32 `[B, H / scale, W / scale, C]` in [-1, 1], of 256 levels.
    """
    size = [side // scale for side in images.shape[1:3]]

    def degraded(given):
        image, number = given
        draw = _Draws(tf.random.fold_in(seed, number))
        image = _degraded((image + 1) / 2, size, draw)
        return tf.ensure_shape(2 * image - 1, [*size, images.shape[-1]])

    numbers = tf.range(tf.shape(images)[0])
    return tf.map_fn(degraded, (images, numbers), fn_output_signature=tf.float32)


class _Draws:
    """One draw after another, all of one seed."""

    def __init__(self, seed):
        self._seed, self._count = seed, 0

    def _next(self):
        self._count += 1
        return tf.random.fold_in(self._seed, self._count)

    def uniform(self, low=0.0, high=1.0, shape=()):
        return tf.random.stateless_uniform(shape, self._next(), low, high, alg="philox")

    def normal(self, shape):
        return tf.random.stateless_normal(shape, self._next(), alg="philox")

    def poisson(self, rates):
        return tf.random.stateless_poisson(tf.shape(rates), self._next(), rates, tf.float32)

    def choice(self, probabilities):
        """The number of one of several things."""
        below = np.cumsum(probabilities)[:-1].astype(np.float32)
        return tf.reduce_sum(tf.cast(self.uniform() >= below, tf.int32))

    def happens(self, probability):
        return self.uniform() < probability


def _degraded(image, size, draw):
    """One image in [0, 1] through both rounds; the last sinc and JPEG come in either order."""
    image = _noisy(_resized(_blurred(image, _FIRST, draw), _FIRST, draw), _FIRST, draw)
    image = _compressed(image, draw)
    image = _noisy(_resized(_blurred(image, _SECOND, draw), _SECOND, draw, size), _SECOND, draw)
    kernel = _sinc(draw, 0.8)
    method = draw.choice([1 / 3] * 3)
    first, second = (
        lambda: _compressed(_convolved(_to_size(image, size, method), kernel), draw),
        lambda: _convolved(_to_size(_compressed(image, draw), size, method), kernel),
    )
    image = tf.cond(draw.happens(0.5), first, second)
    return tf.round(tf.clip_by_value(image, 0.0, 1.0) * 255) / 255


# === Blur ===


def _blurred(image, ranges, draw):
    kernel = tf.cond(draw.happens(0.1), lambda: _sinc(draw, 1.0), lambda: _gaussian(ranges, draw))
    return tf.cond(draw.happens(ranges.blur), lambda: _convolved(image, kernel), lambda: image)


def _convolved(image, kernel):
    channels = image.shape[-1]
    padded = _reflected(image, _SIDE // 2)
    kernel = tf.tile(kernel[:, :, None, None], [1, 1, channels, 1])
    return tf.nn.depthwise_conv2d(padded[None], kernel, [1, 1, 1, 1], "VALID")[0]


def _reflected(image, around):
    """Mirrored at its borders, as often as it takes."""
    for axis in (0, 1):
        length = tf.shape(image)[axis]
        period = tf.maximum(2 * (length - 1), 1)
        places = (tf.range(length + 2 * around) - around) % period
        image = tf.gather(image, tf.where(places < length, places, period - places), axis=axis)
    return image


def _grid():
    line = tf.range(-(_SIDE // 2), _SIDE // 2 + 1, dtype=tf.float32)
    return tf.meshgrid(line, line)


def _gaussian(ranges, draw):
    """A kernel `[21, 21]` of sum 1: Gaussian (equation 3), generalized (4) or plateau (5)."""
    x, y = _grid()
    is_round = draw.choice([0.6, 0.4]) == 0
    first, second = draw.uniform(*ranges.sigma), draw.uniform(*ranges.sigma)
    second = tf.where(is_round, first, second)
    angle = draw.uniform(-np.pi, np.pi)
    along = x * tf.cos(angle) + y * tf.sin(angle)
    across = y * tf.cos(angle) - x * tf.sin(angle)
    distance = tf.square(along / first) + tf.square(across / second)
    kind = draw.choice([0.7, 0.15, 0.15])
    generalized = draw.uniform(0.5, 4.0)
    plateau = draw.uniform(1.0, 2.0)
    values = tf.switch_case(
        kind,
        [
            lambda: tf.exp(-0.5 * distance),
            lambda: tf.exp(-0.5 * distance**generalized),
            lambda: 1 / (1 + distance**plateau),
        ],
    )
    return _within(values, draw)


def _sinc(draw, probability):
    """A circular low-pass filter (equation 6), or with the rest of the probability none."""
    x, y = _grid()
    cutoff = draw.uniform(np.pi / 3, np.pi)
    radius = tf.sqrt(x**2 + y**2)
    near = tf.maximum(radius, 1e-3)
    values = cutoff * tf.math.special.bessel_j1(cutoff * near) / (2 * np.pi * near)
    values = tf.where(radius == 0, cutoff**2 / (4 * np.pi), values)
    pulse = tf.cast(radius == 0, tf.float32)
    return tf.where(draw.happens(probability), _within(values, draw), pulse)


def _within(values, draw):
    """Cut to a square of 7 to 21 places, with a sum of 1."""
    x, y = _grid()
    count = tf.cast(draw.uniform(0.0, len(_SIZES) - 1e-3), tf.int32)
    half = tf.gather(tf.constant(_SIZES // 2, tf.float32), count)
    values *= tf.cast((tf.abs(x) <= half) & (tf.abs(y) <= half), tf.float32)
    return values / tf.reduce_sum(values)


# === Resizing, noise, JPEG ===


def _resized(image, ranges, draw, size=None):
    """Resized by a random factor of its size, or of `size`."""
    shape = tf.cast(tf.shape(image)[:2] if size is None else size, tf.float32)
    kind = draw.choice(ranges.choices)
    grown, shrunk = draw.uniform(1.0, ranges.grow), draw.uniform(ranges.shrink, 1.0)
    factor = tf.gather(tf.stack([grown, shrunk, 1.0]), kind)
    return _to_size(image, tf.cast(shape * factor, tf.int32), draw.choice([1 / 3] * 3))


def _to_size(image, size, method):
    size = tf.maximum(size, 1)
    ways = [lambda m=m: tf.image.resize(image, size, m) for m in _METHODS]
    resized = tf.switch_case(method, ways)
    return tf.ensure_shape(resized, [None, None, image.shape[-1]])


def _noisy(image, ranges, draw):
    """With Gaussian or Poisson noise, of two in five images the same for all channels."""
    is_grey = draw.happens(0.4)
    shape = tf.shape(image)
    sigma, strength = draw.uniform(*ranges.noise) / 255, draw.uniform(*ranges.poisson)
    plain, one = draw.normal(shape), draw.normal(tf.concat([shape[:2], [1]], axis=0))
    clipped = tf.round(tf.clip_by_value(image, 0.0, 1.0) * 255)
    mean = tf.reduce_mean(clipped, axis=-1, keepdims=True)
    colours = (draw.poisson(clipped) - clipped) / 255
    grey = (draw.poisson(mean) - mean) / 255
    gaussian = image + sigma * tf.where(is_grey, one, plain)
    poisson = image + strength * tf.where(is_grey, grey, colours)
    return tf.clip_by_value(tf.where(draw.happens(0.5), gaussian, poisson), 0.0, 1.0)


def _compressed(image, draw):
    quality = tf.cast(draw.uniform(30.0, 95.0), tf.int32)
    compressed = tf.image.adjust_jpeg_quality(tf.clip_by_value(image, 0.0, 1.0), quality)
    return tf.ensure_shape(compressed, [None, None, image.shape[-1]])
