"""What makes the images of a restoration out of its targets: `(targets, seed) -> images`.

A row of `DEGRADATIONS` is a name and such a function: targets are float32 `[N, H, W, C]` in [-1, 1], the
int64 seed `[2]` is for whatever is drawn, and the images are float32 in [-1, 1], of any channels and as
large as the targets, or smaller by a whole number. The same arguments give the same images. It is traced
into a tf.data graph.
"""

import math

import tensorflow as tf

from tfgan_zoo.datasets.images import LUMA

_LARGEST, _STROKES, _VERTICES = 256, 3, 12  # DeepFill v2's, of images with a side of 256
_WIDTHS, _ANGLES = (12.0, 40.0), (2 * math.pi / 5, 2 * math.pi / 15)


def grey(targets, seed):
    """Colours as their luma (ITU-R BT.601): `[N, H, W, 1]`."""
    del seed
    return tf.reduce_sum(_of_colours(targets) * LUMA, axis=-1, keepdims=True)


def free_form(targets, seed):
    """Holes as of a brush: up to 3 strokes of 4 to 12 segments, which turn one way and the other.

    Images are RGBA; alpha is -1 in the hole, where colours are 0, and 1 elsewhere. At a side of 256
    strokes are 12 to 40 pixels wide; other images have them in proportion.

    Reference: Yu et al., "Free-Form Image Inpainting with Gated Convolution", 2019 (arXiv:1806.03589,
    algorithm 1).
    """
    return punctured(targets, brushed(tf.shape(targets)[0], targets.shape[1:3], seed))


def box(targets, seed):
    """A hole that is a rectangle, with sides of a quarter to a half of the image's; see `free_form`."""
    return punctured(targets, boxed(tf.shape(targets)[0], targets.shape[1:3], seed))


DEGRADATIONS = {"grey": grey, "free_form": free_form, "box": box}


def punctured(targets, holes):
    """Colour images `[N, H, W, 3]` with holes, bools `[N, H, W, 1]`: RGBA, transparent in the holes."""
    known = tf.cast(tf.logical_not(holes), tf.float32)
    return tf.concat([_of_colours(targets) * known, 2 * known - 1], axis=-1)


def _of_colours(targets):
    if targets.shape[-1] != 3:
        raise ValueError(
            f"The degradation is one of colour images, and these have {targets.shape[-1]} channels. "
            "Give channels=3."
        )
    return targets


# === Holes ===


def boxed(count, size, seed):
    """One rectangle in each of `count` images of `size` (height, width): bools `[count, *size, 1]`."""
    draws = _uniform(seed, 0, [4, count, 1])

    def within(side, length, place):
        length = tf.floor(tf.maximum((0.25 + 0.25 * length) * side, 1.0))
        start = tf.floor(place * (side - length + 1))
        places = tf.range(side, dtype=tf.float32)
        return (places >= start) & (places < start + length)

    rows = within(size[0], draws[0], draws[1])
    columns = within(size[1], draws[2], draws[3])
    return (rows[:, :, None] & columns[:, None, :])[..., None]


def brushed(count, size, seed):
    """Strokes of a brush in each of `count` images of `size`: bools `[count, *size, 1]`."""
    whole = [float(side) for side in size]
    shape = [count, _STROKES]
    used = _lengths_in_segments(seed, shape)
    points = _uniform(seed, 3, [2, *shape]) * tf.reshape(whole, [2, 1, 1])
    radii = _between(_WIDTHS, _uniform(seed, 4, shape)) * min(whole) / _LARGEST / 2
    radii = tf.maximum(radii, 0.75)[:, :, None, None]  # a stroke has a pixel at least
    angles, lengths = _turns(seed, shape, math.hypot(*whole) / 8)
    holes = tf.zeros([count, *size], tf.bool)
    for number in range(_VERTICES):
        direction = tf.stack([tf.sin(angles[..., number]), tf.cos(angles[..., number])])
        ends = points + direction * lengths[..., number]
        ends = tf.clip_by_value(ends, 0.0, tf.reshape(whole, [2, 1, 1]))
        near = _distances_squared(points, ends, size) <= radii**2
        holes |= tf.reduce_any(near & (number < used)[:, :, None, None], axis=1)
        points = ends
    return holes[..., None]


def _lengths_in_segments(seed, shape):
    """How many segments each stroke has, 4 to 12, and of strokes that are not drawn 0: int32."""
    segments = tf.cast(4 + tf.floor(_uniform(seed, 1, shape) * (_VERTICES - 3)), tf.int32)
    strokes = 1 + tf.floor(_uniform(seed, 2, [shape[0], 1]) * shape[1])
    return tf.where(tf.range(shape[1], dtype=tf.float32) < strokes, segments, 0)


def _turns(seed, shape, radius):
    """The direction and the length of every segment of every stroke, `[*shape, segments]`."""
    shape = [*shape, _VERTICES]
    mean, most = _ANGLES
    least = mean - most + _uniform(seed, 5, [*shape[:2], 1]) * 2 * most  # each stroke has its own
    angles = least + _uniform(seed, 6, shape) * most
    back = tf.range(_VERTICES) % 2 == 0
    first = 2 * math.pi * _uniform(seed, 7, [*shape[:2], 1])
    angles = first + tf.where(back, -angles, angles)
    lengths = radius * (1 + tf.random.stateless_normal(shape, _own(seed, 8), alg="philox") / 2)
    return angles, tf.clip_by_value(lengths, 0.0, 2 * radius)


def _distances_squared(starts, ends, size):
    """Of the middle of each pixel from segments: `[N, S, H, W]`; ends are (row, column), `[2, N, S]`."""
    rows, columns = (tf.range(side, dtype=tf.float32) + 0.5 for side in size)
    down = rows[:, None] - starts[0][:, :, None, None]
    right = columns - starts[1][:, :, None, None]
    along = (ends - starts)[..., None, None]
    squared = tf.maximum(along[0] ** 2 + along[1] ** 2, 1e-12)
    share = tf.clip_by_value((down * along[0] + right * along[1]) / squared, 0.0, 1.0)
    return (down - share * along[0]) ** 2 + (right - share * along[1]) ** 2


# === Draws ===


def _uniform(seed, purpose, shape):
    return tf.random.stateless_uniform(shape, _own(seed, purpose), alg="philox")


def _own(seed, purpose):
    """A seed of each purpose; those below 16 are of what is drawn of images: see `images._draw`."""
    return tf.random.fold_in(seed, 16 + purpose)


def _between(bounds, shares):
    return bounds[0] + (bounds[1] - bounds[0]) * shares
