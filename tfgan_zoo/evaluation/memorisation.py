"""Whether a generator repeats its training images, and whether its discriminator knows them.

References: Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models", 2020;
Hayes et al., "LOGAN: Membership Inference Attacks Against Generative Models", 2019.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics.intervals import share_interval
from tfgan_zoo.metrics.manifold import distances

_NEAR = 0.01  # the share of held-out images that count as near to a training image
_FLAGGED = 0.05  # the share of generated images from which a generator is flagged


class Memorisation(NamedTuple):
    """Distances of images to the nearest training image, in an extractor's features.

    Attributes:
        generated: float64 `[N]`, of generated images.
        held_out: float64 `[M]`, of real images that were not trained on.
        neighbours: int64 `[N]`: which training image is the nearest to each generated one.
        near_share: The share of generated images that are nearer than all but 1 % of the held-out ones;
            about 0.01 for a generator that does not copy.
        interval: `[low, high]`, 95 %, of that share.
        z: Standard score of the Mann-Whitney test: far below 0 where generated images are nearer to
            the training images than held-out ones are (Meehan et al. 2020, without cells).
    """

    generated: np.ndarray
    held_out: np.ndarray
    neighbours: np.ndarray
    near_share: float
    interval: list
    z: float

    @property
    def is_flagged(self):
        """Whether, beyond its interval, more than 5 % of the images are near copies."""
        return self.interval[0] > _FLAGGED

    def __str__(self):
        low, high = self.interval
        verdict = "it repeats training images" if self.is_flagged else "no sign of copying"
        return (
            f"{self.near_share:.1%} of the generated images [{low:.1%}, {high:.1%}] are as near to a "
            f"training image as the nearest {_NEAR:.0%} of held-out images (z = {self.z:.1f}): {verdict}"
        )


def memorisation(generated: ArrayLike, train: ArrayLike, held_out: ArrayLike):
    """Compares distances to the training images; arguments are features `[N, D]` of one extractor.

    Raises:
        ValueError: Fewer than 100 held-out images, of which the nearest 1 % could not be told.
    """
    if len(held_out) < 1 / _NEAR:
        raise ValueError(f"At least 100 held-out images are needed. Received: {len(held_out)}.")
    neighbours, apart = nearest(generated, train)
    _, baseline = nearest(held_out, train)
    near = float((apart < np.quantile(baseline, _NEAR)).mean())
    bounds = share_interval(near, len(apart))
    area = _area(apart, baseline)
    z = (area - 0.5) / _null_error(len(apart), len(baseline))
    return Memorisation(apart, baseline, neighbours, near, bounds, z)


def nearest(points, others):
    """The nearest of the others to each point: numbers int64 `[N]` and distances float64 `[N]`."""
    points, others = np.asarray(points, np.float64), np.asarray(others, np.float64)
    numbers = np.concatenate([block.argmin(axis=1) for block in distances(points, others)])
    return numbers, np.linalg.norm(points - others[numbers], axis=1)


class Membership(NamedTuple):
    """How well the discriminator's logits tell training images from held-out ones.

    Attributes:
        area: Area under the ROC curve: 0.5 where they tell nothing, 1 where they tell all.
        interval: `[low, high]`, 95 %.
    """

    area: float
    interval: list

    def __str__(self):
        low, high = self.interval
        return f"membership inference by the discriminator: area {self.area:.3f} [{low:.3f}, {high:.3f}]"


def membership(train_logits: ArrayLike, held_out_logits: ArrayLike):
    """Membership inference by the discriminator, from its logits of both sets, floats `[N]` and `[M]`.

    Reference for the interval: Hanley and McNeil, "The Meaning and Use of the Area under a ROC Curve",
    1982.
    """
    train, held_out = np.ravel(train_logits), np.ravel(held_out_logits)
    area = _area(train, held_out)
    n, m = len(train), len(held_out)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (n - 1) * (first - area**2) + (m - 1) * (second - area**2)
    reach = 1.96 * math.sqrt(max(variance, 0.0) / (n * m))
    return Membership(area, [max(0.0, area - reach), min(1.0, area + reach)])


def _area(first, second):
    """The probability that one of `first` is above one of `second`, ties counting half."""
    second = np.sort(second)
    below = np.searchsorted(second, first, "left") + np.searchsorted(second, first, "right")
    return float(below.mean() / (2 * len(second)))


def _null_error(n, m):
    return math.sqrt((n + m + 1) / (12 * n * m))
