"""From the bytes of an image file to pixels of one size, and the random changes made to them."""

import tensorflow as tf

LUMA = (0.299, 0.587, 0.114)  # the weights of ITU-R BT.601, as in JPEG


def decode(contents, size, channels):
    """An encoded image as uint8 [*size, channels]; an animation as its first frame.

    Args:
        contents: Scalar string: JPEG, PNG, GIF or BMP, of a source that is trusted, such as a set that
            TFDS prepared. Files of people are for `decoding`. WebP raises InvalidArgumentError.
        size: (height, width), or None to keep the size of the image.
        channels: 1, 3 or 4.
    """
    is_webp = tf.equal(tf.strings.substr(contents, 0, 4), "RIFF")  # ends the process if animated
    check = tf.debugging.Assert(tf.logical_not(is_webp), ["WebP in a record cannot be read."])
    with tf.control_dependencies([check] if check is not None else []):  # None: checked already
        image = tf.io.decode_image(contents, expand_animations=False)
    image = to_channels(tf.cast(image, tf.float32), channels)
    return to_pixels(image if size is None else resize(image, size))


def to_pixels(image):
    """Floats as the nearest uint8 pixels, so that data cached as uint8 equals data read anew."""
    return tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)


def to_channels(image, channels):
    """Floats in [0, 255] of 1 to 4 channels as grey (1) or colour (3), laid on white, or with
    transparency (4)."""
    if image.shape[-1] == channels:
        return image
    shape = tf.shape(image)
    colours = 1 + 2 * tf.cast(shape[-1] > 2, tf.int32)
    colour, alpha = image[..., :colours], image[..., colours:] / 255
    # An image without alpha has an empty `alpha`, whose maximum is below 0: it counts as opaque.
    alpha = tf.reduce_max(alpha, axis=-1, keepdims=True)
    alpha = tf.where(shape[-1] > colours, alpha, tf.ones_like(alpha))
    if channels == 4:
        colour = tf.broadcast_to(colour, [*tf.unstack(shape[:-1]), 3])
        return tf.concat([colour, 255 * alpha], axis=-1)
    colour = tf.broadcast_to(colour * alpha + 255 * (1 - alpha), [*tf.unstack(shape[:-1]), 3])
    return colour if channels == 3 else tf.reduce_sum(colour * LUMA, axis=-1, keepdims=True)


def resize(image, size):
    """The middle of the image, as large as the shape of `size` allows, at `size`.

    Bicubic with antialiasing, so that shrinking averages and a 28x28 digit fills its 32x32 pixels.

    Args:
        image: Floats in [0, 255], [..., height, width, channels].
        size: (height, width).
    """

    def resized():
        cut = image[..., top : top + cut_height, left : left + cut_width, :]
        return tf.image.resize(cut, size, "bicubic", antialias=True)

    height, width = tf.unstack(tf.shape(image)[-3:-1])
    cut_height = tf.maximum(tf.minimum(height, width * size[0] // size[1]), 1)
    cut_width = tf.maximum(tf.minimum(width, height * size[1] // size[0]), 1)
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    same = tf.reduce_all(tf.equal([height, width], size))
    image = tf.cond(same, lambda: image, resized)
    return tf.ensure_shape(image, [*image.shape[:-3], *size, image.shape[-1]])


def flipped(source):
    """The source with each image mirrored left to right with probability 1/2."""

    width = source.image_shape[1]

    def fetch(indices, seed):
        batch = source.fetch(indices, seed)
        # Reversing the first 1 or `width` columns takes half the time of tf.where and tf.reverse.
        columns = tf.where(_draw(seed, 1, [tf.size(indices)], 2) == 1, width, 1)
        return batch | {"images": tf.reverse_sequence(batch["images"], columns, 2, 0)}

    return source._replace(fetch=fetch)


def randomly_cropped(source, size):
    """The source with a window of `size` (height, width) cut from a random place of each image."""
    height, width, channels = source.image_shape

    def fetch(indices, seed):
        batch, count = source.fetch(indices, seed), tf.size(indices)
        rows = _draw(seed, 2, [count, 1], height - size[0] + 1) + tf.range(size[0])
        columns = _draw(seed, 3, [count, 1], width - size[1] + 1) + tf.range(size[1])
        images = tf.gather(batch["images"], rows, axis=1, batch_dims=1)
        return batch | {"images": tf.gather(images, columns, axis=2, batch_dims=1)}

    return source._replace(fetch=fetch, image_shape=(*size, channels))


def _draw(seed, purpose, shape, bound):
    """Integers in [0, bound). Two draws with one seed are independent if their purpose differs."""
    seed = tf.random.fold_in(seed, purpose)
    return tf.random.stateless_uniform(shape, seed, 0, bound, tf.int32, alg="philox")
