"""What tells one set of images from another, so that a run goes on with those it was begun with."""

import base64
import hashlib

import numpy as np
import tensorflow as tf

_MOST = 256  # images that are looked at
_VALUES = 2**24  # and, of large images, the pixels and channels that are read for them
_LEVELS = 2  # of 255 by which the same image may differ when other kernels have read it
_AT_ONCE = 16
_VALUES_AT_ONCE = 2**20  # where all images are read


def fingerprint(source, whole=False):
    """A dictionary of JSON values: number, shape and classes, and the look of images at fixed places.

    Where the images lie is no part of it. Of up to 256 images, evenly spread, the means of 4x4 tiles are
    kept, of targets too, and a digest of their labels or captions: a replaced set is noticed, one
    replaced image of many may not be, unless the `whole` set is looked at.
    """
    tiles, digest = [], hashlib.sha256()
    places = np.arange(source.count) if whole else _places(source)
    at_once = max(_AT_ONCE, _VALUES_AT_ONCE // _values(source)) if whole else _AT_ONCE
    for start in range(0, len(places), at_once):
        indices = tf.constant(places[start : start + at_once], tf.int64)
        batch = source.fetch(indices, tf.zeros([2], tf.int64))
        pictures = {name: value for name, value in batch.items() if value.shape.rank == 4}
        tiles += [_tiles(pictures[name]) for name in sorted(pictures)]
        for name in sorted(batch.keys() - pictures.keys()):
            digest.update(repr(batch[name].numpy().tolist()).encode())
    return {
        "images": int(source.count),
        "shape": [int(edge) for edge in source.image_shape],
        "classes": None if source.num_classes is None else int(source.num_classes),
        "tiles": base64.b64encode(np.concatenate(tiles).tobytes()).decode(),
        "labels": digest.hexdigest(),
    }


def differences(then, now):
    """Sentences on what differs between two fingerprints, of which either may be None: not known."""
    if not then or not now:
        return []
    plain = ("images", "shape", "classes")
    found = [f"{k}: then {then[k]}, now {now[k]}" for k in plain if then[k] != now[k]]
    if found:
        return found
    ours, theirs = (
        np.frombuffer(base64.b64decode(x["tiles"]), np.uint8).reshape(-1, 16) for x in (now, then)
    )
    other = int((np.abs(ours.astype(int) - theirs) > _LEVELS).any(axis=1).sum())
    if other:
        return [f"{other} of {len(ours)} images that were compared are others"]
    return [] if then["labels"] == now["labels"] else ["the labels or captions are others"]


def refuse_other(then, now, place):
    """Raises ValueError where the checkpoints in `place` are of a run on other data."""
    found = differences(then, now)
    if found:
        raise ValueError(
            f"The checkpoint in {place} is of a run on other data: {'; '.join(found)}. Give the data "
            "that the run was begun with, wherever they lie now, or train in a new folder."
        )


def _values(source):
    return int(np.prod([int(edge) for edge in source.image_shape]))


def _places(source):
    count = min(source.count, max(8, min(_MOST, _VALUES // _values(source))))
    return np.linspace(0, source.count - 1, count).astype(np.int64)


def _tiles(images):
    """Means of 4x4 tiles, uint8 `[N, 16]`."""
    means = tf.image.resize(tf.reduce_mean(images, axis=-1, keepdims=True), [4, 4], method="area")
    return np.round((means.numpy().reshape(-1, 16) + 1) * 127.5).clip(0, 255).astype(np.uint8)
