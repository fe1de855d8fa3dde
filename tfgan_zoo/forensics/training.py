"""From images of each kind to a trained, calibrated detector."""

import random
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.datasets.stream import Source, stream, to_floats
from tfgan_zoo.forensics.degradations import BlurJPEG
from tfgan_zoo.forensics.detector import Detector

_HELD_OUT = 0.2  # the share of each kind that calibrates


def labelled(real: ArrayLike, generated: dict) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of all kinds: uint8 `[N, H, W, C]` and int32 `[N]`, 0 for real ones, k for those
    of the k-th source.

    Args:
        real: uint8 `[N, H, W, C]`.
        generated: `{source: uint8 [M, H, W, C]}`.

    Raises:
        TypeError: Another dtype than uint8.
        ValueError: Images of different sizes, or none.
    """
    kinds = {"real": real, **generated}
    for name, images in kinds.items():
        if images.dtype != np.uint8:
            raise TypeError(f"Images must be uint8. Those of {name} are {images.dtype}.")
        if images.shape[1:] != real.shape[1:] or images.ndim != 4 or not len(images):
            raise ValueError(
                "All images must go through the same size and channels, or the difference would be what "
                f"is found. Real: {real.shape}. {name}: {images.shape}."
            )
    labels = np.repeat(np.arange(len(kinds), dtype=np.int32), [*map(len, kinds.values())])
    return np.concatenate([*kinds.values()]), labels


def batches(
    images: ArrayLike,
    labels: ArrayLike,
    batch_size: int = 64,
    augment: Callable | None = None,
    seed: int = 0,
) -> tf.data.Dataset:
    """A `tf.data.Dataset` without end for `fit(…, steps_per_epoch=…)`: floats in [-1, 1], labels.

    Real and generated images go through the same: mirrored with probability 1/2, then `augment`. Order
    and draws are functions of the seed and the number of the batch alone, as in `datasets.stream`: not
    of `keras.utils.set_random_seed`, nor of how often the data were read.

    Args:
        images, labels: As of `labelled`.
        augment: None, or a function from uint8 images and ints `[2]`, a seed, such as `BlurJPEG()`.

    Raises:
        ValueError: Fewer images than a batch has.
    """
    with tf.device("CPU:0"):
        images, labels = tf.constant(images), tf.constant(labels)

    def fetch(rows, key):
        pixels = tf.gather(images, rows)
        pixels = tf.where(_heads(pixels, key), pixels[:, :, ::-1], pixels)
        if augment is not None:
            pixels = augment(pixels, tf.random.experimental.stateless_fold_in(key, 1))
        return {"images": to_floats(pixels), "labels": tf.gather(labels, rows)}

    source = Source(len(images), fetch, tuple(images.shape[1:]))
    data = stream(source, batch_size, seed=seed)
    return data.map(lambda batch: (batch["images"], batch["labels"]))


def _heads(images, key):
    return tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], key) < 0.5


def train(
    real: ArrayLike,
    generated: dict,
    augment: str | Callable | None = "blur_jpeg",
    features: str = "convolutions",
    width: int = 16,
    epochs: int = 3,
    batch_size: int = 64,
    attribute: bool = True,
    trained_on: str = "",
    seed: int = 0,
    verbose: int = 0,
) -> Detector:
    """Trains a detector and calibrates it, on a fifth of each kind that it does not train on.

    Real and generated images must have gone the same way: the same size, resampling, rounding and file
    format. What differs between the ways is easier to learn than what differs between the images.

    Args:
        real: uint8 `[N, H, W, C]`, 500 or more: a hundredth of the held-out ones must be an image.
        generated: `{source: uint8 [M, H, W, C]}`, 5 or more of each.
        augment: "blur_jpeg" for `BlurJPEG()`, None, or a function as of `batches`.
        features, width, trained_on: As of `Detector`.
        epochs, batch_size, seed: Ints. Adam's rate falls from 2e-3 to 0 along half a cosine.
        attribute: Whether it also learns which source drew an image.

    Returns:
        A calibrated `Detector`. It follows from the images and the arguments: order, draws and first
        weights are functions of `seed`, whatever `keras.utils.set_random_seed` was given. On CPUs of one
        kind, with as many threads, its weights are the same bit for bit; other machines, and GPUs unless
        `tf.config.experimental.enable_op_determinism()` was called, round otherwise.

    Raises:
        TypeError, ValueError: As of `labelled`, `batches` and `Detector.calibrate`.
    """
    images, labels = labelled(real, generated)
    held_out = _held_out(labels, np.random.default_rng(seed))
    sources = [*generated] if attribute else ()
    detector = _seeded(seed, real.shape[1:], features, width, sources, trained_on)
    augment = BlurJPEG() if augment == "blur_jpeg" else augment
    steps = max((len(images) - int(held_out.sum())) // batch_size, 1)
    detector.compile(keras.optimizers.Adam(_rate(features, epochs * steps)))
    data = batches(images[~held_out], labels[~held_out], batch_size, augment, seed)
    detector.fit(data, epochs=epochs, steps_per_epoch=steps, verbose=verbose, shuffle=False)
    detector.calibrate(images[held_out], labels[held_out])
    return detector


def _rate(features, steps):
    first = {"convolutions": 2e-3, "spectrum": 2e-2}[features]
    return keras.optimizers.schedules.CosineDecay(first, steps)


def _seeded(seed, *arguments):
    """A detector whose first weights are a function of the seed: Keras draws theirs from `random`."""
    state = random.getstate()
    random.seed(seed)
    try:
        return Detector(*arguments)
    finally:
        random.setstate(state)


def _held_out(labels, rng):
    """Bools `[N]`: of each kind a fifth, drawn, and one image at least."""
    found = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        found[rng.choice(rows, max(int(_HELD_OUT * len(rows)), 1), replace=False)] = True
    return found
