"""Two sets of images without pairs, for translation, each in an order of its own."""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_zoo.datasets import arguments
from tfgan_zoo.datasets.sources import load, one_epoch
from tfgan_zoo.datasets.stream import Source


def load_unpaired(
    path: str | os.PathLike | tuple,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    batch_size: int = 1,
    *,
    swap: bool = False,
    shuffle: bool = True,
    seed: int = 0,
    **options: Any,
) -> tf.data.Dataset:
    """One epoch of two sets of images without pairs, and the source that `fit` trains from.

    The batches are `{"images": …, "targets": …}`, as `load_pairs` gives them. The images go by the order
    of every epoch, the targets by orders of their own; the smaller set is read more often.

    Example:
        model.fit(load_unpaired("cycle_gan/horse2zebra", image_size=256, crop="random", flip=True))
        model.fit(load_unpaired(("./summer", "./winter"), image_size=128))

    Args:
        path: A pair of sets, (images, targets), each as for `load`; or one that has both as the splits
            `<split>A` and `<split>B`: a folder with the subfolders trainA and trainB, or a set of TFDS.
        split, image_size, batch_size, shuffle, seed: As in `load`.
        swap: Whether targets become images, and images targets.
        options: Of `load`, for both: `data_dir`, `flip`, `crop`, `channels`, `cache`, `on_unreadable`,
            `max_pixels`, `bit_depth`.

    Raises:
        FileNotFoundError, RuntimeError, ValueError: As `load`, and where the two differ in height or
            width.
    """
    path = tuple(path) if isinstance(path, list) else path
    if isinstance(path, tuple) and len(path) != 2:
        raise ValueError(f"A pair of sets, (images, targets). Received {len(path)} parts.")
    named = both(path, split)
    arguments.check_numbers(batch_size=batch_size, seed=seed)
    parts = [load(p, s, image_size, 1, labels=False, **options).source for p, s in named]
    return one_epoch(
        _zipped(*(parts[::-1] if swap else parts)), int(batch_size), shuffle, int(seed)
    )


def both(path, split):
    """Both sets and their splits, as `load` takes them."""
    if isinstance(path, tuple):
        return [(each, split) for each in path]
    splits = [f"{split}{letter}" for letter in "AB"]
    folders = [Path(path) / name for name in splits]
    if all(folder.is_dir() for folder in folders):
        return [(folder, "train") for folder in folders]  # without subfolders: the folder itself
    return [(path, name) for name in splits]


def _zipped(images, targets):
    if images.image_shape[:2] != targets.image_shape[:2]:
        raise ValueError(
            f"Images have shape {images.image_shape}, targets {targets.image_shape}. Give image_size."
        )

    def fetch(indices, seed):
        own = tf.stack([seed[0] ^ 0x7A6F6F, seed[1]])
        here = images.fetch(indices % images.count, seed)["images"]
        there = targets.fetch(_places(own, tf.size(indices, tf.int64), targets.count), own)[
            "images"
        ]
        return {"images": here, "targets": there}

    count = max(images.count, targets.count)
    often = -(-count // images.count) * images.repeats
    # Places in permutations that follow each other need not begin with one.
    there = (-(-(count - 1) // targets.count) + 1) * targets.repeats
    return Source(count, fetch, images.image_shape, repeats=max(often, there))


def _places(seed, rows, count):
    """Which of `count` targets a step reads: they go through one permutation after another.

    Args:
        seed: int64 [2], of which the second is the step.
        rows: int64 scalar. Images of a step.
    """
    places = seed[1] * rows + tf.range(rows, dtype=tf.int64)
    words = tf.map_fn(
        lambda epoch: tf.random.stateless_uniform(
            [3], tf.stack([seed[0], epoch]), None, None, tf.int64, alg="philox"
        ),
        places // count,
    )
    last = tf.fill(tf.shape(places), tf.constant(count - 1, tf.int64))
    return tf.raw_ops.RandomIndexShuffle(index=places % count, seed=words, max_index=last, rounds=8)
