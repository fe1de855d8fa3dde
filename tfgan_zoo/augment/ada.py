"""The transformations of ADA, each of which has a probability.

Their order and strengths are those of Karras et al., "Training Generative Adversarial Networks with
Limited Data", 2020 (arXiv:2006.06676), appendix B.
"""

import math

import tensorflow as tf

from tfgan_zoo.augment.bands import band_gains, equalised
from tfgan_zoo.augment.warps import affine, product, quarter_turns, rotation, scaling, shift

# === Pixel blitting and geometry ===


def geometric(images, probability, rng):
    """ADA's flips, turns, shifts and scales, each with `probability`, as one bilinear warp.

    The reference also low-pass filters, at twice the resolution; here the image is read between its
    pixels as it is, mirrored beyond its border.
    """
    _, height, width, _ = images.shape
    uniform = iter(tf.unstack(rng.uniform([14]), axis=1))
    normal = iter(tf.unstack(rng.normal([4]), axis=1))
    each = tf.cast(probability, tf.float32)
    turn = 1 - tf.sqrt(1 - each)  # for each of two rotations

    def maybe(value, neutral, chance=each):
        return tf.where(next(uniform) < chance, value, neutral)

    flip = maybe(1 - 2 * tf.floor(2 * next(uniform)), 1.0)
    quarters = maybe(tf.floor(4 * next(uniform)), 0.0)
    whole = [tf.round((2 * next(uniform) - 1) / 8 * size) for size in (width, height)]
    shifted = next(uniform) < each
    scale = maybe(2 ** (0.2 * next(normal)), 1.0)
    first = maybe(math.pi * (2 * next(uniform) - 1), 0.0, turn)
    stretch = maybe(2 ** (0.2 * next(normal)), 1.0)
    second = maybe(math.pi * (2 * next(uniform) - 1), 0.0, turn)
    part = [next(normal) / 8 * size for size in (width, height)]
    drifted = next(uniform) < each
    steps = [
        scaling(flip, 1.0),
        quarter_turns(quarters),
        shift(*(tf.where(shifted, offset, 0.0) for offset in whole)),
        scaling(scale, scale),
        rotation(first),
        scaling(stretch, 1 / stretch),
        rotation(second),
        shift(*(tf.where(drifted, offset, 0.0) for offset in part)),
    ]
    matrix = steps[0]
    for step in steps[1:]:
        matrix = product(matrix, step)
    return affine(images, matrix)


# === Colour ===


def ada_color(images, probability, rng):
    """ADA's brightness, contrast, luma flip, hue and saturation, each with `probability`.

    All keep the grey axis: the mean of the channels, luma, is moved, scaled and flipped, and what is
    left, chroma, is scaled, and with three channels rotated about that axis.
    """
    uniform = iter(tf.unstack(rng.uniform([7, 1, 1, 1]), axis=1))
    normal = iter(tf.unstack(rng.normal([3, 1, 1, 1]), axis=1))

    def maybe(value, neutral):
        return tf.where(next(uniform) < probability, value, neutral)

    brightness = maybe(0.2 * next(normal), 0.0)
    contrast = maybe(2 ** (0.5 * next(normal)), 1.0)
    flip = maybe(1 - 2 * tf.floor(2 * next(uniform)), 1.0)
    angle = maybe(math.pi * (2 * next(uniform) - 1), 0.0)
    saturation = maybe(2 ** next(normal), 1.0)
    luma = tf.reduce_mean(images, axis=-1, keepdims=True)
    chroma = hue_rotated(images - luma, angle)
    return contrast * (flip * (luma + brightness) + saturation * chroma)


def hue_rotated(chroma, angle):
    """Three channels whose mean is 0, rotated about the grey axis; others are left as they are.

    Args:
        chroma: float32 `[B, H, W, C]`.
        angle: float32 `[B, 1, 1, 1]`, in radians; positive from red to green.
    """
    if chroma.shape[-1] != 3:
        return chroma
    across = (tf.roll(chroma, 1, axis=-1) - tf.roll(chroma, 2, axis=-1)) / 3**0.5
    return tf.cos(angle) * chroma + tf.sin(angle) * across


# === Filters and corruptions ===


def filtered(images, probability, rng):
    """ADA's amplification by 2^N(0, 1) of each of four bands of frequencies, each with `probability`."""
    is_amplified = rng.uniform([4]) < probability
    return equalised(images, band_gains(tf.where(is_amplified, 2 ** rng.normal([4]), 1.0)))


def noisy(images, probability, rng):
    """Adds normal noise to every value, with `probability`; its deviation is |N(0, 0.1)|."""
    deviation = 0.1 * tf.abs(rng.normal([1, 1, 1]))
    deviation = tf.where(rng.uniform([1, 1, 1]) < probability, deviation, 0.0)
    return images + deviation * rng.normal(images.shape[1:])


def ada_cutout(images, probability, rng, share=1 / 2):
    """Sets a box of `share` of the size to 0, with `probability`; its middle lies anywhere."""
    place, inside = rng.uniform([2, 1, 1, 1]), rng.uniform([1, 1, 1]) < probability
    for axis, shape in ((1, [-1, 1, 1]), (2, [1, -1, 1])):
        size = images.shape[axis]
        pixels = tf.reshape((tf.range(size, dtype=tf.float32) + 0.5) / size, shape)
        inside &= tf.abs(pixels - place[:, axis - 1]) < share / 2
    return tf.where(inside, 0.0, images)


ADA = {
    "ada": (geometric, ada_color),
    "ada_full": (geometric, ada_color, filtered, noisy, ada_cutout),
}
