"""Fréchet distance between normal distributions that are fitted to two sets of features.

References: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", 2017 (equation 6); Chong and Forsyth, "Effectively Unbiased FID and Inception Score and
where to find them", 2020.
"""

import numpy as np

from tfgan_zoo.metrics import checks

_ROUNDING = 1e-9  # of the trace; what is below zero by less is zero


class Moments:
    """Count, mean and covariance of features that come in batches, none of which is kept.

    Attributes:
        count: Int.
        mean: float64 `[D]`.
    """

    def __init__(self):
        self.count, self.mean, self._scatter = 0, 0.0, 0.0

    def add(self, features):
        """Takes in a batch, floats `[N, D]`. Returns itself.

        Raises:
            ValueError: Another rank, NaN, or another D than before.
        """
        batch = checks.features(features)
        if self.count and batch.shape[1] != len(self.mean):
            raise ValueError(f"Expected {len(self.mean)} features. Received: {batch.shape[1]}.")
        mean, total = batch.mean(axis=0), self.count + len(batch)
        delta, centred = mean - self.mean, batch - mean
        # Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.
        between = np.outer(delta, delta) * (self.count * len(batch) / total)
        self._scatter = self._scatter + centred.T @ centred + between
        self.mean, self.count = self.mean + delta * (len(batch) / total), total
        return self

    @property
    def covariance(self):
        """The unbiased covariance, float64 `[D, D]`.

        Raises:
            ValueError: Fewer than two rows.
        """
        if self.count < 2:
            raise ValueError(f"A covariance needs 2 rows or more. Received: {self.count}.")
        return self._scatter / (self.count - 1)


def frechet_distance(real, generated):
    """|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½), a float, 0 for equal moments.

    Covariances may be singular, as they are where there are fewer rows than features: the root is
    taken of a symmetric matrix with the same eigenvalues as S1 S2, so nothing is inverted or added.

    Args:
        real, generated: `Moments`, or features `[N, D]`.

    Raises:
        ValueError: Fewer than two rows, NaN, or numbers of features that differ.
    """
    real, generated = _moments(real), _moments(generated)
    first, second = real.covariance, generated.covariance
    if first.shape != second.shape:
        raise ValueError(
            "Both sets must come from the same extractor. Received: "
            f"{len(first)} real features and {len(second)} generated ones."
        )
    root = _root(first)
    cross = np.sqrt(_without_rounding(np.linalg.eigvalsh(root @ second @ root))).sum()
    traces = np.trace(first) + np.trace(second)
    distance = np.sum((real.mean - generated.mean) ** 2) + traces - 2 * cross
    return float(distance) if distance > _ROUNDING * traces else 0.0


def frechet_distance_infinity(real, generated, points=15, least=None, seed=0):
    """The distance extrapolated to infinitely many generated images, a float.

    The distance of N images is too large by about c / N. It is measured on `points` subsets between
    `least` and all rows, and the line in 1 / N is followed to 0.

    Args:
        real: `Moments`, or features `[N, D]`.
        generated: Features `[N, D]`.
        points: Int. Sizes to measure at.
        least: Int. The smallest; by default a tenth of the rows, and if there are enough 5 D, below
            which the line bends.
        seed: Int. Of the order of the rows.
    """
    real, generated = _moments(real), checks.features(generated, "generated features", 20)
    rows, size = generated.shape
    least = max(2, rows // 10, min(rows // 2, 5 * size)) if least is None else least
    sizes = np.unique(np.linspace(least, rows, points).astype(int))
    rng = np.random.default_rng(seed)
    distances = [
        frechet_distance(real, rng.permutation(generated)[:size]) for size in sizes.tolist()
    ]
    return float(np.polyfit(1 / sizes, distances, 1)[1])


def _moments(values):
    return values if isinstance(values, Moments) else Moments().add(values)


def _root(covariance):
    """The symmetric root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(_without_rounding(values))) @ vectors.T


def _without_rounding(eigenvalues):
    """Eigenvalues that are rounding errors become 0; their roots would be far larger."""
    least = len(eigenvalues) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
    return np.where(eigenvalues > least, eigenvalues, 0.0)
