"""Images of rare classes more often."""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import numbers
from tfgan_zoo.datasets.stream import Source

_BLOCK = 4096  # labels that are read at once
_MOST = 2**30  # images of a source, repeats counted


def balanced(source: Source, target: ArrayLike | None = None) -> Source:
    """The source with its classes in the shares that are wanted: rare images are there several times.

    No image is left out, but those of classes whose share is 0. The class that is the most frequent for
    its share is there once; each image of another class as often as its share asks for, some once more
    than others. `fit` and `stream` shuffle the images of this source as those of any other. An image
    that comes ten times is learned by heart sooner: augment (`DiffAugment`, `ADA`), and look at the
    report's nearest neighbours. A model with `privacy` refuses images that come several times.

    Args:
        source: `Source` with labels.
        target: K shares, numbers of 0 or more; only their ratios count. Equal ones by default.

    Returns:
        `Source` with a larger `count`, and the same image shape and classes.

    Raises:
        ValueError: A source without labels, shares that are not one for each class or are negative or
            all 0, or a share above 0 of a class without images.
    """
    if source.num_classes is None:
        raise ValueError("The source has no labels: its classes cannot be balanced.")
    labels = labels_of(source)
    places = _rows(labels, _checked(target, source.num_classes, labels))
    rows, most = tf.constant(places), int(np.bincount(places).max())

    def fetch(indices, seed):
        return source.fetch(tf.gather(rows, indices), seed)

    return source._replace(count=len(rows), fetch=fetch, repeats=most * source.repeats)


def labels_of(source: Source) -> np.ndarray:
    """The labels of all images of a source, int32 `[count]`; they are read with the images."""
    seed = tf.zeros([2], tf.int64)
    read = tf.function(lambda rows: source.fetch(rows, seed)["labels"], autograph=False)
    blocks = np.array_split(np.arange(source.count), -(-source.count // _BLOCK))
    return np.concatenate([read(tf.constant(block)).numpy() for block in blocks])


def _checked(target, classes, labels):
    shares = np.ones(classes) if target is None else numbers.shares("target", target, classes)
    absent = np.flatnonzero((np.bincount(labels, minlength=classes) == 0) & (shares > 0))
    if len(absent):
        raise ValueError(
            f"There are no images of the classes {absent.tolist()}, which are asked for."
        )
    return shares


def _rows(labels, shares):
    """Indices of images, int64, each class in its share; the repeats are spread over its images."""
    counts = np.bincount(labels, minlength=len(shares))
    asked = shares > 0
    size = (counts[asked] / shares[asked]).max()  # images for a share of 1
    if size * shares[asked].sum() > _MOST:
        raise ValueError(
            f"Shares of {shares.tolist()} need {size * shares[asked].sum():.3g} images for none to be "
            f"left out; {_MOST:,} at most can be. Make the shares less unlike, or leave images out."
        )
    places = [np.flatnonzero(labels == k) for k in np.flatnonzero(asked)]
    wanted = np.round(shares[asked] * size).astype(int)
    spread = [p[np.arange(n) * len(p) // n] for p, n in zip(places, wanted, strict=True)]
    return np.sort(np.concatenate(spread)).astype(np.int64)
