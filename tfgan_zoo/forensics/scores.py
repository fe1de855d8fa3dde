"""How well a detector tells generated images from real ones: ranks, rates, probabilities that hold."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics.intervals import share_interval


def auc(real: ArrayLike, generated: ArrayLike) -> float:
    """The area under the ROC curve: the share of pairs in which the generated image has the larger
    score, ties counted as a half.

    Args:
        real, generated: Floats `[N]` and `[M]`, larger where an image looks generated.
    """
    real = np.sort(_scores("real", real))
    generated = _scores("generated", generated)
    below = np.searchsorted(real, generated, "left") + np.searchsorted(real, generated, "right")
    return float(below.mean() / (2 * len(real)))


def threshold_at(real: ArrayLike, rate: float = 0.01) -> float:
    """The least score above which at most a share of `rate` of real images lies.

    Args:
        real: Floats `[N]`, at least 1 / rate of them.

    Raises:
        ValueError: Fewer, of which no share is that small.
    """
    real = np.sort(_scores("real", real))
    allowed = int(rate * len(real) + 1e-9)
    if not allowed:
        raise ValueError(
            f"{rate:.2%} false positives need {int(np.ceil(1 / rate))} real images or more. Received: "
            f"{len(real)}."
        )
    return float(real[len(real) - 1 - allowed])


class Rate(NamedTuple):
    """A share of `count` images and its 95 % interval (Wilson's)."""

    share: float
    interval: list
    count: int


def rate_above(scores: ArrayLike, threshold: float) -> Rate:
    """The `Rate` of scores, floats `[N]`, above a threshold: of real images false positives, of
    generated ones those that are found."""
    scores = _scores("scores", scores)
    share = float((scores > threshold).mean())
    return Rate(share, share_interval(share, len(scores)), len(scores))


class Bin(NamedTuple):
    """Images whose probability lies in [low, high): how many, weighted; the mean probability; and which
    share of them is generated."""

    low: float
    high: float
    weight: float
    probability: float
    share: float


def reliability(probabilities: ArrayLike, is_generated: ArrayLike, bins: int = 15) -> list[Bin]:
    """Bins of equal width over [0, 1], those without images left out.

    Real and generated images count as if there were as many of each, which is the prior of 0.5 that a
    detector's probabilities are for.

    Args:
        probabilities: Floats `[N]` in [0, 1], of being generated.
        is_generated: Bools or ints `[N]`, both kinds among them.

    Returns:
        A list of `Bin`, whose weights sum to 1.

    Reference: Guo et al., "On Calibration of Modern Neural Networks", 2017, section 2.
    """
    probabilities = _scores("probabilities", probabilities)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise ValueError("probabilities must lie in [0, 1]. Of logits take the sigmoid first.")
    is_generated = np.asarray(is_generated).astype(bool)
    weights = balanced(is_generated)
    places = np.minimum((probabilities * bins).astype(int), bins - 1)
    found = []
    for place in np.unique(places):
        rows = places == place
        weight = weights[rows].sum()
        mean, share = (
            float((weights[rows] * values[rows]).sum() / weight)
            for values in (probabilities, is_generated)
        )
        found.append(Bin(place / bins, (place + 1) / bins, float(weight), mean, share))
    return found


def calibration_error(probabilities: ArrayLike, is_generated: ArrayLike, bins: int = 15) -> float:
    """The expected calibration error: how far, on average, the share of generated images in a bin is
    from their mean probability (Guo et al. 2017, equation 5); arguments as for `reliability`."""
    rows = reliability(probabilities, is_generated, bins)
    return float(sum(row.weight * abs(row.share - row.probability) for row in rows))


def balanced(is_generated):
    """Weights `[N]` that sum to 1, half of it on each kind.

    Raises:
        ValueError: Images of one kind alone.
    """
    is_generated = np.asarray(is_generated).astype(bool)
    count, generated = len(is_generated), int(is_generated.sum())
    if not 0 < generated < count:
        raise ValueError(
            f"Real and generated images are needed. Received: {generated} generated of {count}."
        )
    return np.where(is_generated, 0.5 / generated, 0.5 / (count - generated))


def _scores(name, values):
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise ValueError(
            f"{name} must be finite numbers [N]. Received: shape {values.shape}"
            f"{'' if np.isfinite(values).all() else ', with NaN or infinity'}."
        )
    return values
