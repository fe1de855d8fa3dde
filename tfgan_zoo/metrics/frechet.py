"""Fréchet distance between normal distributions that are fitted to two sets of features.

References: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", 2017 (equation 6); Chong and Forsyth, "Effectively Unbiased FID and Inception Score and
where to find them", 2020.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics import checks

_ROUNDING = 1e-9  # of the trace; what is below zero by less is zero


class Moments:
    """Count, mean and covariance of features that come in batches, none of which is kept.

    Attributes:
        count: Int.
        mean: float64 `[D]`.
    """

    def __init__(self):
        self.count, self.mean, self._scatter, self._root = 0, 0.0, 0.0, None

    def add(self, features):
        """Takes in a batch, floats `[N, D]`. Returns itself.

        Raises:
            ValueError: Another rank, NaN, or another D than before.
        """
        batch = checks.features(features)
        if self.count and batch.shape[1] != len(self.mean):
            raise ValueError(f"Expected {len(self.mean)} features. Received: {batch.shape[1]}.")
        mean = batch.mean(axis=0)
        centred = batch - mean
        return self._merge(len(batch), mean, centred.T @ centred)

    def _merge(self, count, mean, scatter):
        total, delta = self.count + count, mean - self.mean
        # Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance", 1983.
        between = np.outer(delta * (self.count * count / total), delta)
        between += scatter
        self._scatter = np.add(self._scatter, between, out=between)
        self.mean, self.count = self.mean + delta * (count / total), total
        self._root = None
        return self

    def __add__(self, other):
        """The moments of both sets of features together."""
        both = Moments()
        for part in (self, other):
            if part.count:
                both._merge(part.count, part.mean, part._scatter)
        return both

    def arrays(self):
        """`{"count", "mean", "scatter"}`, from which `from_arrays` makes the same moments."""
        return {"count": self.count, "mean": self.mean, "scatter": self._scatter}

    @classmethod
    def from_arrays(cls, count, mean, scatter):
        """See `arrays`."""
        moments = cls()
        moments.count, moments.mean, moments._scatter = int(count), mean, scatter
        return moments

    @property
    def root(self):
        """The symmetric root of the covariance, kept until more features are added."""
        if self._root is None:
            values, vectors = np.linalg.eigh(self.covariance)
            self._root = (vectors * np.sqrt(_without_rounding(values))) @ vectors.T
        return self._root

    @property
    def covariance(self):
        """The unbiased covariance, float64 `[D, D]`.

        Raises:
            ValueError: Fewer than two rows.
        """
        if self.count < 2:
            raise ValueError(f"A covariance needs 2 rows or more. Received: {self.count}.")
        return self._scatter / (self.count - 1)


def frechet_distance(real: Moments | ArrayLike, generated: Moments | ArrayLike) -> float:
    """|m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½), a float, 0 for equal moments.

    Covariances may be singular, as they are where there are fewer rows than features: the root is
    taken of a symmetric matrix with the same eigenvalues as S1 S2, so nothing is inverted or added.

    Args:
        real, generated: `Moments`, or features `[N, D]`.

    Raises:
        ValueError: Fewer than two rows, NaN, or numbers of features that differ.
    """
    is_small = all(isinstance(x, np.ndarray) and len(x) < x.shape[-1] for x in (real, generated))
    rows = (real, generated) if is_small else None
    real, generated = _moments(real), _moments(generated)
    if len(real.mean) != len(generated.mean):
        raise ValueError(
            "Both sets must come from the same extractor. Received: "
            f"{len(real.mean)} real features and {len(generated.mean)} generated ones."
        )
    cross = _cross_of_few(*rows) if rows else _cross(real, generated)
    traces = np.trace(real.covariance) + np.trace(generated.covariance)
    distance = np.sum((real.mean - generated.mean) ** 2) + traces - 2 * cross
    return float(distance) if distance > _ROUNDING * traces else 0.0


def _cross(real, generated):
    """tr((S1 S2)^½)"""
    product = real.root @ generated.covariance @ real.root
    return np.sqrt(_without_rounding(np.linalg.eigvalsh(product))).sum()


def _cross_of_few(real, generated):
    """The same of fewer rows than features: with S = AᵀA, the sum of the singular values of A1 A2ᵀ."""
    first, second = (
        (x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)) / np.sqrt(len(x) - 1)
        for x in (real, generated)
    )
    return np.linalg.svd(first @ second.T, compute_uv=False).sum()


def frechet_distance_infinity(
    real: Moments | ArrayLike, parts: Sequence[Moments | ArrayLike]
) -> float:
    """The distance extrapolated to infinitely many generated images, a float.

    The distance of N images is too large by about c / N. It is measured on the first part, the first
    two, and so on to all of them, and the line in 1 / N is followed to 0. Unions of fewer rows than
    five times the number of features are left out if two larger ones remain: there the line bends.

    Args:
        real: `Moments`, or features `[N, D]`.
        parts: List of `Moments`, or of features `[n, D]`: the generated images in three parts or more.

    Raises:
        ValueError: Fewer than three parts, or what `frechet_distance` raises.
    """
    real, parts = _moments(real), [_moments(part) for part in parts]
    if len(parts) < 3:
        raise ValueError(f"A line needs 3 parts of the images or more. Received: {len(parts)}.")
    unions = list(itertools.accumulate(parts))
    enough = [union for union in unions if union.count >= 5 * len(union.mean)]
    unions = enough if len(enough) > 2 else unions[-3:]
    distances = [frechet_distance(real, union) for union in unions]
    return float(np.polyfit([1 / union.count for union in unions], distances, 1)[1])


def _moments(values):
    return values if isinstance(values, Moments) else Moments().add(values)


def _without_rounding(eigenvalues):
    """Eigenvalues that are rounding errors become 0; their roots would be far larger."""
    least = len(eigenvalues) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
    return np.where(eigenvalues > least, eigenvalues, 0.0)
