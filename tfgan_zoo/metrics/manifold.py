"""Measures by nearest neighbours: whether generated images are like real ones, and real ones are met.

References: Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
2019; Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics import checks

_BLOCK = 512  # rows whose distances to all others are held at once


def precision(real: ArrayLike, generated: ArrayLike, k: int = 3) -> float:
    """The share of generated images within the real manifold.

    A manifold is the union of balls around its points that reach to their k-th neighbour.

    Args:
        real, generated: Features `[N, D]`, more than k real ones.
        k: Int.

    Returns:
        `(share, error)`: floats; the standard error of a mean over images, the balls being given.
    """
    real, generated = checks.pair(real, generated)
    return _mean(_within(generated, checks.features(real, "real features", k + 1), k))


def recall(real: ArrayLike, generated: ArrayLike, k: int = 3) -> float:
    """The share of real images within the generated manifold; see `precision`."""
    real, generated = checks.pair(real, generated)
    return _mean(_within(real, checks.features(generated, "generated features", k + 1), k))


def _within(points, manifold, k):
    radii = _radii(manifold, k)
    return np.concatenate([(d <= radii).any(axis=1) for d in distances(points, manifold)])


def density(real: ArrayLike, generated: ArrayLike, k: int = 5) -> float:
    """In how many real balls a generated image lies, over k: about 1 for equal distributions.

    Arguments and results as those of `precision`; the mean may exceed 1.
    """
    real, generated = checks.pair(real, generated)
    radii = _radii(checks.features(real, "real features", k + 1), k)
    return _mean(np.concatenate([(d <= radii).sum(axis=1) for d in distances(generated, real)]) / k)


def coverage(real: ArrayLike, generated: ArrayLike, k: int = 5) -> float:
    """The share of real balls in which a generated image lies; see `precision`."""
    real, generated = checks.pair(real, generated)
    radii = _radii(checks.features(real, "real features", k + 1), k)
    met = np.zeros(len(real), bool)
    for block in distances(generated, real):
        met |= (block <= radii).any(axis=0)
    return _mean(met)


def _mean(values):
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def _radii(points, k):
    """The squared distance of each point to its k-th neighbour, itself not counted."""
    return np.concatenate(
        [np.partition(block, k, axis=1)[:, k] for block in distances(points, points)]
    )


def distances(points, others):
    """Squared distances of blocks of points to all others, float64 `[block, N]`."""
    squares = (others**2).sum(axis=1)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        product = (block**2).sum(axis=1)[:, None] + squares - 2 * block @ others.T
        yield np.maximum(product, 0)
