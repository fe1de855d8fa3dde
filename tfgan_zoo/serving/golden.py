"""Golden outputs: the images that an exported generator drew when it was written, and their check."""

import hashlib
import json
import pathlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.servable import DEFAULT_SIGNATURE, Servable

FILE = pathlib.Path("assets.extra") / "golden.json"
IMAGES = pathlib.Path("assets.extra") / "golden"
_TOLERANCE = 1  # levels of 255: kernels of another machine may round another way


class VerificationError(RuntimeError):
    """What is served or stored is not what was exported."""


class Golden(NamedTuple):
    """What an export recorded.

    Attributes:
        seeds: Ints `[n]`.
        labels: Ints `[n]`, or None.
        sha256: Of the pixels of each image, hexadecimal.
        images: uint8 `[n, H, W, C]`.
        files: `{path within the version folder: sha256}` of graph and weights.
        texts: Strings `[n]`, or None.
    """

    seeds: list
    labels: list | None
    sha256: list
    images: np.ndarray
    files: dict
    texts: list | None = None


def write(path, seeds, labels=None, texts=None):
    """Records what an exported version draws now, in its `assets.extra/`.

    Args:
        path: The version's folder, with a signature from seeds to PNG files.
        seeds: Ints `[n]`.
        labels: Ints `[n]` for a model with labels, else None.
        texts: Strings `[n]` for a model that draws from texts, else None.
    """
    images, extra = _drawn(path, seeds, labels, texts), path / FILE.parent
    (path / IMAGES).mkdir()
    for seed, image in zip(seeds, images, strict=True):
        (path / IMAGES / f"seed_{seed}.png").write_bytes(image)
    files = (
        file for file in sorted(path.rglob("*")) if file.is_file() and extra not in file.parents
    )
    record = {
        "seeds": seeds,
        "labels": labels,
        **({} if texts is None else {"texts": texts}),
        "sha256": [pixels_sha256(image) for image in _decoded(images)],
        "files": {str(file.relative_to(path)): _digest(file) for file in files},
    }
    (path / FILE).write_text(json.dumps(record, indent=2) + "\n")


def read(path):
    """The golden outputs of a version folder.

    Raises:
        FileNotFoundError: The folder has none.
    """
    path = pathlib.Path(path)
    if not (path / FILE).is_file():
        raise FileNotFoundError(
            f"{path} holds no golden outputs ({FILE}). Give the folder of an exported version, such as "
            "saved_models/NAME/1."
        )
    record = json.loads((path / FILE).read_text())
    images = [(path / IMAGES / f"seed_{seed}.png").read_bytes() for seed in record["seeds"]]
    columns = {name: record.get(name) for name in ("seeds", "labels", "sha256", "files", "texts")}
    return Golden(images=_decoded(images), **columns)


def verify(path):
    """Checks an exported version folder: its files, and what its generator draws now.

    Returns:
        A sentence that tells how equal the images are.

    Raises:
        FileNotFoundError: No golden outputs.
        VerificationError: A file has changed, or the images differ by more than rounding.
    """
    path, golden = pathlib.Path(path), read(path)
    changed = [name for name, digest in golden.files.items() if _digest(path / name) != digest]
    if changed:
        raise VerificationError(f"{path}: {', '.join(changed)} changed after the export.")
    return compare(golden, _decoded(_drawn(path, golden.seeds, golden.labels, golden.texts)))


def compare(golden, images):
    """Holds uint8 images `[n, H, W, C]` of the golden seeds against the golden ones; see `verify`."""
    count = len(golden.seeds)
    if [pixels_sha256(image) for image in images] == golden.sha256:
        return f"{count} images, identical"
    if images.shape != golden.images.shape:
        raise VerificationError(
            f"Images have shape {images.shape[1:]}; the exported ones {golden.images.shape[1:]}."
        )
    differences = np.abs(images.astype(int) - golden.images).reshape(count, -1)
    largest = differences.max(axis=1)
    if largest.max() > _TOLERANCE:
        worst = int(largest.argmax())
        raise VerificationError(
            f"{int((largest > _TOLERANCE).sum())} of {count} images differ from the exported ones; seed "
            f"{golden.seeds[worst]} by up to {largest[worst]} of 255 levels, {_TOLERANCE} is allowed."
        )
    share = (differences > 0).mean()
    return f"{count} images, equal to {largest.max()} of 255 levels in {share:.2%} of the values"


def pixels_sha256(image):
    """SHA-256 of the pixels of one uint8 image, hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def _drawn(path, seeds, labels, texts):
    """The PNG files that a version draws, bytes."""
    servable = Servable(path)
    try:
        inputs = {"seed": np.asarray(seeds, np.int64)}
        if labels is not None:
            inputs["label"] = np.asarray(labels, np.int32)
        if texts is not None:
            inputs["text"] = np.asarray([text.encode() for text in texts], object)
        inputs = servable.with_truncation(inputs)
        return servable.run(DEFAULT_SIGNATURE, inputs, ("image_bytes",))["image_bytes"]
    finally:
        servable.close()


def _decoded(images):
    return np.stack([tf.io.decode_png(image).numpy() for image in images])


def _digest(path):
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
