"""Whether a generator draws classes or attributes as often as they are in its training images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics.intervals import share_interval


class ClassShare(NamedTuple):
    """Of one class, as a classifier sees it; the same classifier looks at both sets, so that its own
    errors are in both.

    Attributes:
        label: Int.
        generated, real: Shares in [0, 1].
        generated_interval, real_interval: `[low, high]`, 95 %.
    """

    label: int
    generated: float
    generated_interval: list
    real: float
    real_interval: list

    @property
    def differs(self):
        """Whether the two intervals do not meet."""
        (low, high), (real_low, real_high) = self.generated_interval, self.real_interval
        return low > real_high or high < real_low


class Bias(NamedTuple):
    """The shares of all classes.

    Attributes:
        classes: List of `ClassShare`.
        total_variation: Half the sum of the absolute differences of the shares, in [0, 1].
    """

    classes: list
    total_variation: float

    def __str__(self):
        differing = [str(row.label) for row in self.classes if row.differs]
        found = f"classes {', '.join(differing)} differ" if differing else "no class differs"
        return f"total variation of the classes {self.total_variation:.3f}: {found}"


def bias(generated_labels: ArrayLike, real_labels: ArrayLike, num_classes: int) -> list:
    """Compares how often a classifier finds each class; arguments are ints `[N]` and `[M]`."""
    shares = [
        np.bincount(x, minlength=num_classes) / len(x) for x in (generated_labels, real_labels)
    ]
    counts = len(generated_labels), len(real_labels)
    classes = [
        ClassShare(
            label,
            float(generated), share_interval(generated, counts[0]),
            float(real), share_interval(real, counts[1]),
        )
        for label, (generated, real) in enumerate(zip(*shares, strict=True))
    ]  # fmt: skip
    return Bias(classes, float(np.abs(shares[0] - shares[1]).sum() / 2))
