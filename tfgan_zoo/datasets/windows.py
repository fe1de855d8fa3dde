"""Windows of pictures of any size, at the resolution that they have."""

import os

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets import decoding
from tfgan_zoo.datasets.listing import list_images, pixels_of, printable
from tfgan_zoo.datasets.stream import Source, to_floats


def windows_source(
    folder: str | os.PathLike,
    split: str,
    size: tuple[int, int],
    reading: decoding.Reading,
    windows_per_image: int,
    flip: bool,
    rotate: bool,
) -> Source:
    """A source of windows at random places of the pictures of a folder, all of which are in memory.

    Args:
        folder, split: As for `load`.
        size: (height, width) of the windows.
        reading: With channels; its size is not used.
        windows_per_image: Int. Windows of each picture in an epoch.
        flip: Whether windows are mirrored left to right with probability 1/2.
        rotate: Whether square windows are turned by 0 to 3 quarters.

    Raises:
        ValueError: Pictures that cannot be read, or are smaller than a window; their names are told.
    """
    if rotate and size[0] != size[1]:
        raise ValueError(f"rotate=True needs square windows. Received: image_size={tuple(size)}.")
    pictures = _pictures(list_images(folder, split), size, reading)
    shapes = np.array([picture.shape[:2] for picture in pictures], np.int64)
    ends = np.cumsum(shapes.prod(axis=1))
    with tf.device("CPU:0"):
        pixels = tf.constant(np.concatenate([p.reshape(-1, reading.channels) for p in pictures]))
        starts, shapes = tf.constant(ends - shapes.prod(axis=1)), tf.constant(shapes)

    def fetch(indices, seed):
        picture = indices % len(pictures)
        shape = tf.gather(shapes, picture)
        places = _places(shape, size, seed, flip, rotate)
        places += tf.gather(starts, picture)[:, None, None]
        images = to_floats(tf.gather(pixels, places))
        return {"images": tf.ensure_shape(images, [None, *size, reading.channels])}

    shape = (*size, reading.channels)
    return Source(len(pictures) * windows_per_image, fetch, shape, repeats=windows_per_image)


def _pictures(listing, size, reading):
    """The pixels of all files, uint8."""
    paths = {name: listing.path(name) for name in listing.names}
    reasons, pictures = dict(listing.unreadable), []
    for name, path in paths.items():
        try:
            pictures.append(pixels_of(path, reading._replace(size=None)))
        except ValueError as error:
            reasons[name] = error
        else:
            height, width = pictures[-1].shape[:2]
            if height < size[0] or width < size[1]:
                reasons[name] = f"{width}x{height}, smaller than a window of {size[1]}x{size[0]}"
    if reasons:
        lines = [f"{printable(listing.path(name))}: {why}" for name, why in reasons.items()]
        raise ValueError(
            f"{len(reasons)} of {len(paths)} pictures cannot be used:\n" + "\n".join(lines[:10])
        )
    return pictures


def _places(shape, size, seed, flip, rotate):
    """Where in its picture, as a row of pixels, each pixel of each window stands: int64 `[N, h, w]`."""
    draws = tf.random.stateless_uniform(
        [tf.shape(shape)[0], 4], tf.random.fold_in(seed, 4), alg="philox"
    )
    free = tf.cast(shape - tf.constant(size, tf.int64) + 1, tf.float32)
    corner = tf.minimum(tf.cast(draws[:, :2] * free, tf.int64), shape - tf.constant(size, tf.int64))
    rows, columns = (tf.range(side, dtype=tf.int64) for side in size)
    rows, columns = rows[None, :, None] + 0 * columns, columns[None, None] + 0 * rows[:, None]
    if flip:
        is_flipped = draws[:, 2, None, None] < 0.5
        columns = tf.where(is_flipped, size[1] - 1 - columns, columns)
    if rotate:
        rows, columns = _turned(rows, columns, size[0], tf.cast(4 * draws[:, 3], tf.int32))
    rows, columns = (part + corner[:, i, None, None] for i, part in enumerate((rows, columns)))
    return rows * shape[:, 1, None, None] + columns


def _turned(rows, columns, side, quarters):
    """Both coordinates after each window's number of quarter turns."""
    quarters = quarters[:, None, None]
    last = side - 1
    turned_rows = tf.where(
        quarters == 1, columns, tf.where(quarters == 2, last - rows, last - columns)
    )
    turned_columns = tf.where(
        quarters == 1, last - rows, tf.where(quarters == 2, last - columns, rows)
    )
    keep = quarters == 0
    return tf.where(keep, rows, turned_rows), tf.where(keep, columns, turned_columns)
