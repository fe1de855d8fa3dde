"""Images made of the targets themselves, for models that restore what was lost."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfgan_zoo.datasets import arguments
from tfgan_zoo.datasets.decoding import MAX_PIXELS, Reading
from tfgan_zoo.datasets.degradations import DEGRADATIONS, SHRINKING, punctured
from tfgan_zoo.datasets.sources import load, one_epoch
from tfgan_zoo.datasets.stream import Source
from tfgan_zoo.datasets.windows import windows_source
from tfgan_zoo.names import near


def load_degraded(
    name_or_path: str | os.PathLike,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    batch_size: int = 16,
    *,
    degradation: str | os.PathLike | Callable,
    scale: int = 1,
    shuffle: bool = True,
    seed: int = 0,
    **options: Any,
) -> tf.data.Dataset:
    """One epoch of images and what they were made of, and the source that `fit` trains from.

    The batches are `{"images": float32 [batch_size, height, width, any], "targets": …}` in [-1, 1]:
    targets are the images of a set, images what a degradation makes of them. What it draws, such as
    holes, follows from the seed and the step, and is new in every epoch. See `load` for the attribute
    `source`.

    Example:
        model.fit(load_degraded("cifar10", degradation="grey"))
        model.fit(load_degraded("./photos", image_size=256, degradation="free_form", flip=True))

    Args:
        name_or_path, split, batch_size, shuffle, seed: As in `load`.
        image_size: Size of the images; targets are `scale` times as large. None: targets keep theirs.
        degradation: One of
            - "grey": the luma of colours, one channel;
            - "free_form" or "box": RGBA images with random holes, of brush strokes or rectangles, that
              are transparent (alpha -1) and whose colours are 0;
            - "bicubic": images `scale` times smaller, by Matlab's bicubic resizing, by which
              super-resolution is measured;
            - "real_esrgan": the same by blur, resizing, noise and JPEG, twice: see
              `datasets.real_esrgan.real_esrgan`;
            - a folder of masks, written as a path, or an .npz file: holes are where masks are white, at
              least half; each image gets a random mask, cut and resized as `load` does;
            - a function from targets, float32 `[N, height, width, channels]`, and an int64 seed `[2]` to
              images. It is traced into a graph; all that it draws must follow from the seed.
        scale: Int. How many times as large targets are as the images made of them.
        options: Of `load`: `data_dir`, `flip`, `crop`, `channels`, `cache`, `on_unreadable`,
            `max_pixels`, `bit_depth`. With crop="window" targets are windows of a folder's pictures at
            random places, at the size that these have; `windows_per_image`, an int, says how many of
            each are in an epoch, and `rotate` whether they are turned by quarters too.

    Raises:
        FileNotFoundError, RuntimeError: As `load`.
        TypeError: A degradation that is none.
        ValueError: As `load`; an unknown degradation, targets that it cannot be made of, or images that
            are not `scale` times as small.
    """
    arguments.check_numbers(scale=scale, batch_size=batch_size, seed=seed)
    size = image_size if scale == 1 or image_size is None else _scaled(image_size, scale)
    reading = _windows if options.get("crop") == "window" else load
    targets = reading(name_or_path, split, size, 1, labels=False, **options).source
    made = _function(degradation, split, targets.image_shape[:2], scale)
    return one_epoch(degraded(targets, made, scale), int(batch_size), shuffle, int(seed))


def _windows(
    folder,
    split,
    size,
    batch_size,
    *,
    crop,
    labels,
    channels=3,
    flip=False,
    rotate=False,
    **options,
):
    """What `load` gives, of windows."""
    del crop, labels
    per_image = options.pop("windows_per_image", 1)
    max_pixels = options.pop("max_pixels", MAX_PIXELS)
    if options:
        raise TypeError(
            "crop='window' takes channels, flip, rotate, windows_per_image and max_pixels. Received: "
            f"{', '.join(options)}."
        )
    size = arguments.checked(folder, split, size, 1, "random", channels, "auto", "raise")
    arguments.check_numbers(windows_per_image=per_image, max_pixels=max_pixels)
    if not Path(folder).expanduser().is_dir():
        raise FileNotFoundError(arguments.no_data_at(Path(folder)))
    reading = Reading(None, channels, int(max_pixels))
    folder = Path(folder).expanduser()
    source = windows_source(folder, split, size, reading, int(per_image), flip, rotate)
    return one_epoch(source, batch_size, False, 0)


def degraded(source: Source, degradation: Callable, scale: int = 1) -> Source:
    """A source of `{"images": degradation(targets, seed), "targets": …}`, whose targets are the images
    of another; `image_shape` is that of the images."""
    shape = _shape_of(degradation, source.image_shape)
    if tuple(scale * side for side in shape[:2]) != tuple(source.image_shape[:2]):
        raise ValueError(
            f"Targets of shape {source.image_shape} become images of shape {shape}, and scale={scale}: "
            f"targets must be {scale} times as high and as wide."
        )

    def fetch(indices, seed):
        targets = source.fetch(indices, seed)["images"]
        return {"images": degradation(targets, seed), "targets": targets}

    return Source(source.count, fetch, shape, repeats=source.repeats)


def _shape_of(degradation, target_shape):
    """(height, width, channels) of what a degradation makes of targets."""
    specs = tf.TensorSpec([None, *target_shape]), tf.TensorSpec([2], tf.int64)
    function = tf.function(degradation, autograph=False).get_concrete_function(*specs)
    made = function.structured_outputs
    if not tf.is_tensor(made) or made.dtype != tf.float32:
        raise TypeError(f"A degradation makes float32 images. This one made: {made!r}.")
    if made.shape.rank != 4 or None in made.shape[1:]:
        raise ValueError(
            f"A degradation makes images [N, height, width, channels]. This one made: {made.shape}."
        )
    return tuple(made.shape[1:])


def _scaled(image_size, scale):
    if isinstance(image_size, (tuple, list)):
        return tuple(scale * side for side in image_size)
    return scale * image_size


def _function(degradation, split, size, scale):
    """The function that a name, a folder of masks or a function stands for."""
    if isinstance(degradation, str) and degradation in DEGRADATIONS:
        return DEGRADATIONS[degradation]
    if isinstance(degradation, str) and degradation in SHRINKING:
        return functools.partial(SHRINKING[degradation], scale=scale)
    if callable(degradation):
        return degradation
    if not isinstance(degradation, (str, os.PathLike)):
        raise TypeError(
            f"degradation is a name, a folder of masks or a function. Received: {degradation!r}."
        )
    if isinstance(degradation, str) and not _is_path(degradation):
        known = [*DEGRADATIONS, *SHRINKING]
        raise ValueError(
            f"There is no degradation {degradation!r}.{near(degradation, known)} There are "
            f"{', '.join(known)}; a folder of masks is written as a path, './masks'."
        )
    return _of_masks(degradation, split, size)


def _is_path(name):
    return os.sep in name or name.lower().endswith(".npz")


def _of_masks(path, split, size):
    """Holes that are one of the masks in a folder, drawn for each image; those of the split, if it has
    a subfolder named so."""
    split = split if (Path(path).expanduser() / split).is_dir() else "train"
    masks = load(path, split, size, 1, channels=1, labels=False).source

    def apply(targets, seed):
        own = tf.random.fold_in(seed, 32)
        count = tf.shape(targets)[:1]
        drawn = tf.random.stateless_uniform(count, own, 0, masks.count, tf.int64, alg="philox")
        return punctured(targets, masks.fetch(drawn, own)["images"] >= 0)

    return apply
