"""Pictures of what a model from images to images makes of the same ones all along."""

import itertools
import os

import numpy as np
import tensorflow as tf

from tfgan_zoo.callbacks.samples import GridCallback
from tfgan_zoo.datasets.stream import Source
from tfgan_zoo.tasks import further_inputs
from tfgan_zoo.visualization import image_grid


class TranslationGrid(GridCallback):
    """Draws images, what becomes of them, and targets as rows of a grid, `<directory>/<step>.png`.

    Of a model with two directions, what becomes of the targets stands in a last row. A model of domains
    brings the images into each, in rows of their own; one that takes styles paints them in those of the
    targets.

    Args:
        directory: Folder of the PNG files.
        data: A `datasets.Source`, or what has one as `source`: the images are its first ones; or a
            dictionary with "images" and "targets", floats `[n, H, W, C]` in [-1, 1].
        count: Int. Images of a source.
        every: Int, or "epoch".
        tensorboard_dir: Folder of event files that get the same grid, or None.
    """

    tag = "translations"

    def __init__(
        self,
        directory: str | os.PathLike,
        data: object,
        count: int = 8,
        every: int | str = "epoch",
        tensorboard_dir: str | os.PathLike | None = None,
    ):
        super().__init__(directory, every, tensorboard_dir)
        self._batch = _checked(data) if isinstance(data, dict) else _first(data, count)

    def grid(self):
        return translation_grid(self.model, self._batch)


def translation_grid(model: object, batch: dict) -> np.ndarray:
    """The grid of `TranslationGrid`, uint8 `[H, W, 3]`.

    Args:
        model: An `ImageToImage`.
        batch: "images" and, of a model with targets, "targets", floats `[n, H, W, C]` in [-1, 1].
    """
    batch = {name: np.asarray(value, np.float32) for name, value in batch.items()}
    images, targets = batch["images"], batch.get("targets")
    rows = [_pixels(images), *_translated(model, batch)]
    if targets is not None:
        rows.append(_pixels(targets))
    if "backward" in model.directions:
        rows.append(model.translate(targets, direction="backward"))
    colours = [row[..., :3] if row.shape[-1] > 2 else row[..., :1].repeat(3, -1) for row in rows]
    edge = max(row.shape[1] for row in colours)
    return image_grid(np.concatenate([_enlarged(row, edge) for row in colours]), len(images))


def _translated(model, batch):
    """What becomes of the images, for each choice of the further inputs."""
    wanted = further_inputs.served(model)
    names = [further.name for further in wanted]
    for values in itertools.product(*(further.shown(batch) for further in wanted)):
        yield model.translate(batch["images"], **dict(zip(names, values, strict=True)))


def _pixels(images):
    return np.uint8(np.clip(np.round((images + 1) * 127.5), 0, 255))


def _enlarged(images, height):
    """Images with whole pixels repeated up to a height, beside larger ones."""
    factor = height // images.shape[1]
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def _checked(batch):
    """A batch with as many images as targets, floats.

    Raises:
        ValueError: Another one.
    """
    found = {name: np.asarray(batch.get(name)) for name in ("images", "targets")}
    shapes = {name: array.shape for name, array in found.items()}
    kinds = {array.dtype.kind for array in found.values()}
    if kinds != {"f"} or {len(shape) for shape in shapes.values()} != {4}:
        raise ValueError(
            "TranslationGrid needs 'images' and 'targets', floats [n, H, W, C] in [-1, 1]. Received: "
            f"{ {name: (str(array.dtype), array.shape) for name, array in found.items()} }."
        )
    if len(found["images"]) != len(found["targets"]):
        raise ValueError(f"There must be as many targets as images. Received: {shapes}.")
    return found


def _first(data, count):
    source = getattr(data, "source", data)
    if not isinstance(source, Source):
        raise TypeError(
            "TranslationGrid takes a datasets.Source, what load_pairs gives, or a dictionary. Received: "
            f"{type(data).__name__}."
        )
    indices = tf.range(min(count, source.count), dtype=tf.int64)
    batch = source.fetch(indices, tf.zeros([2], tf.int64))
    return {name: batch[name].numpy() for name in ("images", "targets") if name in batch}
