"""Affine maps of the plane, and images read through them."""

import tensorflow as tf


def affine(images, matrix):
    """Reads images at other places, between pixels by bilinear interpolation.

    Args:
        images: float32 `[B, H, W, C]`. Beyond the border it goes on as in a mirror.
        matrix: float32 `[B, 3, 3]`, from a pixel (x, y, 1) of the result to where it is read; the
            origin is the image's middle, lengths are pixels, y points down.
    """
    batch, height, width, channels = images.shape
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = (tf.range(width, dtype=tf.float32) - middle_x)[None, :]
    y = (tf.range(height, dtype=tf.float32) - middle_y)[:, None]
    # Sums of products instead of a matmul, which a GPU may round to ten bits.
    m = matrix[:, :, :, None, None]
    x, y = (m[:, row, 0] * x + m[:, row, 1] * y + m[:, row, 2] for row in (0, 1))
    x, y = _mirrored(x + middle_x, width), _mirrored(y + middle_y, height)
    left, top = tf.floor(x), tf.floor(y)
    pixels = tf.reshape(images, [batch, height * width, channels])
    total = 0.0
    for row, high in ((top, 1 - (y - top)), (tf.minimum(top + 1, height - 1), y - top)):
        for column, wide in ((left, 1 - (x - left)), (tf.minimum(left + 1, width - 1), x - left)):
            places = tf.reshape(tf.cast(row * width + column, tf.int32), [batch, -1])
            read = tf.reshape(tf.gather(pixels, places, batch_dims=1), images.shape)
            total += (high * wide)[..., None] * read
    return total


def _mirrored(places, size):
    """Coordinates brought into [0, size - 1] by mirrors at both ends."""
    if size == 1:
        return tf.zeros_like(places)
    period = 2.0 * (size - 1)
    places = tf.math.floormod(places, period)
    return tf.minimum(places, period - places)


def scaling(x, y):
    """Matrices `[B, 3, 3]` that scale by x and y; float32 `[B]`, y also a float."""
    return _matrix([x, 0.0, 0.0], [0.0, y, 0.0])


def shift(x, y):
    """Matrices `[B, 3, 3]` that add x and y, float32 `[B]`."""
    return _matrix([1.0, 0.0, x], [0.0, 1.0, y])


def rotation(angle):
    """Matrices `[B, 3, 3]` that rotate by an angle, float32 `[B]`, in radians."""
    cosine, sine = tf.cos(angle), tf.sin(angle)
    return _matrix([cosine, -sine, 0.0], [sine, cosine, 0.0])


def quarter_turns(count):
    """Matrices `[B, 3, 3]` that rotate by 0 to 3 right angles, float32 `[B]`, without rounding."""
    cosine, sine = tf.abs(count - 2) - 1, 1 - tf.abs(count - 1)
    cosine, sine = cosine * tf.cast(count != 3, tf.float32), tf.where(count == 3, -1.0, sine)
    return _matrix([cosine, -sine, 0.0], [sine, cosine, 0.0])


def _matrix(*rows):
    like = next(entry for row in rows for entry in row if tf.is_tensor(entry))
    full = [[entry + tf.zeros_like(like) for entry in row] for row in (*rows, [0.0, 0.0, 1.0])]
    return tf.stack([tf.stack(row, axis=-1) for row in full], axis=-2)


def product(first, second):
    return tf.reduce_sum(first[:, :, :, None] * second[:, None], axis=2)
