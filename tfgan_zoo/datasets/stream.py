"""Training data as a pure function of (seed, step): a run resumes in the middle of an epoch.

A `Source` reads any images by their indices. `stream` asks it for the images of one step after
another; which images a step gets, and how they are flipped or cut, follows from the seed and the
number of the step alone. Nothing has to be saved, and starting at step 1,000,000 costs nothing.
"""

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.datasets.labels import to_numbers

PARALLEL_READS = min(os.cpu_count() or 1, 8)  # of whole steps, each of which lies in memory


class Source(NamedTuple):
    """Images that can be read in any order.

    Attributes:
        count: Number of images.
        fetch: `fetch(indices, seed)` with int64 indices [N] in [0, count) and an int64 seed [2] for
            whatever is drawn at random (flips, crops), gives `{"images": float32 [N, height, width,
            channels] in [-1, 1]}` and, where there are labels, `"labels"`: int32 [N], or captions,
            `"texts"`: strings [N]. It is traced into a tf.data graph. The same arguments give the
            same result.
        image_shape: (height, width, channels).
        num_classes: Number of classes, or None where there are no labels.
        class_names: The names of the classes by their number, or None where they are not known.
        repeats: How many of the `count` may be of one picture, the most. Privacy needs 1.
    """

    count: int
    fetch: Callable
    image_shape: tuple
    num_classes: int | None = None
    class_names: tuple | None = None
    repeats: int = 1


def array_source(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    texts: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Source:
    """A source that reads from arrays in memory.

    Args:
        images: Array or tensor [N, height, width, channels]: uint8 in [0, 255], which stays uint8
            in memory and becomes `x / 127.5 - 1` when it is read, or floats that lie in [-1, 1]
            already (the caller checks that).
        labels: Integers [N] from 0 up, or None; see `labels.to_numbers` for what else is taken.
        texts: Strings [N], or None.
        class_names: The names of the classes by their number, or None.

    Raises:
        TypeError: Images that are neither uint8 nor floats, or labels that are not integers.
        ValueError: Images without four axes, not one label or text for each image, or labels below 0
            or beyond int32.
    """
    images = _checked_images(np.asarray(images))
    num_classes, names = None, None
    with tf.device("CPU:0"):  # a GPU would copy the data to its memory, and back for every step
        arrays = {"images": tf.convert_to_tensor(images)}
        if labels is not None:
            labels, num_classes, names = to_numbers(labels, len(images), class_names)
            arrays["labels"] = tf.convert_to_tensor(labels)

    def fetch(indices, seed):
        del seed
        batch = {name: tf.gather(array, indices) for name, array in arrays.items()}
        return batch | {"images": to_floats(batch["images"])}

    source = Source(len(images), fetch, images.shape[1:], num_classes, names)
    return source if texts is None else captioned(source, texts)


def captioned(source, texts):
    """The source with a text for each of its images, strings [count]."""
    if len(texts) != source.count:
        raise ValueError(f"There are {len(texts)} texts for {source.count} images.")
    with tf.device("CPU:0"):
        texts = tf.constant(texts, tf.string)

    def fetch(indices, seed):
        return source.fetch(indices, seed) | {"texts": tf.gather(texts, indices)}

    return source._replace(fetch=fetch)


def _checked_images(images):
    if images.ndim != 4:
        raise ValueError(f"Images must be [N, height, width, channels]. Received: {images.shape}.")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise TypeError(f"Images must be uint8 or floats. Received: {images.dtype}.")
    return np.ascontiguousarray(images, np.float32)  # of any byte order and layout


def to_floats(images: ArrayLike) -> tf.Tensor:
    """uint8 pixels in [0, 255] as float32 in [-1, 1]; floats are returned as they are."""
    return tf.cast(images, tf.float32) / 127.5 - 1 if images.dtype == tf.uint8 else images


def stream(
    source: Source, images_per_step: int, start_step: int = 0, seed: int = 0, shuffle: bool = True
) -> tf.data.Dataset:
    """An endless data set whose element number s is the data of step `start_step + s`.

    An epoch is `source.count // images_per_step` steps. Each epoch walks through a permutation of
    its own, so the images that do not fill a last step are different ones in every epoch.

    Args:
        source: A `Source`.
        images_per_step: Images in one element, over all replicas; the static size of axis 0. Under
            `strategy.experimental_distribute_dataset`, replica r of R gets the r-th of R equal
            pieces of each element, on one worker or many.
        start_step: Step of the first element.
        seed: Any integer. Different seeds give different orders, flips and crops.
        shuffle: False reads in the order of the source, the same in every epoch.

    Returns:
        A `tf.data.Dataset` of dictionaries as `Source.fetch` gives them.

    Raises:
        ValueError: Fewer images than one step uses.
    """
    steps_per_epoch = source.count // images_per_step
    if not steps_per_epoch:
        raise ValueError(
            f"The source has {source.count} images, and one step uses {images_per_step}. "
            f"Give a smaller batch size ({source.count} images in a step at most), or more images."
        )
    seed = tf.constant((seed + 2**63) % 2**64 - 2**63, tf.int64)  # any integer, in 64 bits

    def read_step(step):
        epoch, step_in_epoch = step // steps_per_epoch, step % steps_per_epoch
        indices = step_in_epoch * images_per_step + tf.range(images_per_step, dtype=tf.int64)
        if shuffle:
            indices = _permuted(indices, tf.stack([seed, epoch]), source.count)
        batch = source.fetch(indices, tf.stack([seed, step]))
        return {k: tf.ensure_shape(v, [images_per_step, *v.shape[1:]]) for k, v in batch.items()}

    steps = tf.data.Dataset.counter(start_step)
    steps = steps.map(read_step, num_parallel_calls=PARALLEL_READS, deterministic=True)
    return steps.prefetch(2).with_options(options())


def _permuted(positions, seed, count):
    """Where `positions` of [0, count) go in the permutation that `seed`, int64 [2], stands for.

    `tf.random.experimental.index_shuffle` is the same operation used in a way that does not do
    here. Its 4 rounds leave the orders of two epochs correlated (up to 0.6 over 60,000 images); 8
    rounds do not. And it reads only the low bits of its seed, 8 of them below 65,536 images, so
    that epoch 256 would repeat epoch 0: hence words in which every bit of the seed has a part.
    """
    words = tf.random.stateless_uniform([3], seed, None, None, tf.int64, alg="philox")
    last = tf.constant(count - 1, tf.int64)
    return tf.raw_ops.RandomIndexShuffle(index=positions, seed=words, max_index=last, rounds=8)


def options():
    """Of data that is read here. tf.data's tuner is off: an iterator that ends waits for it to wake, for
    up to seconds, at the end of every sixth `fit` or so."""
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    # Every worker makes each whole element and keeps its rows: no other policy splits by rows.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
