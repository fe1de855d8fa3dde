"""Kernel distance: the squared maximum mean discrepancy under a polynomial kernel, unbiased.

Reference: Bińkowski et al., "Demystifying MMD GANs", 2018 (section 4).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics import checks


def kernel_distance(
    real: ArrayLike,
    generated: ArrayLike,
    subsets: int = 100,
    subset_size: int = 1000,
    degree: int = 3,
    seed: int = 0,
) -> tuple[float, float]:
    """The mean over subsets, and its spread.

    Args:
        real, generated: Features `[N, D]`.
        subsets: Int. How many pairs of subsets are drawn, each without repeats.
        subset_size: Int. Rows of a subset; at most those of the smaller set.
        degree: Int. The kernel is (x·y / D + 1)**degree.
        seed: Int. Of the draws.

    Returns:
        `(mean, standard deviation)` over the subsets, floats. The mean may be negative: its expectation
        is 0 for equal distributions.

    Raises:
        ValueError: Fewer than two rows in a set or a subset, no subset, NaN, or numbers of features that
            differ.
    """
    real, generated = checks.pair(real, generated, least=2)
    if subsets < 1 or subset_size < 2:
        raise ValueError(
            "A kernel distance needs one subset or more, of 2 rows or more. Received: "
            f"subsets={subsets}, subset_size={subset_size}."
        )
    size, rng = min(subset_size, len(real), len(generated)), np.random.default_rng(seed)
    values = [
        _mmd(*(rng.choice(x, size, replace=False) for x in (real, generated)), degree)
        for _ in range(subsets)
    ]
    return float(np.mean(values)), float(np.std(values))


def _mmd(x, y, degree):
    def kernel(a, b):
        return math.prod([a @ b.T / a.shape[1] + 1] * degree)  # a power takes seven times as long

    within = (_off_diagonal_mean(kernel(z, z)) for z in (x, y))
    return sum(within) - 2 * kernel(x, y).mean()


def _off_diagonal_mean(matrix):
    n = len(matrix)
    return (matrix.sum() - np.trace(matrix)) / (n * (n - 1))
