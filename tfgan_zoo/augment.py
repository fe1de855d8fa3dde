"""Augmentations of what a discriminator is shown: DiffAugment and ADA, as pure functions.

Images are float32 `[B, H, W, C]` in [-1, 1], and stay float32 of that shape, though values may leave the
range, as in both papers. Every example has draws of its own. The results can be differentiated twice by
the images, so that the generator learns through them and penalties on gradients can be taken. All is
plain arithmetic and gathers that XLA compiles; the batch size must be known when the function is traced.

References: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", 2020
(arXiv:2006.10738); Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020
(arXiv:2006.06676), appendix B, with its default strengths.
"""

import math

import tensorflow as tf


def check(policy):
    """Raises ValueError where `policy` is no value of the option `augment`; see `augment`."""
    names = [] if policy in (None, "ada") else _names(policy)
    unknown = [name for name in names if name not in DIFF_AUGMENT]
    if unknown or len(set(names)) < len(names):
        raise ValueError(
            f"augment must be None, 'ada', or some of {', '.join(DIFF_AUGMENT)} with commas between "
            f"them. Received: augment={policy!r}."
        )


def augment(images, policy, draws, probability=None):
    """Images as `policy` changes them.

    Args:
        images: float32 `[B, H, W, C]`.
        policy: None; names of `DIFF_AUGMENT` with commas between them, done in that order; or "ada".
        draws: Has `uniform(shape, low, high)` and `normal(shape)` -> float32 `[B, *shape]`.
        probability: float32 scalar in [0, 1], of each of ADA's transformations.
    """
    if policy is None:
        return images
    if policy == "ada":
        return recoloured(moved(images, probability, draws), probability, draws)
    for name in _names(policy):
        images = DIFF_AUGMENT[name](images, draws)
    return images


def _names(policy):
    return [name.strip() for name in str(policy).split(",")]


# === DiffAugment ===


def color(images, draws):
    """Adds a number to all values; scales saturation; then contrast."""
    images += draws.uniform([1, 1, 1], -0.5, 0.5)
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = grey + draws.uniform([1, 1, 1], 0.0, 2.0) * (images - grey)
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return mean + draws.uniform([1, 1, 1], 0.5, 1.5) * (images - mean)


def translation(images, draws, share=1 / 8):
    """Shifts by whole pixels, up to `share` of the size each way; what comes in is 0."""
    uniform = draws.uniform([2])
    for axis, equation in ((1, "bij,bjwc->biwc"), (2, "bij,bhjc->bhic")):
        size = images.shape[axis]
        reach = int(size * share + 0.5)
        offset = tf.floor(uniform[:, axis - 1] * (2 * reach + 1)) - reach
        places = tf.range(size, dtype=tf.float32)
        source = places[None, :, None] - offset[:, None, None]
        images = tf.einsum(equation, tf.cast(source == places, tf.float32), images)
    return images


def cutout(images, draws, share=1 / 2):
    """Sets a box of `share` of the size to 0; its middle lies anywhere in the image."""
    uniform = draws.uniform([2])
    inside = True
    for axis, shape in ((1, [-1, 1, 1]), (2, [1, -1, 1])):
        size = images.shape[axis]
        box = int(size * share + 0.5)
        middle = tf.floor(uniform[:, axis - 1] * (size + 1 - box % 2))[:, None, None, None]
        places = tf.reshape(tf.range(size, dtype=tf.float32), shape) - middle + box // 2
        inside &= (places >= 0) & (places < box)
    return tf.where(inside, 0.0, images)


DIFF_AUGMENT = {"color": color, "translation": translation, "cutout": cutout}


def flip_and_shift(images, draws):
    """Mirrors half of the images, and shifts all: what consistency regularisation compares with."""
    mirrored = draws.uniform([1, 1, 1]) < 0.5
    return translation(tf.where(mirrored, images[:, :, ::-1], images), draws)


# === ADA: pixel blitting and geometry ===


def moved(images, probability, draws):
    """ADA's flips, turns, shifts and scales, each with `probability`, as one bilinear warp.

    The reference also low-pass filters, at twice the resolution; here the image is read between its
    pixels as it is, mirrored beyond its border.
    """
    _, height, width, _ = images.shape
    uniform = iter(tf.unstack(draws.uniform([14]), axis=1))
    normal = iter(tf.unstack(draws.normal([4]), axis=1))
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
        matrix = _product(matrix, step)
    return warped(images, matrix)


def warped(images, matrix):
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


def _product(first, second):
    return tf.reduce_sum(first[:, :, :, None] * second[:, None], axis=2)


# === ADA: colour ===


def recoloured(images, probability, draws):
    """ADA's brightness, contrast, luma flip, hue and saturation, each with `probability`.

    All keep the grey axis: the mean of the channels, luma, is moved, scaled and flipped, and what is
    left, chroma, is scaled, and with three channels rotated about that axis.
    """
    uniform = iter(tf.unstack(draws.uniform([7, 1, 1, 1]), axis=1))
    normal = iter(tf.unstack(draws.normal([3, 1, 1, 1]), axis=1))

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
