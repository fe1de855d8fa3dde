"""A folder of image files, read in any order."""

import json
import re
import warnings
from pathlib import Path

import tensorflow as tf

from tfgan_zoo.datasets.images import decode
from tfgan_zoo.datasets.stream import Source

CAPTIONS = "names.json"
_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")


def image_files(folder, split):
    """The paths of the images under a folder, sorted, and the label of each, or None.

    Raises:
        ValueError: No such split, no images, or images both beside subfolders and in them.
    """
    folder = _of_split(folder, split)
    paths = [p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and p.name[0] != "."]
    names = sorted(p.relative_to(folder).as_posix() for p in paths)
    if not names:
        raise ValueError(f"{folder} has no images: no files ending in {', '.join(_SUFFIXES)}.")
    return [str(folder / name) for name in names], _labels(folder, names)


def captions(folder, split, paths):
    """The text of each image from `names.json`, `{path within the folder: text}`; None without one.

    Raises:
        ValueError: An image without a text.
    """
    file = _of_split(folder, split) / CAPTIONS
    if not file.is_file():
        return None
    texts = json.loads(file.read_text())
    names = [Path(path).relative_to(file.parent).as_posix() for path in paths]
    bare = [name for name in names if not str(texts.get(name) or "").strip()]
    if bare:
        raise ValueError(
            f"{file} has no text for {len(bare)} of {len(names)} images, such as {bare[0]}. It must be "
            'an object {"file": "text"} with all of them.'
        )
    return [str(texts[name]) for name in names]


def _of_split(folder, split):
    if (folder / split).is_dir():
        return folder / split
    if split != "train":
        raise ValueError(f"{folder} has no subfolder {split!r}, so it has no such split.")
    return folder


def _labels(folder, names):
    deep = [name for name in names if "/" in name]
    if not deep:
        return None
    if len(deep) < len(names):
        beside = next(name for name in names if "/" not in name)
        raise ValueError(
            f"{folder} has images both in subfolders, which would be their labels ({deep[0]}), and "
            f"beside them ({beside}). Move the one or the other elsewhere."
        )
    classes = sorted({name.split("/")[0] for name in names})
    return [classes.index(name.split("/")[0]) for name in names]


def file_source(paths, labels, size, channels):
    """A source over image files, of uint8 pixels. `size` None takes that of the first file."""
    shape = (*(size or _first_size(paths)), channels)
    with tf.device("CPU:0"):
        files = {"paths": tf.constant(paths)}
        if labels is not None:
            files["labels"] = tf.constant(labels, tf.int32)

    def fetch(indices, seed):
        del seed
        batch = {name: tf.gather(column, indices) for name, column in files.items()}
        pixels = tf.TensorSpec(shape, tf.uint8)
        images = tf.map_fn(
            lambda path: _read(path, size, shape), batch.pop("paths"), fn_output_signature=pixels
        )
        return batch | {"images": images}

    return Source(len(paths), fetch, shape, max(labels) + 1 if labels else None)


def _read(path, size, shape):
    return tf.ensure_shape(decode(tf.io.read_file(path), size, shape[-1]), shape)


def _first_size(paths):
    for path in paths:
        try:
            return tuple(decode(tf.io.read_file(path), None, 3).shape[:2])
        except tf.errors.OpError:
            continue
    raise ValueError(f"None of the {len(paths)} images can be decoded. The first: {paths[0]}.")


def readable(paths, source, size, skip):
    """The numbers of the files that can be decoded at the shape of the source.

    Raises:
        ValueError: Some cannot, and `skip` is False, or none can. Names up to ten, with the reason.
    """
    reasons = {}
    for number, path in enumerate(paths):
        try:
            _read(path, size, source.image_shape)
        except (tf.errors.OpError, ValueError) as error:
            reasons[number] = f"{path}: {_reason(error)}"
    message = f"{len(reasons)} of {len(paths)} images cannot be used:\n" + "\n".join(
        [*reasons.values()][:10] + ["…"] * (len(reasons) > 10)
    )
    if not skip or len(reasons) == len(paths):
        hint = "" if size else " Where sizes differ, give image_size."
        raise ValueError(f"{message}\nRepair or remove them, or give on_unreadable='skip'.{hint}")
    warnings.warn(f"Skipped: {message}", stacklevel=2)
    return [number for number in range(len(paths)) if number not in reasons]


def _reason(error):
    """What TensorFlow says, without the names of its operations."""
    return re.sub(r"\{\{.*?\}\}|\[Op:.*", "", getattr(error, "message", str(error))).strip()
