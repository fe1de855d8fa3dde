"""Measures by nearest neighbours: whether generated images are like real ones, and real ones are met.

References: Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
2019; Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020.
"""

import numpy as np

from tfgan_zoo.metrics import checks

_BLOCK = 2048  # rows whose distances to all others are held at once


def precision_recall(real, generated, k=3):
    """The share of generated images within the real manifold, and of real ones within the generated.

    A manifold is the union of balls around its points that reach to their k-th neighbour.

    Args:
        real, generated: Features `[N, D]`, more than k of each.
        k: Int.

    Returns:
        `(precision, recall)`, floats in [0, 1].
    """
    real, generated = checks.pair(real, generated, least=k + 1)
    return _share_within(generated, real, k), _share_within(real, generated, k)


def _share_within(points, manifold, k):
    radii = _radii(manifold, k)
    inside = [(block <= radii).any(axis=1) for block in _distances(points, manifold)]
    return float(np.concatenate(inside).mean())


def density_coverage(real, generated, k=5):
    """How often generated images lie in real balls, and the share of real balls that hold one.

    Args:
        real, generated: Features `[N, D]`, more than k of the real ones.
        k: Int.

    Returns:
        `(density, coverage)`: floats, 0 or more, about 1 for equal distributions; and in [0, 1].
    """
    real, generated = checks.pair(real, generated)
    real = checks.features(real, "real features", k + 1)
    radii = _radii(real, k)
    inside, covered = 0, np.zeros(len(real), bool)
    for block in _distances(generated, real):
        hits = block <= radii
        inside += hits.sum()
        covered |= hits.any(axis=0)
    return float(inside / (k * len(generated))), float(covered.mean())


def _radii(points, k):
    """The squared distance of each point to its k-th neighbour, itself not counted."""
    return np.concatenate(
        [np.partition(block, k, axis=1)[:, k] for block in _distances(points, points)]
    )


def _distances(points, others):
    """Squared distances of blocks of points to all others, float64 `[block, N]`."""
    squares = (others**2).sum(axis=1)
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        product = (block**2).sum(axis=1)[:, None] + squares - 2 * block @ others.T
        yield np.maximum(product, 0)
