"""The images of a source that score highest, for a curriculum."""

import math

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import numbers
from tfgan_zoo.datasets.balanced import labels_of
from tfgan_zoo.datasets.stream import Source


def ranked(source: Source, scores: ArrayLike, share: float = 1.0, by_class: bool = False) -> Source:
    """The share of a source's images whose scores are the highest.

    Train on growing shares, one `fit` after the other, for a curriculum (Bengio et al., "Curriculum
    Learning", 2009): with a classifier's confidence as scores the easy images come first, with its
    negative the hard ones. Where two scores are equal, the earlier image is in. The order of training
    is drawn as for any other source.

    Example:
        for share in (0.25, 0.5, 0.75, 1.0):
            gan.fit(datasets.ranked(source, confidence, share), batch_size=64, steps_per_epoch=500)

    Args:
        source: `Source`.
        scores: Finite numbers `[source.count]`.
        share: Float in (0, 1]. What is left, rounded up to whole images.
        by_class: Whether it is the share of each class; else rare or hard classes may be left out.

    Returns:
        `Source` with a smaller `count`, and the same image shape and classes.

    Raises:
        ValueError: Scores that are not one finite number for each image, a share out of range, or
            `by_class` of a source without labels.
    """
    scores = _checked(scores, source.count)
    if not (numbers.is_number(share) and 0 < share <= 1):
        raise ValueError(f"share must lie in (0, 1]. Received: {share!r}.")
    if by_class and source.num_classes is None:
        raise ValueError("The source has no labels, so there is no share of each class.")
    classes = labels_of(source) if by_class else np.zeros(source.count, np.int32)
    order = np.argsort(-scores, kind="stable")
    parts = (order[classes[order] == k] for k in np.unique(classes))
    kept = [part[: math.ceil(share * len(part))] for part in parts]
    rows = tf.constant(np.sort(np.concatenate(kept)))

    def fetch(indices, seed):
        return source.fetch(tf.gather(rows, indices), seed)

    return source._replace(count=len(rows), fetch=fetch)


def _checked(scores, count):
    scores = np.asarray(scores, np.float64)
    if scores.shape != (count,) or not np.isfinite(scores).all():
        what = "NaN or infinity among them" if scores.shape == (count,) else f"shape {scores.shape}"
        raise ValueError(f"scores must be {count} finite numbers, one an image. Received: {what}.")
    return scores
