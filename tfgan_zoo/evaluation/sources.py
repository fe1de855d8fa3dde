"""Sets of images to score: data, files, models, exported models, endpoints."""

import hashlib
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import datasets
from tfgan_zoo.files import local
from tfgan_zoo.names import places
from tfgan_zoo.tasks.sampling import interpolate_latents, to_uint8

_GOLDEN_RATIO = (5**0.5 - 1) / 2
_FIRST = 64  # images that tell one generator from another


class ImageSet(NamedTuple):
    """Images that are read or drawn by their numbers.

    Attributes:
        name: Where they come from, for people.
        kind: "data", "model", "saved_model" or "endpoint".
        count: Int, or None for a generator, which has no end.
        num_classes: Int, or None for images without labels.
        read: From int64 numbers `[n]` to uint8 images `[n, H, W, C]` and int32 labels `[n]` or None.
        steps: From numbers and epsilon to two float32 tensors of images in [0, 255]: those at t and at
            t + epsilon on paths between latents; None where latents cannot be given.
        interpolate: From two numbers and n to uint8 images `[n, H, W, C]` on the way; None likewise.
        score: From uint8 images and labels to the discriminator's logits `[n]`; None without one.
        sha256: Of the weights or files behind it, hexadecimal; None where they cannot be seen.
        seed: Int, that of image 0; None for data.
        class_names: Names of the classes by their number, or None where they are not known.
    """

    name: str
    kind: str
    count: int | None
    num_classes: int | None
    read: Callable
    steps: Callable | None = None
    interpolate: Callable | None = None
    score: Callable | None = None
    sha256: str | None = None
    seed: int | None = None
    class_names: tuple | None = None

    def joined(self, class_names):
        """The same set with its labels as numbers of those classes, by name, where both have names.

        Raises:
            ValueError: A class of the set is not among them.
        """
        if not self.class_names or not class_names or self.class_names == tuple(class_names):
            return self
        numbers = np.array(places(self.class_names, tuple(class_names)), np.int32)

        def read(indices):
            images, labels = self.read(indices)
            return images, None if labels is None else numbers[labels]

        names = tuple(class_names)
        return self._replace(read=read, num_classes=len(names), class_names=names)

    def first(self, n):
        """The numbers of the first n images, or of all where they are fewer."""
        return np.arange(n if self.count is None else min(self.count, n))

    def fingerprint(self):
        """SHA-256 of the first 64 images and labels, hexadecimal: equal for a run, its SavedModel and
        the endpoint that serves it."""
        return self.content(self.first(_FIRST))

    def content(self, indices):
        """SHA-256 of these images and labels, hexadecimal."""
        found = hashlib.sha256()
        for rows in np.array_split(indices, -(-len(indices) // _FIRST)):
            images, labels = self.read(rows)
            found.update(digest(images, *(() if labels is None else (labels,))).encode())
        return found.hexdigest()


def metadata(images):
    """Where the images of an `ImageSet` come from, as a result records it."""
    return {
        "name": images.name,
        "kind": images.kind,
        "seed": images.seed,
        "sha256": images.sha256,
        "images_sha256": images.fingerprint(),
    }


def digest(*arrays):
    """SHA-256 of arrays, with their shapes, hexadecimal."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(str((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


# === Data ===


def captions(
    name_or_path: str | os.PathLike, split: str = "train", data_dir: str | os.PathLike | None = None
) -> list[str]:
    """The captions of a folder of images with a names.json, an array of `N` strings; None for other
    data."""
    source = datasets.load(name_or_path, split, 8, data_dir=data_dir, shuffle=False).source
    found = source.fetch(tf.range(source.count, dtype=tf.int64), tf.zeros([2], tf.int64))
    if "texts" not in found:
        return None
    texts = [text.decode() for text in found["texts"].numpy()]
    return np.array(texts, object)  # fixed-width strings would each take the memory of the longest


def from_data(
    name_or_path: str | os.PathLike,
    split: str = "train",
    image_shape: tuple | None = None,
    data_dir: str | os.PathLike | None = None,
) -> ImageSet:
    """A TFDS set, a folder of images or an .npz file; see `tfgan_zoo.datasets.load`.

    Args:
        image_shape: `(height, width, channels)` to bring the images to, as training does; None, for all
            or for the channels, keeps what they have.
    """
    size, channels = (image_shape[:2], image_shape[2]) if image_shape else (None, None)
    source = datasets.load(
        name_or_path, split, size, data_dir=data_dir, shuffle=False, channels=channels
    ).source
    return _of_source(f"{name_or_path}, {split}", source)


def from_arrays(
    images: ArrayLike, labels: ArrayLike | None = None, name: str = "arrays"
) -> ImageSet:
    """Images uint8 `[N, H, W, C]` and ints `[N]`, or None. Other dtypes raise ValueError."""
    if images.dtype != np.uint8:
        raise ValueError(f"Images must be uint8 in [0, 255]. Received: {images.dtype}.")
    return _of_source(name, datasets.array_source(images, labels))


def _of_source(name, source):
    seed = tf.zeros([2], tf.int64)

    def read(indices):
        batch = source.fetch(tf.constant(indices, tf.int64), seed)
        labels = batch.get("labels")
        return to_uint8(batch["images"]), None if labels is None else labels.numpy()

    names = source.class_names
    return ImageSet(name, "data", source.count, source.num_classes, read, class_names=names)


# === Generators ===


def from_model(
    gan: keras.Model, seed: int = 0, name: str | None = None, texts: Sequence[str] | None = None
) -> ImageSet:
    """A `GAN` of Keras: image i is that of `seed + i`, with label i % num_classes.

    `texts`: strings for a model that draws from texts; image i is of text i % len(texts).

    Raises:
        TypeError: A model that draws nothing.
    """
    if not hasattr(gan, "generate_from_seeds"):
        raise TypeError(
            f"from_model is for models that draw from seeds. Received: {type(gan).__name__}. Those that "
            "translate images are scored by evaluate_translation(translator_from_model(model), pairs)."
        )

    def read(indices):
        labels = _labels(indices, gan.num_classes)
        return gan.generate_from_seeds(indices + seed, labels, texts=_texts(indices, texts)), labels

    def steps(indices, epsilon):
        starts, ends = (
            gan.latents_for(indices + offset).numpy()
            for offset in (seed, seed + 2**40)  # other seeds than those of the images
        )
        places = indices * _GOLDEN_RATIO % 1  # evenly over [0, 1), however many there are
        labels = _texts(indices, texts)
        if gan.condition and labels is None:
            labels = gan.condition.defaults(indices)
        return tuple(
            (gan(interpolate_latents(starts, ends, at, gan.latent_distribution), labels) + 1)
            * 127.5
            for at in (places, places + epsilon)
        )

    def interpolate(start, end, n):
        return gan.interpolate(start + seed, end + seed, n)

    def score(images, labels):
        labels = None if gan.num_classes is None else tf.constant(labels)
        outputs = gan.served_scores(datasets.to_floats(images), labels)
        return np.ravel(outputs["logits"])

    named = {"steps": steps, "interpolate": interpolate}
    if gan.condition is None or gan.num_classes:  # real images come without texts
        named["score"] = score
    named |= {"sha256": digest(*gan.ema_generator.get_weights()), "seed": seed}
    named["class_names"] = gan.class_names
    return ImageSet(name or gan.name, "model", None, gan.num_classes, read, **named)


def from_saved_model(
    folder: str | os.PathLike,
    num_classes: int | None = None,
    seed: int = 0,
    name: str | None = None,
    texts: Sequence[str] | None = None,
    trust_model: bool = False,
) -> ImageSet:
    """An exported version folder, as a server would run it; `texts` as for `from_model`.

    `trust_model`: whether to run a graph that could reach files, the network or Python; else it raises
    `tfgan_zoo.trust.UntrustedModelError`.
    """
    from tfgan_zoo.serving.servable import Servable

    servable, folder = Servable(folder, trust_model=trust_model), local(folder)

    def read(indices):
        labels = _labels(indices, num_classes)
        files = servable.png_files(indices + seed, labels, _texts(indices, texts))
        return np.stack([tf.io.decode_png(file).numpy() for file in files]), labels

    score = _scorer(lambda inputs: servable.run("score", inputs, ("logits",)), num_classes)
    named = {
        "score": score if texts is None else None,
        "sha256": export_digest(folder),
        "seed": seed,
    }
    return ImageSet(name or str(folder), "saved_model", None, num_classes, read, **named)


def export_digest(folder):
    """SHA-256 of the graph and the variables of an exported version folder, hexadecimal."""
    folder = pathlib.Path(folder)
    parts = [folder / "saved_model.pb", *sorted((folder / "variables").iterdir())]
    return digest(*(np.fromfile(part, np.uint8) for part in parts))


def from_client(
    client: Any,
    name: str,
    num_classes: int | None = None,
    seed: int = 0,
    texts: Sequence[str] | None = None,
) -> ImageSet:
    """A served model, through a `tfgan_zoo.serving.Client`; `texts` as for `from_model`."""

    def read(indices):
        labels = _labels(indices, num_classes)
        asked = {"labels": labels, "texts": _texts(indices, texts)}
        return client.generate(seed=indices + seed, **asked), labels

    def run(inputs):
        taken = client.metadata()["score"]["inputs"]  # not every discriminator takes labels
        return client.predict("score", {key: inputs[key] for key in inputs if key in taken})

    score = _scorer(run, num_classes)
    score = score if texts is None else None
    return ImageSet(name, "endpoint", None, num_classes, read, score=score, seed=seed)


def _scorer(run, num_classes):
    """`ImageSet.score` through that signature."""

    def score(images, labels):
        inputs = {"images": datasets.to_floats(images).numpy()}
        inputs |= {} if num_classes is None else {"label": labels}
        return np.ravel(run(inputs)["logits"])

    return score


def _texts(indices, texts):
    return None if texts is None else np.asarray(texts, object)[indices % len(texts)]


def _labels(indices, num_classes):
    return None if num_classes is None else (indices % num_classes).astype(np.int32)
